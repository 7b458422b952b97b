package run

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/sparsekernel/sparsekernel/internal/durable"
)

// summaryFile is the name of a summary's file.
const summaryFile = "summary.json"

// Summary is the outcome of a run.
type Summary struct {
	Spec
	Backend string `json:"backend"`
	Step    int    `json:"step,omitempty"` // The step that the run is at, if it is not at its end.

	// Sparsity is the exact share of inactive weights at the end, counted from masks, over all weights that may be
	// sparse. It hides the Spec's, which is what was asked for.
	Sparsity        float64 `json:"sparsity"`
	TargetSparsity  float64 `json:"target_sparsity"`
	ExplorationRate float64 `json:"exploration_rate"` // Share of weights active in any topology.
	Layers          []Layer `json:"layers"`

	Loss            float64  `json:"loss"`                     // Moving average of the training loss at the end.
	Accuracy        float64  `json:"accuracy"`                 // On the test examples after the last step, in [0, 1].
	AUC             *float64 `json:"auc,omitempty"`            // There, the area under the ROC curve, of link prediction.
	ValidAccuracy   *float64 `json:"valid_accuracy,omitempty"` // After the last step, on examples that were held out; nil if none were.
	ValidAUC        *float64 `json:"valid_auc,omitempty"`
	DenseAccuracy   *float64 `json:"dense_accuracy,omitempty"` // Of the dense twin, if it was trained.
	FLOPsRatio      float64  `json:"flops_ratio"`              // Training FLOPs relative to dense training, by RigL's formula.
	MaskUpdates     int      `json:"mask_updates"`
	SkippedUpdates  int      `json:"skipped_updates"`         // For gradients that were not finite.
	Seconds         float64  `json:"seconds"`                 // Wall time of this run, set-up and evaluation included.
	SecondsPerStep  float64  `json:"seconds_per_step"`        // Median over the steps since the run last went on.
	DenseSeconds    *float64 `json:"dense_seconds,omitempty"` // Wall time of the dense twin.
	DensePerStep    *float64 `json:"dense_seconds_per_step,omitempty"`
	TrainExamples   int      `json:"train_examples"`
	TestExamples    int      `json:"test_examples"`
	ValidExamples   int      `json:"valid_examples,omitempty"`
	TrainableValues int      `json:"trainable_values"` // Weights, biases and all.
}

// Layer is what became of a sparse layer.
type Layer struct {
	Path     string  `json:"path"`
	Shape    []int   `json:"shape"`
	Size     int     `json:"size"`
	Active   int     `json:"active"`
	Density  float64 `json:"density"`
	Explored float64 `json:"explored"` // Share of weights active in any topology.
	Churn    float64 `json:"churn"`    // Weights that became active during the run, per active weight.
}

// SetDense records the dense twin of the run.
func (s *Summary) SetDense(dense *Summary) {
	s.DenseAccuracy, s.DenseSeconds, s.DensePerStep = &dense.Accuracy, &dense.Seconds, &dense.SecondsPerStep
}

// WriteFile writes the summary to dir/summary.json, making the folder if need be. The file is complete, or as it was.
func (s *Summary) WriteFile(dir string) (path string, err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("making the output folder: %w", err)
	}
	path = filepath.Join(dir, summaryFile)
	return path, durable.WriteFile(path, jsonOf(s))
}

// readSummary returns the summary in the folder dir of a run of spec, nil if there is none.
func readSummary(dir string, spec Spec) (*Summary, error) {
	data, err := os.ReadFile(filepath.Join(dir, summaryFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the summary: %w", err)
	}
	s := &Summary{}
	if err := json.Unmarshal(data, s); err != nil {
		return nil, fmt.Errorf("reading %s: %w", filepath.Join(dir, summaryFile), err)
	}
	s.Spec = spec // In the JSON, the exact sparsity hides its own.
	return s, nil
}
