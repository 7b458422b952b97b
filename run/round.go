package run

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"github.com/gomlx/gomlx/core/tensors"

	"github.com/sparsekernel/sparsekernel/interchange/safetensors"
	"github.com/sparsekernel/sparsekernel/internal/durable"
	"github.com/sparsekernel/sparsekernel/trace"
)

// RoundPath returns where a run in the folder dir saves all that the given mask update chose from, if its [Recording] asks
// for it. The file is in the safetensors format. Of each layer, by the path of its weight, it has the tensors
//
//	PATH/weight    float32, before the update
//	PATH/gradient  float32, of the loss with respect to the dense weights
//	PATH/mask      bool, before the update
//	PATH/visits    int32, before the new mask was counted
//
// in the weight's shape, and in the metadata the step, the round, the run's seed, the drop fraction, and the targets, a JSON
// object: how many weights of each layer were to be active after the update.
func RoundPath(dir string, round int) string {
	return filepath.Join(dir, roundsFolder, fmt.Sprintf("round-%06d.safetensors", round))
}

// roundFiles returns the files of saved mask updates in a run's folder, by round.
func roundFiles(dir string) (map[int]string, error) {
	files, err := os.ReadDir(filepath.Join(dir, roundsFolder))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("listing saved rounds: %w", err)
	}
	paths := map[int]string{}
	for _, file := range files {
		var round int
		if _, err := fmt.Sscanf(file.Name(), "round-%d.safetensors", &round); err == nil && RoundPath(dir, round) == filepath.Join(dir, roundsFolder, file.Name()) {
			paths[round] = RoundPath(dir, round)
		}
	}
	return paths, nil
}

// writeRound saves all that a mask update chose from.
func writeRound(dir string, seed int64, u trace.Update, moves []move) error {
	fail := func(err error) error { return fmt.Errorf("saving round %d: %w", u.Round, err) }
	targets := map[string]int{}
	var list []safetensors.Tensor
	for _, m := range moves {
		targets[m.Path] = m.target
		for name, tensor := range map[string]*tensors.Tensor{
			"weight":   tensors.FromFlatDataAndDimensions(m.Weight, m.Shape...),
			"gradient": tensors.FromFlatDataAndDimensions(m.Gradient, m.Shape...),
			"mask":     tensors.FromFlatDataAndDimensions(m.before, m.Shape...),
			"visits":   tensors.FromFlatDataAndDimensions(m.Visits, m.Shape...),
		} {
			item, err := safetensors.OfTensor(m.Path+"/"+name, tensor)
			if err != nil {
				return fail(err)
			}
			list = append(list, item)
		}
	}
	targetsJSON, err := json.Marshal(targets)
	if err != nil {
		return fail(err)
	}
	metadata := map[string]string{
		"step":          strconv.Itoa(u.Step),
		"round":         strconv.Itoa(u.Round),
		"seed":          strconv.FormatInt(seed, 10),
		"drop_fraction": strconv.FormatFloat(u.DropFraction, 'g', -1, 64),
		"targets":       string(targetsJSON),
	}
	if err := os.MkdirAll(filepath.Join(dir, roundsFolder), 0o755); err != nil {
		return fail(err)
	}
	return durable.WriteFile(RoundPath(dir, u.Round), func(w io.Writer) error { return safetensors.Write(w, metadata, list...) })
}
