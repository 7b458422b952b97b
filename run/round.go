package run

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/gomlx/gomlx/core/tensors"

	"github.com/sparsekernel/sparsekernel/dstee"
	"github.com/sparsekernel/sparsekernel/trace"
	"github.com/sparsekernel/sparsekernel/whatif"
)

// RoundsDir is the folder of the mask updates that the [Recording] says to save in full, for package whatif; it may not
// exist.
func (r *Run) RoundsDir() string { return roundsDir(r.dir) }

func roundsDir(dir string) string { return filepath.Join(dir, roundsFolder) }

// writeRound saves all that a mask update chose from.
func writeRound(dir string, spec Spec, u trace.Update, moves []move) error {
	if err := os.MkdirAll(roundsDir(dir), 0o755); err != nil {
		return fmt.Errorf("saving round %d: %w", u.Round, err)
	}
	method, err := spec.method()
	if err != nil {
		return err
	}
	round := whatif.Round{Number: u.Round, Step: u.Step, TotalSteps: spec.Steps, Seed: spec.Seed, DropFraction: u.DropFraction,
		Drop: method.Drop.Name}
	for _, m := range moves {
		layer := whatif.Layer{Target: m.target, LayerState: dstee.LayerState{
			Path:     m.Path,
			Weight:   tensors.FromFlatDataAndDimensions(m.Weight, m.Shape...),
			Gradient: tensors.FromFlatDataAndDimensions(m.Gradient, m.Shape...),
			Mask:     tensors.FromFlatDataAndDimensions(m.before, m.Shape...),
			Visits:   tensors.FromFlatDataAndDimensions(m.Visits, m.Shape...),
		}}
		if m.momentum != nil {
			layer.Momentum = tensors.FromFlatDataAndDimensions(m.momentum, m.Shape...)
		}
		round.Layers = append(round.Layers, layer)
	}
	return round.WriteFile(filepath.Join(roundsDir(dir), whatif.FileName(u.Round)))
}

// SavedRounds lists the mask updates that are saved in full, by their numbers, in order.
func (r *Run) SavedRounds() ([]int, error) { return savedRounds(r.dir) }

// savedRounds lists the mask updates that are saved in a run's folder.
func savedRounds(dir string) (rounds []int, err error) {
	files, err := os.ReadDir(roundsDir(dir))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("listing saved rounds: %w", err)
	}
	for _, file := range files {
		var round int
		if _, err := fmt.Sscanf(file.Name(), "round-%d", &round); err == nil && file.Name() == whatif.FileName(round) {
			rounds = append(rounds, round)
		}
	}
	return rounds, nil
}

// shareRounds shares the saved mask updates through the given round with a run in another folder.
func shareRounds(from, to string, last int) error {
	rounds, err := savedRounds(from)
	if err != nil || len(rounds) == 0 {
		return err
	}
	if err := os.Mkdir(roundsDir(to), 0o755); err != nil {
		return err
	}
	for _, round := range rounds {
		if round > last {
			continue
		}
		name := whatif.FileName(round)
		if err := share(filepath.Join(roundsDir(from), name), filepath.Join(roundsDir(to), name)); err != nil {
			return err
		}
	}
	return nil
}

// removeRoundsAfter removes the saved mask updates after the given round, and says how many.
func removeRoundsAfter(dir string, last int) (removed int, err error) {
	rounds, err := savedRounds(dir)
	if err != nil {
		return 0, err
	}
	for _, round := range rounds {
		if round <= last {
			continue
		}
		if err := os.Remove(filepath.Join(roundsDir(dir), whatif.FileName(round))); err != nil {
			return removed, fmt.Errorf("rewinding: %w", err)
		}
		removed++
	}
	return removed, nil
}
