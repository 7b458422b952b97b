package trace

import (
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/internal/bitset"
)

// layerSim is a layer whose masks move at random.
type layerSim struct {
	path   string
	shape  []int
	mask   []bool
	visits []int32
	rng    *rand.Rand
}

func newLayerSim(path string, density float64, seed uint64, shape ...int) *layerSim {
	size, err := sizeOf(shape)
	if err != nil {
		panic(err)
	}
	l := &layerSim{path: path, shape: shape, mask: make([]bool, size), visits: make([]int32, size)}
	l.rng = rand.New(rand.NewPCG(seed, 7))
	for i := range l.mask {
		l.mask[i] = l.rng.Float64() < density
	}
	return l
}

// first is the move of the first masks.
func (l *layerSim) first() Move {
	m := Move{Path: l.path, Shape: l.shape, Mask: append([]bool(nil), l.mask...)}
	l.count()
	return m
}

// next moves about the given share of active weights; some of them are regrown at once.
func (l *layerSim) next(fraction float64) Move {
	n := len(l.mask)
	m := Move{Path: l.path, Shape: l.shape, Kept: make([]bool, n), Mask: make([]bool, n),
		Visits: append([]int32(nil), l.visits...), Weight: make([]float32, n), Gradient: make([]float32, n), Score: make([]float32, n)}
	dropped := 0
	for i, active := range l.mask {
		m.Gradient[i] = float32(l.rng.NormFloat64() * 1e-3)
		m.Score[i] = abs(m.Gradient[i]) + 1e-3/float32(m.Visits[i]+1)
		if active {
			m.Weight[i] = float32(l.rng.NormFloat64())
			m.Kept[i] = l.rng.Float64() >= fraction
			if !m.Kept[i] {
				dropped++
			}
		}
		m.Mask[i] = m.Kept[i]
	}
	for dropped > 0 {
		if i := l.rng.IntN(n); !m.Mask[i] {
			m.Mask[i] = true
			dropped--
		}
	}
	l.mask = append(l.mask[:0], m.Mask...)
	l.count()
	return m
}

// count counts the mask among the visits.
func (l *layerSim) count() {
	for i, active := range l.mask {
		l.visits[i] += int32(bitset.Bit(active))
	}
}

// event is a step of a run, with what there is to record of it.
type event struct {
	step   int
	loss   float64
	update *Update // Nil if there was none.
	moves  []Move
	before [][]bool
}

// simulate returns the events of a run: the first masks, then the given number of steps, each tenth of which updates the
// masks, but for step 30, which skips that. The loss of step 3 is NaN.
func simulate(steps int, layers ...*layerSim) []event {
	first := event{update: &Update{}}
	for _, l := range layers {
		first.moves = append(first.moves, l.first())
	}
	events := []event{first}
	round := 0
	for step := 1; step <= steps; step++ {
		e := event{step: step, loss: 1 / float64(step)}
		if step == 3 {
			e.loss = math.NaN()
		}
		switch {
		case step == 30:
			e.update = &Update{Step: step, Round: round, DropFraction: 0.3, Skipped: "the gradient holds a NaN"}
		case step%10 == 0:
			round++
			e.update = &Update{Step: step, Round: round, DropFraction: 0.3, Params: Scalars{"c": 1e-4, "epsilon": math.Inf(1)}}
			for _, l := range layers {
				e.before = append(e.before, append([]bool(nil), l.mask...))
				e.moves = append(e.moves, l.next(0.3))
			}
		}
		events = append(events, e)
	}
	return events
}

// record records the events.
func record(t testing.TB, w *Writer, events []event) {
	t.Helper()
	for _, e := range events {
		if e.update != nil {
			require.NoError(t, w.Update(*e.update, e.moves...))
		}
		if e.step > 0 {
			require.NoError(t, w.Step(Step{Step: e.step, Scalars: Scalars{Loss: e.loss, LearningRate: 0.1}}))
			require.NoError(t, w.Time(Timing{Step: e.step, Seconds: 0.001}))
		}
	}
}

// smallLayers are two layers whose traces are short.
func smallLayers() []*layerSim {
	return []*layerSim{newLayerSim("/hidden/weights", 0.3, 1, 7, 9), newLayerSim("/out/weights", 0.5, 2, 9, 2)}
}

// create makes a trace in a new folder.
func create(t testing.TB) (*Writer, string) {
	t.Helper()
	dir := t.TempDir()
	w, err := Create(dir, map[string]any{"method": "dst-ee", "seed": 3})
	require.NoError(t, err)
	return w, filepath.Join(dir, FileName)
}

// collect returns all records of the trace at path, and the error they end with.
func collect(t testing.TB, path string) (records []Record, err error) {
	t.Helper()
	r, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	for record, err := range r.Records() {
		if err != nil {
			return records, err
		}
		records = append(records, record)
	}
	return records, nil
}

// write makes a trace of the events in a new folder, and returns its bytes.
func write(t testing.TB, events []event) (path string, data []byte) {
	t.Helper()
	w, path := create(t)
	record(t, w, events)
	require.NoError(t, w.Close())
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	return path, data
}
