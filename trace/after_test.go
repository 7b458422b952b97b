package trace

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// Reading after each record in turn gives the records that follow it.
func TestAfter(t *testing.T) {
	w, path := create(t)
	for _, e := range simulate(20, smallLayers()...) {
		if e.update != nil {
			require.NoError(t, w.Update(*e.update, e.moves...))
		}
		if e.step > 0 {
			require.NoError(t, w.Step(Step{Step: e.step, Scalars: Scalars{Loss: e.loss}}))
		}
	}
	require.NoError(t, w.Flush())
	r, err := Open(path)
	require.NoError(t, err)
	defer r.Close()
	collect := func(last Record) (list []Record) {
		for record, err := range r.After(last) {
			require.NoError(t, err)
			list = append(list, record)
		}
		return list
	}
	all := collect(Record{})
	require.NotEmpty(t, all)
	for i, record := range all {
		require.Equal(t, len(all)-i-1, len(collect(record)))
	}

	last := all[len(all)-1]
	require.NoError(t, w.Step(Step{Step: 21}))
	require.NoError(t, w.Flush())
	more := collect(last)
	require.Len(t, more, 1)
	require.Equal(t, 21, more[0].Step.Step)

	require.NoError(t, w.Close())
	w, err = AppendAfter(filepath.Dir(path), 10)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	var end error
	for _, err := range r.After(last) {
		end = err
	}
	require.ErrorIs(t, end, ErrRewound)
}
