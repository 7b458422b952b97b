package trace

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/internal/bitset"
)

func TestSummarize(t *testing.T) {
	layers := smallLayers()
	events := simulate(50, layers...)
	path, data := write(t, events)
	r, err := Open(path)
	require.NoError(t, err)
	defer r.Close()
	s, err := Summarize(r)
	require.NoError(t, err)
	require.Equal(t, []int{50, 4, 1, 50}, []int{s.Steps, s.Updates, s.Skipped, s.Last.Step})
	require.JSONEq(t, `{"method":"dst-ee","seed":3}`, string(s.Meta))
	active, explored := 0, 0
	for i, l := range layers {
		first, last := events[0].moves[i].Mask, l.mask
		entered, seen := 0, 0
		for j, n := range l.visits {
			seen += int(bitset.Bit(n > 0))
			for _, e := range events[1:] {
				if len(e.moves) > 0 {
					entered += int(bitset.Bit(e.moves[i].Mask[j] && !e.before[i][j]))
				}
			}
		}
		got := s.Layers[i]
		require.Equal(t, []any{l.path, l.shape, bitset.OfBools(last).Count()}, []any{got.Path, got.Shape, got.Active})
		require.Equal(t, Similarity(first, last), got.Similarity)
		require.Equal(t, float64(seen)/float64(len(last)), got.Explored)
		require.Equal(t, float64(entered)/float64(got.Active), got.Churn)
		active += got.Active
		explored += seen
	}
	require.Equal(t, active, s.Total.Active)
	require.Equal(t, float64(explored)/float64(s.Total.Size), s.Total.Explored)

	// Of a damaged trace, what comes before counts.
	data[len(data)-9] ^= 1
	require.NoError(t, os.WriteFile(path, data, 0o644))
	damaged, err := Open(path)
	require.NoError(t, err)
	defer damaged.Close()
	s, err = Summarize(damaged)
	var damage *DamageError
	require.ErrorAs(t, err, &damage)
	require.Equal(t, []int{49, 4}, []int{s.Steps, s.Updates})
}

func TestSummarizeNothing(t *testing.T) {
	w, path := create(t)
	require.NoError(t, w.Close())
	r, err := Open(path)
	require.NoError(t, err)
	defer r.Close()
	s, err := Summarize(r)
	require.NoError(t, err)
	require.Nil(t, s.Total)
	require.Zero(t, s.Steps)
}

func TestWriteCSV(t *testing.T) {
	path, _ := write(t, simulate(30, smallLayers()...))
	r, err := Open(filepath.Dir(path))
	require.NoError(t, err)
	defer r.Close()
	table := func(name string) [][]string {
		var out strings.Builder
		require.NoError(t, WriteCSV(&out, r, name))
		rows, err := csv.NewReader(strings.NewReader(out.String())).ReadAll()
		require.NoError(t, err)
		return rows
	}
	steps := table("steps")
	require.Len(t, steps, 31)
	require.Equal(t, [][]string{{"step", "learning_rate", "loss", "seconds"}, {"1", "0.1", "1", "0.001"},
		{"2", "0.1", "0.5", "0.001"}, {"3", "0.1", "NaN", "0.001"}}, steps[:4])
	updates := table("updates")
	require.Len(t, updates, 1+2*3+1)
	require.Equal(t, []string{"step", "round", "skipped", "layer", "size", "active", "dropped", "grown", "regrown", "explored",
		"threshold", "drop_fraction", "c", "epsilon"}, updates[0])
	require.Equal(t, []string{"0", "0", "", "/hidden/weights", "63"}, updates[1][:5])
	require.Equal(t, []string{"0.3", "0.0001", "+Inf"}, updates[3][11:])
	require.Equal(t, []string{"30", "2", "the gradient holds a NaN", "", "", "", "", "", "", "", "", "0.3", "", ""}, updates[7])
	require.NoError(t, os.Remove(filepath.Join(filepath.Dir(path), TimingFileName)))
	require.Equal(t, "", table("steps")[1][3])
	require.ErrorContains(t, WriteCSV(nil, r, "layers"), `there is no table "layers", only ["steps" "updates"]`)
}
