package backends

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOpenGoSetsParallelism(t *testing.T) {
	for options, want := range map[string]string{
		"":                             "parallelism=-1",
		"parallelism=3":                "parallelism=3",
		"ops_sequential":               "parallelism=-1",
		"ops_sequential,parallelism=0": "parallelism=0",
	} {
		backend, err := openGo(options)
		require.NoError(t, err)
		require.Contains(t, backend.Description(), want, "options %q", options)
		again, err := openGo(goOptions(options))
		require.NoError(t, err)
		require.Equal(t, backend.Description(), again.Description(), "options %q", options)
	}
}
