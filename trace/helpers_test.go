package trace

import (
	"math"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
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
	l := &layerSim{path: path, shape: shape, mask: make([]bool, size), visits: make([]int32, size), rng: rand.New(rand.NewPCG(seed, 7))}
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
	m := Move{Path: l.path, Shape: l.shape, Kept: make([]bool, n), Mask: make([]bool, n), Visits: append([]int32(nil), l.visits...),
		Weight: make([]float32, n), Gradient: make([]float32, n), Score: make([]float32, n)}
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
		l.visits[i] += int32(bit(active))
	}
}

// moved is an update that was recorded, and what it was made of.
type moved struct {
	update Update
	moves  []Move
	before [][]bool
}

// record records steps 1 to the given one, with an update after each tenth step, and returns the updates.
func record(t testing.TB, w *Writer, from, to int, layers ...*layerSim) []moved {
	t.Helper()
	var all []moved
	if from == 1 {
		u := moved{}
		for _, l := range layers {
			u.moves = append(u.moves, l.first())
		}
		require.NoError(t, w.Update(u.update, u.moves...))
		all = append(all, u)
	}
	for step := from; step <= to; step++ {
		if step%10 == 0 {
			u := moved{update: Update{Step: step, Round: step / 10, DropFraction: 0.3, Params: Scalars{"c": 1e-4, "epsilon": 1}}}
			for _, l := range layers {
				u.before = append(u.before, append([]bool(nil), l.mask...))
				u.moves = append(u.moves, l.next(0.3))
			}
			require.NoError(t, w.Update(u.update, u.moves...))
			all = append(all, u)
		}
		s := Step{Step: step, Scalars: Scalars{Loss: 1 / float64(step), LearningRate: 0.1}}
		if step == 3 {
			s.Scalars[Loss] = math.NaN()
		}
		require.NoError(t, w.Step(s))
		require.NoError(t, w.Time(Timing{Step: step, Seconds: 0.001}))
	}
	return all
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
