package main

import (
	"fmt"
	"math"
	"os"
	"slices"
	"time"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/sparsekernel/sparsekernel/backends"
)

func main() {
	backend, err := backends.Open("xla")
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	mk := func(m, n int) *tensors.Tensor {
		v := make([]float32, m*n)
		for i := range v {
			v[i] = float32(i*7919%1000)/1000 - .5
		}
		return tensors.FromFlatDataAndDimensions(v, m, n)
	}
	type kind struct {
		name string
		a, b [2]string
		f    func(a, b *graph.Node) *graph.Node
	}
	dg := func(a *graph.Node, i int, b *graph.Node, j int) *graph.Node {
		return graph.DotGeneral(a, []int{i}, nil, b, []int{j}, nil)
	}
	late := func(n *graph.Node) *graph.Node {
		return graph.Bitcast(graph.Transpose(graph.Bitcast(n, dtypes.Uint32), 0, 1), dtypes.Float32)
	}
	inf := float32(math.Inf(1))
	_ = late
	BO, IO, BI := [2]string{"B", "O"}, [2]string{"I", "O"}, [2]string{"B", "I"}
	_ = BI
	tr := func(n *graph.Node) *graph.Node { return graph.Transpose(n, 0, 1) }
	kinds := []kind{
		{"fwd x.W", BI, IO, func(a, b *graph.Node) *graph.Node { return dg(a, 1, b, 0) }},
		{"fwd mul late", BI, IO, func(a, b *graph.Node) *graph.Node { return tr(graph.MulScalar(tr(dg(a, 1, b, 0)), 1.0001)) }},
		{"dX g.W'", BO, IO, func(a, b *graph.Node) *graph.Node { return dg(a, 1, b, 1) }},
		{"dX *1.0001", BO, IO, func(a, b *graph.Node) *graph.Node { return tr(graph.MulScalar(tr(dg(a, 1, b, 1)), 1.0001)) }},
		{"dX max", BO, IO, func(a, b *graph.Node) *graph.Node { return tr(graph.Max(tr(dg(a, 1, b, 1)), graph.Scalar(b.Graph(), dtypes.Float32, -inf))) }},
		{"dX min", BO, IO, func(a, b *graph.Node) *graph.Node { return tr(graph.Min(tr(dg(a, 1, b, 1)), graph.Scalar(b.Graph(), dtypes.Float32, inf))) }},
		{"dX reverse", BO, IO, func(a, b *graph.Node) *graph.Node { return tr(graph.Reverse(graph.Reverse(tr(dg(a, 1, b, 1)), 0), 0)) }},
		{"dX reshape", BO, IO, func(a, b *graph.Node) *graph.Node { B, I := a.Shape().Dim(0), b.Shape().Dim(0)
			return graph.Reshape(graph.Transpose(graph.Reshape(dg(b, 1, a, 1), I/16, 16, B), 0, 2), B, I) }},
		{"dX flat", BO, IO, func(a, b *graph.Node) *graph.Node { B, I := a.Shape().Dim(0), b.Shape().Dim(0)
			return tr(graph.Reshape(graph.Reshape(dg(b, 1, a, 1), I*B), I, B)) }},
		{"dW x'.g", BI, BO, func(a, b *graph.Node) *graph.Node { return dg(a, 0, b, 0) }},
	}
	for _, s := range []map[string]int{{"B": 128, "I": 784, "O": 1024}, {"B": 128, "I": 1024, "O": 1024}, {"B": 64, "I": 2048, "O": 2048}} {
		var execs []func()
		for _, k := range kinds {
			e := graph.MustNewExec(backend, k.f)
			a, b := mk(s[k.a[0]], s[k.a[1]]), mk(s[k.b[0]], s[k.b[1]])
			execs = append(execs, func() {
				o := e.MustCall(a, b)
				o[0].MustConstFlatData(func(any) {})
				o[0].MustFinalizeAll()
			})
		}
		times := make([][]time.Duration, len(kinds))
		for r := range 45 {
			for i, e := range execs {
				t := time.Now()
				e()
				if r > 4 {
					times[i] = append(times[i], time.Since(t))
				}
			}
		}
		for i, k := range kinds {
			slices.Sort(times[i])
			fmt.Printf("B%d I%d O%d %-14s %6.2f ms (min %.2f) %.0f GFLOPS\n", s["B"], s["I"], s["O"], k.name, times[i][20].Seconds()*1e3, times[i][0].Seconds()*1e3, 2*float64(s["B"]*s["I"]*s["O"])/times[i][20].Seconds()/1e9)
		}
	}
}
