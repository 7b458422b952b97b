package whatif_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/backends"
	"github.com/sparsekernel/sparsekernel/backends/backendtest"
	"github.com/sparsekernel/sparsekernel/dstee"
	"github.com/sparsekernel/sparsekernel/interchange/safetensors"
	"github.com/sparsekernel/sparsekernel/whatif"
)

// newLayer returns a layer of random weights at density 1/5, of which as many stay active.
func newLayer(path string, seed uint64, dims ...int) whatif.Layer {
	rng := rand.New(rand.NewPCG(seed, 0))
	size := 1
	for _, dim := range dims {
		size *= dim
	}
	weight, gradient := make([]float32, size), make([]float32, size)
	mask, visits := make([]bool, size), make([]int32, size)
	active := 0
	for i := range weight {
		gradient[i] = float32(rng.NormFloat64())
		visits[i] = max(0, rng.Int32N(8)-3)
		if mask[i] = rng.IntN(5) == 0; mask[i] {
			active++
			visits[i]++
			weight[i] = float32(rng.NormFloat64())
		}
	}
	l := whatif.Layer{Target: active}
	l.Path = path
	l.Weight, l.Gradient = tensors.FromFlatDataAndDimensions(weight, dims...), tensors.FromFlatDataAndDimensions(gradient, dims...)
	l.Mask, l.Visits = tensors.FromFlatDataAndDimensions(mask, dims...), tensors.FromFlatDataAndDimensions(visits, dims...)
	return l
}

func newRound() *whatif.Round {
	return &whatif.Round{Number: 3, Step: 300, TotalSteps: 1000, Seed: 7, DropFraction: 0.3,
		Layers: []whatif.Layer{newLayer("/a/weights", 1, 20, 30), newLayer("/b/weights", 2, 400)}}
}

func dstEE(c float64) dstee.Acquisition { return dstee.DSTEE(dstee.Constant(c), dstee.Constant(1)) }

// An acquisition agrees with itself and with others that order alike, by whatever scores.
func TestAlike(t *testing.T) {
	backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
		doubled := dstee.Acquisition{Name: "twice", Score: func(s *dstee.Signals) *Node { return MulScalar(Abs(s.Gradient), 2) }}
		report, err := newRound().Compare(backend, dstee.RigL(), dstee.RigL(), dstEE(0), doubled, dstee.MustFormula("abs(g)"))
		require.NoError(t, err)
		for _, l := range append(report.Layers, report.Total) {
			require.Len(t, l.Choices, 5)
			require.Len(t, l.Pairs, 10)
			for _, pair := range l.Pairs {
				require.Equal(t, 1.0, pair.Overlap, pair)
				require.InDelta(t, 1, *pair.Correlation, 1e-12)
				require.Equal(t, l.Choices[0].Grown, pair.Common)
			}
		}
	})
}

// Numbers are those counted by hand from the masks of dstee's own update, and those asked for.
func TestCounts(t *testing.T) {
	backend := backendtest.One(t)
	round := newRound()
	grow := dstEE(0.5)
	report, err := round.Compare(backend, grow)
	require.NoError(t, err)
	updater, err := dstee.NewUpdater(backend, dstee.Magnitude(), grow, dstee.OnHost)
	require.NoError(t, err)
	for i, l := range round.Layers {
		move, err := updater.Update(l.LayerState, l.Target, l.Target, round.DropFraction, round.Step, 0)
		require.NoError(t, err)
		before, kept, after := tensors.MustCopyFlatData[bool](l.Mask), tensors.MustCopyFlatData[bool](move.Kept), tensors.MustCopyFlatData[bool](move.Mask)
		gradients, counts := tensors.MustCopyFlatData[float32](l.Gradient), tensors.MustCopyFlatData[int32](l.Visits)
		want := whatif.Choice{Acquisition: "dst-ee"}
		candidates, visits, lowest := 0, 0, math.Inf(1)
		for j := range after {
			if !kept[j] {
				candidates++
			}
			if kept[j] || !after[j] {
				continue
			}
			want.Grown++
			visits += int(counts[j])
			if counts[j] == 0 {
				want.NeverActive++
			}
			if before[j] {
				want.Regrown++
			}
			lowest = min(lowest, math.Abs(float64(gradients[j]))+0.5*math.Log(300)/float64(counts[j]+1))
		}
		require.Equal(t, int(math.Ceil(0.3*float64(l.Target))), want.Grown)
		want.MeanVisits = float64(visits) / float64(want.Grown)
		got := report.Layers[i]
		require.Equal(t, []any{l.Path, len(after), candidates}, []any{got.Path, got.Size, got.Candidates})
		require.InDelta(t, lowest, *got.Choices[0].Threshold, 1e-5)
		want.Threshold = got.Choices[0].Threshold
		require.Equal(t, []whatif.Choice{want}, got.Choices)
	}
	total := report.Total.Choices[0]
	require.Equal(t, report.Layers[0].Choices[0].Grown+report.Layers[1].Choices[0].Grown, total.Grown)
	require.Equal(t, report.Layers[0].Choices[0].NeverActive+report.Layers[1].Choices[0].NeverActive, total.NeverActive)
	require.Nil(t, total.Threshold)
}

// Opposed scores choose apart and correlate at -1; a constant score correlates with nothing.
func TestOpposed(t *testing.T) {
	report, err := newRound().Compare(backendtest.One(t), dstee.MustFormula("g"), dstee.MustFormula("-g"), dstee.MustFormula("0*m"))
	require.NoError(t, err)
	for _, l := range append(report.Layers, report.Total) {
		require.Zero(t, l.Pairs[0].Common)
		require.Zero(t, l.Pairs[0].Overlap)
		require.InDelta(t, -1, *l.Pairs[0].Correlation, 1e-12)
		require.Nil(t, l.Pairs[1].Correlation)
	}
}

// Along c DST-EE goes from RigL to the least visited, and explores more and more.
func TestCurve(t *testing.T) {
	backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
		curve, err := newRound().Curve(backend, 1, whatif.DefaultCs())
		require.NoError(t, err)
		points := curve.Points
		require.Equal(t, []float64{0, 1}, []float64{points[0].C, points[0].RigL})
		require.Less(t, points[0].LeastVisited, 1.0)
		for i, p := range points[1:] {
			require.LessOrEqual(t, p.RigL, points[i].RigL)
			require.GreaterOrEqual(t, p.LeastVisited, points[i].LeastVisited)
			require.LessOrEqual(t, p.MeanVisits, points[i].MeanVisits)
		}
		require.Less(t, points[len(points)-1].RigL, 0.5)
		require.Equal(t, 1.0, points[len(points)-1].LeastVisited)
		require.Equal(t, 0.0, points[len(points)-1].MeanVisits, "more candidates were never active than are grown")

		byVisits := dstee.MustFormula("-n")
		report, err := newRound().Compare(backend, dstEE(1e12), byVisits)
		require.NoError(t, err)
		require.Equal(t, 1.0, report.Total.Pairs[0].Overlap, "the gradient is lost in rounding: only visits are left")
		require.InDelta(t, 1, *report.Total.Pairs[0].Correlation, 1e-12)
	})
}

// What is recorded of a run's mask update chooses what the run chose, random scores included.
func TestAsTheRun(t *testing.T) {
	backend := backendtest.One(t)
	store, round := recorded(t, backend)
	path := filepath.Join(t.TempDir(), "round.safetensors")
	require.NoError(t, round.WriteFile(path))
	read, err := whatif.Read(path)
	require.NoError(t, err)
	for _, l := range read.Layers {
		after := store.GetVariable("/dstee" + l.Path + "/mask").MustValue()
		asTheRun := dstee.Acquisition{Name: "as the run", Score: func(s *dstee.Signals) *Node {
			return ConvertDType(ConstTensor(s.Weight.Graph(), after), dtypes.Float32)
		}}
		alone := *read
		alone.Layers = []whatif.Layer{l}
		report, err := alone.Compare(backend, dstee.SET(), asTheRun)
		require.NoError(t, err)
		require.Positive(t, report.Total.Choices[0].Grown)
		require.Equal(t, 1.0, report.Total.Pairs[0].Overlap, l.Path)
	}
}

// Ties share the mean of their ranks: by hand, from the definition.
func TestRankCorrelationWithTies(t *testing.T) {
	l := whatif.Layer{Target: 1}
	l.Path = "/w"
	l.Weight = tensors.FromValue([]float32{1, 0, 0, 0, 0})
	l.Mask = tensors.FromValue([]bool{true, false, false, false, false})
	l.Gradient = tensors.FromValue([]float32{9, 1, 2, 2, 3})
	l.Visits = tensors.FromValue([]int32{1, 0, 0, 5, 5})
	round := &whatif.Round{Number: 1, Step: 1, TotalSteps: 1, DropFraction: 0, Layers: []whatif.Layer{l}}
	report, err := round.Compare(backendtest.One(t), dstee.RigL(), dstee.MustFormula("n"))
	require.NoError(t, err)
	require.Equal(t, 4, report.Total.Candidates)
	// Ranks 1, 2.5, 2.5, 4 and 1.5, 1.5, 3.5, 3.5: covariance 4·1 = 3/4·4, variances 4.5 and 4.
	require.InDelta(t, 3/math.Sqrt(4.5*4), *report.Total.Pairs[0].Correlation, 1e-12)
	require.Equal(t, 1.0, report.Total.Pairs[0].Overlap, "nothing to grow: nothing apart")
	require.Nil(t, report.Total.Choices[0].Threshold)
}

func TestFormats(t *testing.T) {
	backend := backendtest.One(t)
	report, err := newRound().Compare(backend, dstee.RigL(), dstEE(1))
	require.NoError(t, err)
	curve, err := newRound().Curve(backend, 1, []float64{0, 1})
	require.NoError(t, err)
	var text, asCSV, asJSON bytes.Buffer
	require.NoError(t, report.WriteText(&text))
	require.Contains(t, text.String(), "total: 1000 weights")
	require.NoError(t, report.WriteCSV(&asCSV))
	rows, err := csv.NewReader(&asCSV).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, 1+3*(2*5+3))
	require.NoError(t, report.WriteJSON(&asJSON))
	var again whatif.Report
	require.NoError(t, json.Unmarshal(asJSON.Bytes(), &again))
	require.Equal(t, *report, again)

	text.Reset()
	require.NoError(t, curve.WriteText(&text))
	require.Contains(t, text.String(), "overlap with RigL")
	asCSV.Reset()
	require.NoError(t, curve.WriteCSV(&asCSV))
	rows, err = csv.NewReader(&asCSV).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, 3)
	asJSON.Reset()
	require.NoError(t, curve.WriteJSON(&asJSON))
	var curveAgain whatif.Curve
	require.NoError(t, json.Unmarshal(asJSON.Bytes(), &curveAgain))
	require.Equal(t, *curve, curveAgain)
}

func TestErrors(t *testing.T) {
	backend := backendtest.One(t)
	path := filepath.Join(t.TempDir(), "round")
	for want, spoil := range map[string]func(r *whatif.Round){
		"rounds are counted from 1, got 0":                        func(r *whatif.Round) { r.Number = 0 },
		"the step of a round must be in [1, 1000]":                func(r *whatif.Round) { r.Step = 1001 },
		"the drop fraction must be in [0, 1], got NaN":            func(r *whatif.Round) { r.DropFraction = math.NaN() },
		"the round has no layers":                                 func(r *whatif.Round) { r.Layers = nil },
		`unknown drop "oldest"`:                                   func(r *whatif.Round) { r.Drop = "oldest" },
		`there are two layers "/a/weights"`:                       func(r *whatif.Round) { r.Layers[1].Path = "/a/weights" },
		`layer "/a/weights": of 600 weights 601 cannot be active`: func(r *whatif.Round) { r.Layers[0].Target = 601 },
		`layer "/a/weights": the gradient is of shape [400]`:      func(r *whatif.Round) { r.Layers[0].Gradient = r.Layers[1].Gradient },
		`layer "/a/weights": the mask must be Bool, it is Int32`:  func(r *whatif.Round) { r.Layers[0].Mask = r.Layers[0].Visits },
		`layer "/a/weights": the visits is missing`:               func(r *whatif.Round) { r.Layers[0].Visits = nil },
		`layer "/a/weights": the momentum is of shape [400]`:      func(r *whatif.Round) { r.Layers[0].Momentum = r.Layers[1].Weight },
		`layer "/a/weights": the momentum must be of a float`:     func(r *whatif.Round) { r.Layers[0].Momentum = r.Layers[0].Visits },
	} {
		round := newRound()
		spoil(round)
		_, err := round.Compare(backend, dstee.RigL())
		require.ErrorContains(t, err, want)
		_, err = round.Curve(backend, 1, nil)
		require.ErrorContains(t, err, want)
		require.ErrorContains(t, round.WriteFile(path), want)
		require.NoFileExists(t, path)
	}
	_, err := newRound().Compare(backend)
	require.ErrorContains(t, err, "no acquisitions")
	_, err = newRound().Compare(backend, dstee.Acquisition{Name: "empty"})
	require.ErrorContains(t, err, `"empty" has no Score`)
	_, err = newRound().Curve(backend, 0, nil)
	require.ErrorContains(t, err, "ε must be above 0, got 0")
	_, err = newRound().Curve(backend, 1, []float64{-1})
	require.ErrorContains(t, err, "c must be 0 or more, got -1")
	_, err = whatif.Read(path)
	require.ErrorIs(t, err, os.ErrNotExist)
	write := func(metadata map[string]string) {
		var file bytes.Buffer
		require.NoError(t, safetensors.Write(&file, metadata))
		require.NoError(t, os.WriteFile(path, file.Bytes(), 0o644))
	}
	write(nil)
	_, err = whatif.Read(path)
	require.ErrorContains(t, err, path+": this is no recorded round")
	for want, description := range map[string]string{
		"not the JSON that it should be":        "{",
		"of version 9":                          `{"version":9}`,
		"weights of 0 layers, but targets of 1": `{"version":1,"round":1,"step":1,"total_steps":1,"targets":{"/w":1}}`,
		"the round has no layers":               `{"version":1,"round":1,"step":1,"total_steps":1}`,
	} {
		write(map[string]string{"sparsekernel.round": description})
		_, err = whatif.Read(path)
		require.ErrorContains(t, err, want)
	}
}

// Whatever the bytes are, they are refused, or are a round that can be written, and read again as it was.
func FuzzRead(f *testing.F) {
	path := filepath.Join(f.TempDir(), "round")
	small := &whatif.Round{Number: 1, Step: 5, TotalSteps: 9, Seed: -1, DropFraction: 0.5, Drop: "magnitude", Layers: []whatif.Layer{newLayer("/w", 1, 2, 3)}}
	require.NoError(f, small.WriteFile(path))
	data, err := os.ReadFile(path)
	require.NoError(f, err)
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "round")
		require.NoError(t, os.WriteFile(path, data, 0o644))
		round, err := whatif.Read(path)
		if err != nil {
			return
		}
		require.NoError(t, round.WriteFile(path))
		written, err := os.ReadFile(path)
		require.NoError(t, err)
		again, err := whatif.Read(path)
		require.NoError(t, err)
		require.Len(t, again.Layers, len(round.Layers))
		require.NoError(t, again.WriteFile(path))
		rewritten, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, written, rewritten)
	})
}

func Example() {
	backend, err := backends.Open("go")
	if err != nil {
		panic(err)
	}
	// In practice: round, err := whatif.Read("runs/a/rounds/…").
	round := &whatif.Round{Number: 2, Step: 200, TotalSteps: 1000, DropFraction: 0.3, Layers: []whatif.Layer{newLayer("/dense/weights", 1, 50, 40)}}
	report, err := round.Compare(backend, dstee.RigL(), dstee.MustFormula("abs(g)/(n+1)"))
	if err != nil {
		panic(err)
	}
	for _, choice := range report.Total.Choices {
		fmt.Printf("%s grows %d weights, %d of them never active before\n", choice.Acquisition, choice.Grown, choice.NeverActive)
	}
	pair := report.Total.Pairs[0]
	fmt.Printf("overlap %.2f, rank correlation %.2f\n", pair.Overlap, *pair.Correlation)
	// Output:
	// rigl grows 116 weights, 56 of them never active before
	// abs(g)/(n+1) grows 116 weights, 116 of them never active before
	// overlap 0.32, rank correlation 0.79
}
