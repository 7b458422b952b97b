package interchange

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
)

// Form is how a file holds the sparse weights.
type Form string

const (
	// Sparse has the active weights and their flat indices, and takes as many bytes as the sparsity allows.
	Sparse Form = "sparse"
	// Dense has all weights, with zeros, and their masks: what PyTorch, JAX and numpy load as it is.
	Dense Form = "dense"
)

// descriptionKey is the key of the file's metadata that holds a description as JSON.
const descriptionKey = "sparsekernel"

const formVersion = 1

// maxWeights bounds how many sparse weights a file in sparse form may have, zeros included, so that a small file cannot ask
// for any amount of memory.
const maxWeights = math.MaxInt32

// description is what a file says of itself.
type description struct {
	Version int              `json:"version"`
	Form    Form             `json:"form"`
	Shapes  map[string][]int `json:"shapes,omitempty"` // Of the weights in sparse form, by path.
	Frozen  []string         `json:"frozen,omitempty"` // The variables that are not trained, by path; those of dstee aside.
}

func (d description) metadata() (map[string]string, error) {
	slices.Sort(d.Frozen)
	text, err := json.Marshal(d)
	return map[string]string{descriptionKey: string(text)}, err
}

// describe returns the description in a file's metadata. A file without one is in dense form: other programs drop
// metadata.
func describe(metadata map[string]string) (description, error) {
	text, found := metadata[descriptionKey]
	if !found {
		return description{Form: Dense, Version: formVersion}, nil
	}
	var d description
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		return d, fmt.Errorf("the metadata %q is not the JSON that it should be: %w", descriptionKey, err)
	}
	if d.Version != formVersion {
		return d, fmt.Errorf("the file is of version %d, this program reads version %d", d.Version, formVersion)
	}
	if d.Form != Sparse && d.Form != Dense {
		return d, fmt.Errorf("the file is of form %q, the known ones are %q and %q", d.Form, Sparse, Dense)
	}
	if d.Form == Dense && len(d.Shapes) > 0 {
		return d, fmt.Errorf("the file is of form %q, but has shapes of sparse weights", Dense)
	}
	return d, nil
}
