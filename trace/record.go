package trace

import "encoding/json"

// Header is the first line of a trace.
type Header struct {
	Format  string `json:"format"`  // "sparsekernel-trace".
	Version int    `json:"version"` // See [Version].

	// Meta is what the creator of the trace said about the run, such as its spec. It may be absent.
	Meta json.RawMessage `json:"meta,omitempty"`
}

// Record is a line of a trace after the header: a logged step or a mask update, the other is nil.
type Record struct {
	Step   *Step
	Update *Update

	Line   int   // The line's number in the file; the header's is 1.
	Offset int64 // Of the line's first byte in the file.
}

// Names of the [Step.Scalars] that this project's runs record. A recorder may add its own.
const (
	Loss         = "loss"          // The training loss.
	Accuracy     = "accuracy"      // On the training batch, in [0, 1].
	LearningRate = "learning_rate" // Of the step.
	Density      = "density"       // The share of weights that are active, over all sparse layers, in [0, 1].
)

// Step is what was measured at a logged step.
type Step struct {
	Step    int     `json:"step"`    // The optimizer step, counted from 1.
	Scalars Scalars `json:"scalars"` // By name, such as [Loss]. They may be NaN or infinite.
}

// Update is a mask update: what happened after an optimizer step to each layer's mask.
//
// The first of a trace holds the masks that training began with, and its Round is the number of updates that had been
// applied, usually 0.
type Update struct {
	Step         int     `json:"step"`             // The optimizer step after which it happened.
	Round        int     `json:"round"`            // How many updates were applied so far in the run, this one included.
	DropFraction float64 `json:"drop_fraction"`    // The share of active weights to drop, in [0, 1].
	Params       Scalars `json:"params,omitempty"` // Of the growth score at this step, such as "c" and "epsilon".

	// Skipped says why the masks were left as they were; it is empty if they were not. A skipped update has the Round of
	// the update before, and no Layers.
	Skipped string `json:"skipped,omitempty"`

	Layers []Layer `json:"layers,omitempty"`
}

// Layer returns the layer of the weight with the given path, nil if there is none.
func (u *Update) Layer(path string) *Layer {
	for i := range u.Layers {
		if u.Layers[i].Path == path {
			return &u.Layers[i]
		}
	}
	return nil
}

// Layer is what a mask update did to one layer. The candidates of which the growth score chose are the weights that
// were inactive after the drop, those just dropped included: Size - Active + Grown of them.
type Layer struct {
	Path  string `json:"path"`  // The weight's path in the store.
	Shape []int  `json:"shape"` // The weight's dimensions.
	Size  int    `json:"size"`  // Number of weights.

	Active   int `json:"active"`   // Active weights after the update.
	Dropped  int `json:"dropped"`  // Weights dropped, those regrown at once included.
	Grown    int `json:"grown"`    // Weights grown, those regrown at once included.
	Regrown  int `json:"regrown"`  // Weights dropped and regrown in this same update.
	Explored int `json:"explored"` // Weights active in any topology so far.

	// Mask is the mask after the update. RegrownMask holds the weights that were dropped and regrown at once: which these
	// are cannot be told from masks. It is nil if there are none. [Topology] decodes both.
	Mask        PackedMask  `json:"mask"`
	RegrownMask *PackedMask `json:"regrown_mask,omitempty"`

	Visits *VisitCounts `json:"visits,omitempty"` // After the update, over all weights.

	// Threshold is the lowest growth score that was chosen, Scores the distribution over candidates of the growth score
	// and its parts, Sample some of the candidates. They are nil where the recorder gave no scores or nothing was grown
	// (Threshold), or there was no candidate (Scores, Sample).
	Threshold *Float32 `json:"threshold,omitempty"`
	Scores    *Scores  `json:"scores,omitempty"`
	Sample    *Samples `json:"sample,omitempty"`

	// Histograms of what scores were computed from. Nil where the recorder gave none.
	Weights   *Histograms `json:"weights,omitempty"`
	Gradients *Histograms `json:"gradients,omitempty"`
}

// Candidates is the number of weights that growth chose from.
func (l *Layer) Candidates() int { return l.Size - l.Active + l.Grown }

// Scores holds quantiles over the candidates of a layer, of the growth score and of its two parts. They are those of a
// random sample of at most 512 candidates.
type Scores struct {
	Probabilities Float32s `json:"probabilities"` // Of which the others are quantiles, rising in [0, 1].
	Exploit       Float32s `json:"exploit"`       // |gradient|. Nil if the recorder gave no gradient.
	Explore       Float32s `json:"explore"`       // Score - |gradient|: the exploration bonus in DST-EE. Nil likewise.
	Total         Float32s `json:"total"`         // The growth score.
}

// Samples holds some candidates of a layer, by columns of equal length, in the order of their index: a random choice
// among those that were grown, and one of as many among those that were not.
type Samples struct {
	Index    []int    `json:"index"`    // Flat index in the weight, row-major.
	Gradient Float32s `json:"gradient"` // |gradient|. Nil if the recorder gave no gradient.
	Visits   []int32  `json:"visits"`   // N as the score saw it, before the update was counted.
	Score    Float32s `json:"score"`    // The growth score.
	Grown    []bool   `json:"grown"`    // Whether it was chosen.
}
