package whatif

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/gomlx/gomlx/core/tensors"

	"github.com/sparsekernel/sparsekernel/interchange/safetensors"
	"github.com/sparsekernel/sparsekernel/internal/durable"
)

// A round's file is a safetensors file: for the layer at path P the tensors P + "/weight", "/gradient", "/mask",
// "/visits" and, where the optimizer keeps one, "/momentum", and a description as JSON under the key "sparsekernel.round" of the metadata.
const (
	descriptionKey     = "sparsekernel.round"
	descriptionVersion = 1

	weightPart   = "weight"
	gradientPart = "gradient"
	maskPart     = "mask"
	visitsPart   = "visits"
	momentumPart = "momentum"
)

// description is all of a round but its tensors.
type description struct {
	Version      int            `json:"version"`
	Round        int            `json:"round"`
	Step         int            `json:"step"`
	TotalSteps   int            `json:"total_steps"`
	Seed         int64          `json:"seed"`
	DropFraction float64        `json:"drop_fraction"`
	Drop         string         `json:"drop,omitempty"`
	Targets      map[string]int `json:"targets"` // By the path of the layer.
}

// parts lists the tensors of a layer by name. All but the momentum are there.
func (l *Layer) parts() map[string]**tensors.Tensor {
	return map[string]**tensors.Tensor{
		weightPart: &l.Weight, gradientPart: &l.Gradient, maskPart: &l.Mask, visitsPart: &l.Visits, momentumPart: &l.Momentum,
	}
}

// WriteFile writes the round to the file at path, which is complete, or stays as it was.
func (r *Round) WriteFile(path string) error {
	fail := func(err error) error { return fmt.Errorf("whatif: writing round %d to %s: %w", r.Number, path, err) }
	if err := r.check(); err != nil {
		return fail(err)
	}
	d := description{Version: descriptionVersion, Round: r.Number, Step: r.Step, TotalSteps: r.TotalSteps, Seed: r.Seed,
		DropFraction: r.DropFraction, Drop: r.Drop, Targets: map[string]int{}}
	var list []safetensors.Tensor
	for i := range r.Layers {
		l := &r.Layers[i]
		d.Targets[l.Path] = l.Target
		for part, value := range l.parts() {
			if *value == nil {
				continue
			}
			t, err := safetensors.OfTensor(l.Path+"/"+part, *value)
			if err != nil {
				return fail(err)
			}
			list = append(list, t)
		}
	}
	text, err := json.Marshal(d)
	if err != nil {
		return fail(err)
	}
	metadata := map[string]string{descriptionKey: string(text)}
	if err := durable.WriteFile(path, func(w io.Writer) error { return safetensors.Write(w, metadata, list...) }); err != nil {
		return fail(err)
	}
	return nil
}

// Read returns the round in the file at path.
func Read(path string) (*Round, error) {
	file, err := safetensors.Open(path)
	if err != nil {
		return nil, fmt.Errorf("whatif: %w", err)
	}
	defer file.Close()
	r, err := read(file)
	if err != nil {
		return nil, fmt.Errorf("whatif: reading %s: %w", path, err)
	}
	return r, nil
}

func read(file *safetensors.File) (*Round, error) {
	text, found := file.Metadata()[descriptionKey]
	if !found {
		return nil, fmt.Errorf("this is no recorded round: its metadata has no %q", descriptionKey)
	}
	var d description
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		return nil, fmt.Errorf("the metadata %q is not the JSON that it should be: %w", descriptionKey, err)
	}
	if d.Version != descriptionVersion {
		return nil, fmt.Errorf("the file is of version %d, this program reads version %d", d.Version, descriptionVersion)
	}
	r := &Round{Number: d.Round, Step: d.Step, TotalSteps: d.TotalSteps, Seed: d.Seed, DropFraction: d.DropFraction, Drop: d.Drop}
	tensorCount := 0
	// In the order of the file, so that reports have the same order each time.
	for _, info := range file.Tensors() {
		path, isWeight := strings.CutSuffix(info.Name, "/"+weightPart)
		target, known := d.Targets[path]
		if !isWeight || !known {
			continue
		}
		l := Layer{Target: target}
		l.Path = path
		for part, value := range l.parts() {
			if _, found := file.Lookup(path + "/" + part); !found && part == momentumPart {
				continue
			}
			tensorCount++
			var err error
			if *value, err = file.Tensor(path + "/" + part); err != nil {
				return nil, err
			}
		}
		r.Layers = append(r.Layers, l)
	}
	if len(r.Layers) != len(d.Targets) {
		return nil, fmt.Errorf("there are weights of %d layers, but targets of %d", len(r.Layers), len(d.Targets))
	}
	if len(file.Tensors()) != tensorCount {
		return nil, fmt.Errorf("%d layers have %d tensors, but there are %d", len(r.Layers), tensorCount, len(file.Tensors()))
	}
	return r, r.check()
}
