package trace

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// BenchmarkUpdate is what recording an update of the default MLP costs: 64×512, 512×256 and 256×10 weights, 95%
// of them inactive.
func BenchmarkUpdate(b *testing.B) {
	layers := []*layerSim{
		newLayerSim("/mlp/hidden_1/dense/weights", 0.05, 1, 64, 512),
		newLayerSim("/mlp/hidden_2/dense/weights", 0.05, 2, 512, 256),
		newLayerSim("/mlp/logits/dense/weights", 0.3, 3, 256, 10),
	}
	w, path := create(b)
	record(b, w, simulate(1, layers...))
	const rounds = 20
	updates := make([][]Move, rounds)
	for i := range updates {
		for _, l := range layers {
			updates[i] = append(updates[i], l.next(0.3))
		}
	}
	start := w.trace.size(b)
	n := 0
	b.ReportAllocs()
	for b.Loop() {
		if n%rounds == 0 && n > 0 { // The masks go around: begin anew, from those before the first.
			b.StopTimer()
			require.NoError(b, w.Close())
			var err error
			w, err = AppendAfter(filepath.Dir(path), 1)
			require.NoError(b, err)
			b.StartTimer()
		}
		i := n % rounds
		if err := w.Update(Update{Step: i + 2, Round: i + 1, Params: Scalars{"c": 1e-4}}, updates[i]...); err != nil {
			b.Fatal(err)
		}
		n++
	}
	b.StopTimer()
	b.ReportMetric(float64(w.trace.size(b)-start)/float64((n-1)%rounds+1), "bytes/update")
	require.NoError(b, w.Close())
}

// size is the size of the file.
func (j *journal) size(t testing.TB) int64 {
	t.Helper()
	require.NoError(t, j.flush())
	info, err := j.file.Stat()
	require.NoError(t, err)
	return info.Size()
}

// BenchmarkStep is what recording a step and its time costs.
func BenchmarkStep(b *testing.B) {
	w, _ := create(b)
	step := 0
	scalars := Scalars{Loss: 0.123456, Accuracy: 0.9, LearningRate: 1e-3, Density: 0.05}
	b.ReportAllocs()
	for b.Loop() {
		step++
		if err := w.Step(Step{Step: step, Scalars: scalars}); err != nil {
			b.Fatal(err)
		}
		if err := w.Time(Timing{Step: step, Seconds: 0.00072}); err != nil {
			b.Fatal(err)
		}
	}
	require.NoError(b, w.Close())
}
