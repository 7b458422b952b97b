package run_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/backends"
	"github.com/sparsekernel/sparsekernel/dstee"
	"github.com/sparsekernel/sparsekernel/run"
	"github.com/sparsekernel/sparsekernel/run/checkpoint"
	"github.com/sparsekernel/sparsekernel/trace"
)

// narrow is the default spec with hidden layers of 80 and 40 units, which a test trains and saves in a fraction of the time.
// Of its 8720 weights, 5% and 10% are whole numbers.
func narrow() run.Spec {
	spec := run.Default()
	spec.Width = 5. / 32
	return spec
}

// short is a run of 40 steps and 4 mask updates.
func short(seed int64) run.Spec {
	spec := narrow()
	spec.Batch, spec.Steps, spec.DeltaT, spec.Seed = 16, 40, 10, seed
	return spec
}

// often records every step, and saves at every mask update.
func often() run.Recording { return run.Recording{LogEvery: 1, SaveEvery: 1} }

// create makes a run in a folder of the test's own.
func create(t *testing.T, spec run.Spec, recording run.Recording) *run.Run {
	t.Helper()
	r, err := run.Create(filepath.Join(t.TempDir(), "run"), spec, recording)
	require.NoError(t, err)
	t.Cleanup(r.Close)
	return r
}

// trained trains a run by some steps, 0 for all, and returns its summary without times.
func trained(t *testing.T, r *run.Run, backend compute.Backend, steps int) *run.Summary {
	t.Helper()
	summary, err := r.On(backend).Train(t.Context(), steps)
	require.NoError(t, err)
	summary.Seconds, summary.SecondsPerStep = 0, 0
	return summary
}

// requireSame checks that two runs are at the same point with the same bits: all variables of the newest checkpoint, the
// progress, and the trace.
func requireSame(t *testing.T, want, got string) {
	t.Helper()
	wantTexts, wantBits := contentOf(t, want)
	gotTexts, gotBits := contentOf(t, got)
	require.Equal(t, wantTexts, gotTexts)
	require.Len(t, gotBits, len(wantBits))
	for path, bits := range wantBits {
		require.Equal(t, bits, gotBits[path], "the bits of %s differ", path)
	}
	require.Equal(t, traceOf(t, want), traceOf(t, got))
}

func traceOf(t *testing.T, dir string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, trace.FileName))
	require.NoError(t, err)
	return string(data)
}

// contentOf returns what is in a run's newest checkpoint, but for the time that it took.
func contentOf(t *testing.T, dir string) (texts map[string]string, bits map[string]string) {
	t.Helper()
	c := newest(t, dir)
	store := model.NewStore()
	require.NoError(t, c.Restore(store, nil))
	bits = map[string]string{}
	for v := range store.IterVariables() {
		require.NoError(t, v.MustValue().ConstBytes(func(data []byte) { bits[v.Path()] = v.Shape().String() + string(data) }))
	}
	c.Texts["progress"], _, _ = strings.Cut(c.Texts["progress"], `,"seconds"`)
	return c.Texts, bits
}

func newest(t *testing.T, dir string) *checkpoint.Checkpoint {
	t.Helper()
	c, _, err := checkpoint.Folder(filepath.Join(dir, "checkpoints")).Newest(func(damaged *checkpoint.DamagedError) {
		require.NoError(t, damaged)
	})
	require.NoError(t, err)
	return c
}

// The test binary, run with the environment variable childEnv set to a run's folder, trains that run to its end, as a
// process of its own that can be killed. With childStandsEnv set it stands after some updates until it is interrupted, so
// that it does not end before, on a machine that is busy.
const (
	childEnv        = "SPARSEKERNEL_TEST_CHILD"
	childBackendEnv = "SPARSEKERNEL_TEST_CHILD_BACKEND"
	childStandsEnv  = "SPARSEKERNEL_TEST_CHILD_STANDS"
	exitInterrupted = 130
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(childEnv); dir != "" {
		os.Exit(child(dir))
	}
	os.Exit(m.Run())
}

// child trains a run. It prints a line at the second mask update: all is compiled then, and there is a checkpoint more.
func child(dir string) int {
	ctx, stop := run.UntilInterrupted(context.Background())
	defer stop()
	backend, err := backends.Open(os.Getenv(childBackendEnv))
	if err == nil {
		var r *run.Run
		if r, err = run.Load(dir); err == nil {
			updates := 0
			r.On(backend).Observe(run.Observer{
				Update: func(*dstee.MaskUpdate) {
					if updates++; updates == 2 {
						fmt.Println("training")
					}
					if updates == 20 && os.Getenv(childStandsEnv) != "" {
						<-ctx.Done()
					}
				},
			})
			_, err = r.Train(ctx, 0)
		}
	}
	switch {
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(os.Stderr, err)
		return exitInterrupted
	case err != nil:
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// process is a child process that trains.
type process struct {
	*exec.Cmd
	training chan struct{} // Closed when it trains at full speed, or has ended before.
	stderr   strings.Builder
}

// start starts a child process that trains the run.
func start(t *testing.T, dir, backend string) *process {
	t.Helper()
	executable, err := os.Executable()
	require.NoError(t, err)
	p := &process{Cmd: exec.Command(executable), training: make(chan struct{})}
	p.Env = append(os.Environ(), childEnv+"="+dir, childBackendEnv+"="+backend)
	p.Cmd.Stderr = &p.stderr
	out, err := p.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, p.Start())
	t.Cleanup(func() { _ = p.Process.Kill() }) // It has ended, unless the test failed.
	go func() {
		lines := bufio.NewReader(out)
		for {
			line, err := lines.ReadString('\n')
			if strings.HasPrefix(line, "training") || err != nil {
				close(p.training)
				_, _ = io.Copy(io.Discard, lines)
				return
			}
		}
	}()
	return p
}

// exit waits for the process to end, and returns its exit status, -1 if it was killed.
func (p *process) exit(t *testing.T) int {
	t.Helper()
	<-p.training
	err := p.Wait()
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		require.NoError(t, err)
	}
	return p.ProcessState.ExitCode()
}
