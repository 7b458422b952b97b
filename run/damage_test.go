package run_test

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/backends/backendtest"
	"github.com/sparsekernel/sparsekernel/run"
	"github.com/sparsekernel/sparsekernel/trace"
)

// copied returns a copy of a run.
func copied(t *testing.T, r *run.Run) *run.Run {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "copy")
	require.NoError(t, os.CopyFS(dir, os.DirFS(r.Dir())))
	c, err := run.Load(dir)
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

// Whatever happens to the newest checkpoint, it is noticed, and the run goes on from the one before, to the same end.
func TestDamagedNewest(t *testing.T) {
	backend := backendtest.One(t)
	whole := create(t, short(0), often())
	trained(t, whole, backend, 20)
	half := copied(t, whole)
	trained(t, whole, backend, 0)
	rng := rand.New(rand.NewPCG(3, 4))
	for name, damage := range map[string]func(data []byte) []byte{
		"cut off":            func(data []byte) []byte { return data[:rng.IntN(len(data))] },
		"empty":              func([]byte) []byte { return nil },
		"a bit flipped":      func(data []byte) []byte { data[rng.IntN(len(data))] ^= 1 << rng.IntN(8); return data },
		"longer":             func(data []byte) []byte { return append(data, 1) },
		"of another program": func([]byte) []byte { return []byte("hello") },
	} {
		t.Run(name, func(t *testing.T) {
			r := copied(t, half)
			path := filepath.Join(r.Dir(), "checkpoints", "step-00000020-round-0002.safetensors")
			data, err := os.ReadFile(path)
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(path, damage(data), 0o644))
			health, err := r.Checkpoints()
			require.NoError(t, err)
			require.ErrorContains(t, health[1].Err, "is damaged")
			var notes []string
			trained(t, r.Observe(run.Observer{Note: func(text string) { notes = append(notes, text) }}), backend, 0)
			require.Len(t, notes, 1)
			require.Contains(t, notes[0], path+" is damaged")
			require.FileExists(t, path+".damaged")
			requireSame(t, whole.Dir(), r.Dir())
		})
	}
}

// Every bit of a checkpoint matters: flips all over a real one are noticed, and cuts.
func TestEveryBitMatters(t *testing.T) {
	r := create(t, short(0), often())
	trained(t, r, backendtest.One(t), 10)
	health, err := r.Checkpoints()
	require.NoError(t, err)
	path := health[0].Path
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	rng := rand.New(rand.NewPCG(5, 6))
	tries := 600
	if testing.Short() {
		tries = 60
	}
	for i := range tries {
		changed := data
		if i%3 == 0 {
			changed = data[:rng.IntN(len(data))]
		} else {
			changed = bytes.Clone(data)
			changed[rng.IntN(len(data))] ^= 1 << rng.IntN(8)
		}
		require.NoError(t, os.WriteFile(path, changed, 0o644))
		health, err := r.Checkpoints()
		require.NoError(t, err)
		require.ErrorContains(t, health[0].Err, "is damaged")
	}
}

// With all checkpoints damaged the run begins anew, to the same end.
func TestAllDamaged(t *testing.T) {
	backend := backendtest.One(t)
	whole := create(t, short(0), often())
	trained(t, whole, backend, 20)
	r := copied(t, whole)
	trained(t, whole, backend, 0)
	files, err := filepath.Glob(filepath.Join(r.Dir(), "checkpoints", "*"))
	require.NoError(t, err)
	for _, file := range files {
		require.NoError(t, os.Truncate(file, 10))
	}
	trained(t, r, backend, 0)
	requireSame(t, whole.Dir(), r.Dir())
}

// A checkpoint of another run, or a spec that was changed by hand, is an error that says so, and nothing is set aside.
func TestForeignCheckpoint(t *testing.T) {
	backend := backendtest.One(t)
	r, other := create(t, short(0), often()), create(t, short(1), often())
	trained(t, r, backend, 10)
	trained(t, other, backend, 20)
	const name = "step-00000020-round-0002.safetensors"
	data, err := os.ReadFile(filepath.Join(other.Dir(), "checkpoints", name))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(r.Dir(), "checkpoints", name), data, 0o644))
	_, err = copied(t, r).On(backend).Train(t.Context(), 0)
	require.ErrorContains(t, err, "the checkpoint is not of this run, or spec.json was changed ([seed: 1 there, 0 here])")
	require.FileExists(t, filepath.Join(r.Dir(), "checkpoints", name))

	changed := copied(t, other)
	path := filepath.Join(changed.Dir(), "spec.json")
	spec, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, bytes.Replace(spec, []byte(`"c": 0.0001`), []byte(`"c": 0.0003`), 1), 0o644))
	_, err = changed.On(backend).Train(t.Context(), 0)
	require.ErrorContains(t, err, "c: 0.0001 there, 0.0003 here")
}

// A damaged record does not stop the run: it is set aside, and a new one begins.
func TestDamagedTrace(t *testing.T) {
	backend := backendtest.One(t)
	whole := create(t, short(0), often())
	trained(t, whole, backend, 20)
	for _, name := range []string{trace.FileName, trace.TimingFileName} {
		r := copied(t, whole)
		path := filepath.Join(r.Dir(), name)
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		data[len(data)/2] ^= 1
		require.NoError(t, os.WriteFile(path, data, 0o644))
		var notes []string
		trained(t, r.Observe(run.Observer{Note: func(text string) { notes = append(notes, text) }}), backend, 0)
		require.Len(t, notes, 1)
		require.Contains(t, notes[0], path+" is damaged in line")
		require.FileExists(t, path)
		files, aside, err := r.Trace()
		require.NoError(t, err)
		require.Equal(t, []string{path + ".damaged"}, aside)
		require.Len(t, files, 2)
		for _, file := range files {
			require.NoError(t, file.Err)
			require.Equal(t, 40, file.Step)
		}
		require.NoError(t, run.Remove(r.Dir()))
		require.NoDirExists(t, r.Dir())
	}
}

// The last step is recorded, whatever the steps between lines.
func TestLastStepIsRecorded(t *testing.T) {
	recording := often()
	recording.LogEvery = 7
	r := create(t, short(0), recording)
	trained(t, r, backendtest.One(t), 0)
	files, _, err := r.Trace()
	require.NoError(t, err)
	for _, file := range files {
		require.Equal(t, 40, file.Step, file.Path)
	}
	reader, err := trace.Open(r.Dir())
	require.NoError(t, err)
	defer reader.Close()
	summary, err := trace.Summarize(reader)
	require.NoError(t, err)
	require.Equal(t, []int{6, 40}, []int{summary.Steps, summary.Last.Step})
}

// Nor does a record that lost whole lines at its end, where a mask update is missing.
func TestShortTrace(t *testing.T) {
	backend := backendtest.One(t)
	r := create(t, short(0), often())
	trained(t, r, backend, 30)
	r.Close()
	path := filepath.Join(r.Dir(), trace.FileName)
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, data[:bytes.Index(data, []byte(`{"kind":"update","step":20,`))], 0o644))
	var notes []string
	trained(t, r.Observe(run.Observer{Note: func(text string) { notes = append(notes, text) }}), backend, 0)
	require.Equal(t, []string{path + " ends after 1 mask updates of 3: set aside as *.damaged; the record goes on in a new file"}, notes)
	files, aside, err := r.Trace()
	require.NoError(t, err)
	require.Equal(t, []string{path + ".damaged"}, aside)
	require.NoError(t, files[0].Err)
	require.Equal(t, 40, files[0].Step)
}

// Whatever spec.json holds, it is a run that can be trained, or an error.
func FuzzSpecFile(f *testing.F) {
	dir := f.TempDir()
	spec := run.Default()
	r, err := run.Create(filepath.Join(dir, "run"), spec, run.DefaultRecording())
	require.NoError(f, err)
	path := filepath.Join(r.Dir(), "spec.json")
	data, err := os.ReadFile(path)
	require.NoError(f, err)
	f.Add(data)
	f.Add([]byte(strings.Replace(string(data), `"version": 1`, `"version": 2`, 1)))
	f.Add([]byte(`{"format":"sparsekernel-run","version":1,"spec":{"c":1e400}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, "spec.json"), data, 0o644))
		r, err := run.Load(dir)
		if err != nil {
			require.ErrorContains(t, err, dir)
			return
		}
		require.NoError(t, r.Spec().Validate())
		_, err = r.State()
		require.NoError(t, err)
	})
}
