package run_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/gomlx/compute"
	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/backends/backendtest"
	"github.com/sparsekernel/sparsekernel/run"
)

// killed is a run that is killed: small steps, a mask update every fourth.
func killed() run.Spec {
	spec := narrow()
	spec.Batch, spec.DeltaT, spec.Steps = 8, 4, 400
	return spec
}

// A run that is killed 100 times on the two backends together, at random instants and during saves, equals one that is
// not: weights, masks, visits, optimizer, random state, and the bytes of the trace.
func TestKilled(t *testing.T) {
	kills := map[string]int{"xla": 10, "go": 90}
	if testing.Short() {
		kills = map[string]int{"xla": 2, "go": 8}
	}
	backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
		reference := create(t, killed(), often())
		trained(t, reference, backend, 0)
		name := filepath.Base(t.Name())
		rng := rand.New(rand.NewPCG(20221116, 67))
		left, saving := kills[name], 0
		for left > 0 { // A run may end before it was killed often enough: then another begins.
			r := create(t, killed(), often())
			for ended := false; !ended; {
				p := start(t, r.Dir(), name)
				if left > 0 {
					switch rng.IntN(4) {
					case 0: // While it starts.
						time.Sleep(time.Duration(rng.IntN(300)) * time.Millisecond)
					case 1: // While it saves.
						<-p.training
						if awaitSave(r.Dir()) {
							saving++
						}
					default:
						<-p.training
						time.Sleep(time.Duration(rng.IntN(80)) * time.Millisecond)
					}
					_ = p.Process.Kill() // It may have ended.
				}
				switch status := p.exit(t); status {
				case -1:
					left--
				default:
					require.Equal(t, 0, status, p.stderr.String())
					ended = true
				}
			}
			requireSame(t, reference.Dir(), r.Dir())
		}
		t.Logf("%d kills, of which %d were aimed at a save", kills[name], saving)
	})
}

// awaitSave waits until the run is writing a checkpoint. It returns false if it is not within a second.
func awaitSave(dir string) bool {
	for end := time.Now().Add(time.Second); time.Now().Before(end); {
		if files, err := filepath.Glob(filepath.Join(dir, "checkpoints", ".*.tmp")); err == nil && len(files) > 0 {
			return true
		}
	}
	return false
}

// The same with SIGINT, after which the process saves the step that it was in, says so, and exits.
func TestInterrupted(t *testing.T) {
	t.Setenv(childStandsEnv, "1")
	backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
		reference := create(t, killed(), often())
		trained(t, reference, backend, 0)
		r := create(t, killed(), often())
		for range 3 {
			before, err := r.State()
			require.NoError(t, err)
			p := start(t, r.Dir(), filepath.Base(t.Name()))
			<-p.training
			began := time.Now()
			require.NoError(t, p.Process.Signal(os.Interrupt))
			_ = p.Process.Signal(os.Interrupt) // Shells send it to the process and to its group.
			require.Equal(t, exitInterrupted, p.exit(t), p.stderr.String())
			t.Logf("%v from the signal to the end of the process", time.Since(began))
			after, err := r.State()
			require.NoError(t, err)
			require.Equal(t, run.StatusStopped, after.Status)
			require.Greater(t, after.Step, before.Step)
			require.Contains(t, p.stderr.String(), fmt.Sprintf("stopped after %d of 400 steps, saved in %s", after.Step, r.Dir()))
		}
		trained(t, r, backend, 0)
		requireSame(t, reference.Dir(), r.Dir())
	})
}
