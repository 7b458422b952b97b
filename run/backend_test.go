package run

import (
	"path/filepath"
	"testing"

	"github.com/gomlx/compute"
	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/backends"
	"github.com/sparsekernel/sparsekernel/backends/backendtest"
	"github.com/sparsekernel/sparsekernel/run/checkpoint"
)

// A run whose model is in memory goes on, too, on the backend that is asked for since.
func TestOtherBackend(t *testing.T) {
	first := backendtest.One(t)
	second, err := backends.Open(backendtest.Cheapest())
	require.NoError(t, err)
	defer second.Finalize()
	spec := Default()
	spec.Steps, spec.DeltaT, spec.Batch, spec.Width = 3, 1, 8, 0.1
	r, err := Create(filepath.Join(t.TempDir(), "run"), spec, DefaultRecording())
	require.NoError(t, err)
	defer r.Close()
	for step, backend := range []compute.Backend{first, second, second} {
		summary, err := r.On(backend).Train(t.Context(), 1)
		require.NoError(t, err)
		require.Equal(t, (step+1)%spec.Steps, summary.Step)
		require.Same(t, backend, r.session.backend)
	}
}

// A run goes on on the backend that it was trained on, or on another if that is asked for, and then says what it means.
func TestChooseBackend(t *testing.T) {
	t.Setenv(backendtest.BackendsEnv, "go")
	trained := &checkpoint.Checkpoint{Texts: map[string]string{textBackend: "go"}}
	var notes []string
	r := &Run{observer: Observer{Note: func(text string) { notes = append(notes, text) }}}
	require.NoError(t, r.chooseBackend(trained))
	require.Equal(t, "go", backendName(r.backend))
	require.NoError(t, r.chooseBackend(trained))
	require.NoError(t, r.chooseBackend(nil))
	require.Empty(t, notes)

	trained.Texts[textBackend] = "xla"
	require.NoError(t, r.chooseBackend(trained))
	require.Len(t, notes, 1)
	require.Contains(t, notes[0], "the run goes on with the backend go, it was trained with xla: its numbers will differ")
}
