package run

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/backends/backendtest"
	"github.com/sparsekernel/sparsekernel/run/checkpoint"
)

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
