package interchange

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train/optimizer"

	"github.com/sparsekernel/sparsekernel/dstee"
	"github.com/sparsekernel/sparsekernel/interchange/safetensors"
	"github.com/sparsekernel/sparsekernel/internal/durable"
)

// Options say what [Export] writes. The zero value is the sparse form with visits.
type Options struct {
	// Form of the file. Default [Sparse].
	Form Form

	// NoVisits leaves the visits out. Exploration then starts anew: who imports the file counts each active weight as
	// visited once.
	NoVisits bool

	// Texts are more entries of the file's metadata, for programs that read them; they cannot replace those of this package.
	Texts map[string]string
}

// counters are the variables beside the model's that say how far its training came.
var counters = []string{"/" + optimizer.GlobalStepVariableName, dstee.Scope + "/rounds", dstee.Scope + "/skipped"}

// Export writes the store's model to the file at path. The file is complete, or stays as it was.
//
// The model is the trainable variables and those that share a scope with one, such as the averages of a batch norm; and
// of their training the masks, the visits, and how many steps and mask updates there were. All must have values. Weights
// must be zero where their mask is false, as dstee keeps them.
func Export(store *model.Store, path string, options Options) error {
	fail := func(err error) error { return fmt.Errorf("interchange: exporting to %s: %w", path, err) }
	list, metadata, err := contents(store, options)
	if err != nil {
		return fail(err)
	}
	for key, text := range options.Texts {
		if key == descriptionKey {
			return fail(fmt.Errorf("the metadata %q is the file's own", key))
		}
		metadata[key] = text
	}
	if err := durable.WriteFile(path, func(w io.Writer) error { return safetensors.Write(w, metadata, list...) }); err != nil {
		return fail(err)
	}
	return nil
}

// contents returns what the file of the store's model is made of.
func contents(store *model.Store, options Options) (list []safetensors.Tensor, metadata map[string]string, err error) {
	d := description{Version: formVersion, Form: cmp.Or(options.Form, Sparse)}
	if d.Form != Sparse && d.Form != Dense {
		return nil, nil, fmt.Errorf("unknown form %q: the known ones are %q and %q", d.Form, Sparse, Dense)
	}
	layers, err := layersOf(store)
	if err != nil {
		return nil, nil, err
	}
	variables := modelVariables(store, layers)
	if len(variables) == 0 {
		return nil, nil, errors.New("the store has no trainable variables: there is no model to export")
	}
	for _, v := range variables {
		if !v.Trainable {
			d.Frozen = append(d.Frozen, v.Path())
		}
	}
	for _, path := range counters {
		if v := store.GetVariable(path); v != nil && v.HasValue() {
			variables = append(variables, v)
		}
	}
	if options.NoVisits {
		for _, l := range layers {
			l.visits = nil
		}
	}
	if d.Form == Sparse {
		if list, d.Shapes, err = packAll(layers); err != nil {
			return nil, nil, err
		}
	} else {
		for _, l := range layers {
			variables = append(variables, l.mask)
			if l.visits != nil {
				variables = append(variables, l.visits)
			}
		}
	}
	for _, v := range variables {
		if _, packed := d.Shapes[v.Path()]; packed {
			continue
		}
		value, err := v.Value()
		if err != nil {
			return nil, nil, err
		}
		t, err := safetensors.OfTensor(v.Path(), value)
		if err != nil {
			return nil, nil, err
		}
		list = append(list, t)
	}
	metadata, err = d.metadata()
	return list, metadata, err
}

// modelVariables returns the trainable variables, the layers' weights, and the variables that share a scope with one of
// these.
func modelVariables(store *model.Store, layers []*layer) []*model.Variable {
	scopes := map[string]bool{}
	for _, l := range layers {
		scopes[l.weight.Scope()] = true
	}
	for v := range store.IterVariables() {
		if v.Trainable && ofModel(v) {
			scopes[v.Scope()] = true
		}
	}
	var variables []*model.Variable
	for v := range store.IterVariables() {
		if scopes[v.Scope()] && ofModel(v) {
			variables = append(variables, v)
		}
	}
	return variables
}

// ofModel leaves out what is known not to be a part of a model.
func ofModel(v *model.Variable) bool {
	return !strings.HasPrefix(v.Name(), "#") && v.Name() != optimizer.GlobalStepVariableName &&
		!strings.HasPrefix(v.Path(), dstee.Scope+"/")
}
