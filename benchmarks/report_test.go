package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// example is a report of two works: what is exact is given, so that what is derived can be checked.
func example() *Report {
	training := func(step float64) Training {
		return Training{Step: Sample{step * 0.9, step, step * 1.1}, FirstStep: step + 2, Start: 3, IdleMemory: 1e8, PeakMemory: 2e8}
	}
	result := func(work, peer string, dense, masked float64) Result {
		return Result{Work: work, Peer: peer, Parameters: 1863690, MACs: 1861632, Sizes: []int{100}, Active: []int{5},
			Dense: training(dense), Masked: training(masked), Update: Sample{0.02, 0.02, 0.02}, AfterUpdate: Sample{masked, masked, masked}}
	}
	r := &Report{Machine: "a machine", Threads: 2, Density: 0.05, Results: []Result{
		result("mlp", "xla", 0.010, 0.012), result("mlp", "go", 0.1, 0.2), result("mlp", "pytorch", 0.008, 0.008), result("mlp", "jax", 0.02, 0.02),
		result("cnn", "xla", 1, 1.5),
	}}
	r.Results[0].Fetch = Sample{0.0006}
	return r
}

func TestSample(t *testing.T) {
	require.Zero(t, Sample(nil).Median())
	require.Equal(t, 7.0, Sample{7}.Median())
	s := Sample{5, 1, 4, 2, 3}
	first, third := s.Quartiles()
	require.Equal(t, []float64{2, 3, 4}, []float64{first, s.Median(), third})
	require.Equal(t, 1.5, Sample{2, 1}.Median())
	require.Equal(t, Sample{5, 1, 4, 2, 3}, s, "a sample is not sorted in place")
}

func TestUpdateShare(t *testing.T) {
	r := Result{Masked: Training{Step: Sample{0.1}}, Update: Sample{0.5}, AfterUpdate: Sample{0.6}}
	require.InDelta(t, 1.0/11, r.UpdateShare(100), 1e-12, "the update takes 0.5 s, and slows the next step by 0.5 s")
	r.AfterUpdate = Sample{0.05}
	require.InDelta(t, 0.5/10.5, r.UpdateShare(100), 1e-12, "a fast step after the update is no gain of the update")
}

func TestTables(t *testing.T) {
	var out strings.Builder
	require.NoError(t, writeTables(&out, example()))
	var rows [][]string
	for line := range strings.Lines(out.String()) {
		if strings.HasPrefix(line, "|") {
			rows = append(rows, strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|"))
		}
	}
	require.Len(t, rows, 2*2+5, "two tables with a header of two lines")
	for _, row := range rows {
		require.Len(t, row, len(rows[0]), "%q", row)
	}
	xla := rows[2]
	require.Contains(t, xla[0], "sparsekernel, XLA")
	require.Contains(t, xla[2], "12.0 (")
	require.Equal(t, " 1.20 ", xla[3], "masked to dense")
	require.Equal(t, " 1.50 ", xla[4], "to PyTorch, which is the fastest other")
	require.Equal(t, " 5% ", xla[11], "of a step, for reading a batch")
	require.Equal(t, " 0.67 ", rows[4][4], "PyTorch is compared with sparsekernel on XLA")
	require.Contains(t, rows[4][0], "PyTorch")
	require.Equal(t, " – ", rows[8][4], "the CNN has no other library to compare with")
}

func TestFastestOther(t *testing.T) {
	rows := example().Results[:4]
	require.Equal(t, 0.008, fastestOther("xla", rows), "and not sparsekernel in Go")
	require.Equal(t, 0.012, fastestOther("pytorch", rows))
	require.Zero(t, fastestOther("xla", rows[:2]))
}

func TestSignificant(t *testing.T) {
	for x, want := range map[float64]string{1234.6: "1235", 123.4: "123", 12.34: "12.3", 1.234: "1.23", 0.1234: "0.123", 0: "0.000"} {
		require.Equal(t, want, significant(x))
	}
	require.Equal(t, "1,863,690", number(1863690))
	require.Equal(t, "690", number(690))
}

func TestPlot(t *testing.T) {
	figure := plot(example())
	require.Contains(t, figure.Alt, "MLP 784-1024-1024-10, batch 128: sparsekernel, XLA 1.50")
	require.NotContains(t, figure.Alt, "CNN", "no other library was measured there")
	path := filepath.Join(t.TempDir(), "plot.svg")
	require.NoError(t, drawTo(path, example()))
	svg, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Contains(t, string(svg), "1.50× (12.0 ms)")
	require.Contains(t, string(svg), "12.0 (11.4–12.6) ms; dense 10.0 (9.50–10.5) ms")
	require.True(t, plot(&Report{}).Empty())
}

func TestReportsAreJoined(t *testing.T) {
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a.json"), filepath.Join(dir, "b.json")
	require.NoError(t, example().write(a))
	later := &Report{Machine: "a machine", Threads: 2, Density: 0.05, Results: []Result{{Work: "mlp", Peer: "go", Parameters: 7}, {Work: "link", Peer: "xla"}}}
	require.NoError(t, later.write(b))

	joined, err := readReports(a, b)
	require.NoError(t, err)
	require.Len(t, joined.Results, 6)
	replaced, found := joined.find("mlp", "go")
	require.True(t, found)
	require.Equal(t, 7, replaced.Parameters)
	kept, _ := joined.find("mlp", "xla")
	require.Equal(t, example().Results[0], kept)

	later.Machine = "another"
	require.NoError(t, later.write(b))
	_, err = readReports(a, b)
	require.ErrorContains(t, err, "another")
	require.NoError(t, os.WriteFile(b, []byte("{"), 0o644))
	_, err = readReports(a, b)
	require.ErrorContains(t, err, b)
}
