package graphs_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sparsekernel/sparsekernel/datasets/graphs"
	"github.com/stretchr/testify/require"
)

const (
	edgeList = "# Directed graph\n# FromNodeId\tToNodeId\n30\t5\n5 30\r\n\n7  1000000000000 1082040961\n% more\n5 5\n"
	market   = "%%MatrixMarket matrix coordinate real symmetric\n% a comment\n4 4 3\n2 1 0.5\n3 3 -1e3\n1 4 7\n"
)

func TestReadEdgeList(t *testing.T) {
	g, err := graphs.ReadEdgeList(strings.NewReader(edgeList))
	require.NoError(t, err)
	require.Equal(t, 4, g.Nodes()) // 5, 7, 30 and 10¹²
	require.Equal(t, []graphs.Pair{{0, 2}, {1, 3}}, slices.Collect(g.Edges()))
	require.Equal(t, 1, g.Loops)
	require.Equal(t, 1, g.Duplicates)
}

func TestReadMatrixMarket(t *testing.T) {
	g, err := graphs.ReadMatrixMarket(strings.NewReader(market))
	require.NoError(t, err)
	require.Equal(t, 4, g.Nodes())
	require.Equal(t, []graphs.Pair{{0, 1}, {0, 3}}, slices.Collect(g.Edges()))
	require.Equal(t, 1, g.Loops)
	g, err = graphs.ReadMatrixMarket(strings.NewReader("%%matrixmarket MATRIX coordinate pattern general \n3 3 2\n1 2\n2 1"))
	require.NoError(t, err)
	require.Equal(t, 3, g.Nodes())
	require.Equal(t, 1, g.NumEdges())
}

func TestReadFile(t *testing.T) {
	var zipped bytes.Buffer
	zipper := gzip.NewWriter(&zipped)
	_, err := zipper.Write([]byte(market))
	require.NoError(t, err)
	require.NoError(t, zipper.Close())
	for name, data := range map[string][]byte{"a.mtx": []byte(market), "b.gz": zipped.Bytes(), "c.txt": []byte(edgeList)} {
		path := filepath.Join(t.TempDir(), name)
		require.NoError(t, os.WriteFile(path, data, 0o644))
		g, err := graphs.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, 2, g.NumEdges())
		require.NoError(t, os.WriteFile(path, data[:len(data)-4], 0o644))
		g, err = graphs.ReadFile(path)
		if name == "c.txt" {
			require.NoError(t, err, "an edge list does not say how long it is")
			require.Equal(t, 0, g.Loops)
			continue
		}
		require.ErrorContains(t, err, path)
	}
	_, err = graphs.ReadFile(filepath.Join(t.TempDir(), "none"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestReadErrors(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"empty list":      {"# nothing\n", "the edge list is empty"},
		"one number":      {"1 2\n3\n", `line 2, offset 4: "3", want a line that begins with two integers`},
		"words":           {"# ok\nalice bob\n", `line 2, offset 5: "alice bob"`},
		"negative":        {"1 -2\n", `line 1, offset 0: "1 -2"`},
		"too large":       {"1 9223372036854775808\n", "integers from 0 to 9223372036854775807"},
		"long line":       {"1 2\n" + strings.Repeat("3", 70_000), "line 2, offset 4: the file is truncated, altered, or has a line"},
		"array":           {"%%MatrixMarket matrix array real general\n2 2\n", "line 1, offset 0: \"%%MatrixMarket matrix array"},
		"complex":         {"%%MatrixMarket matrix coordinate complex general\n", "then pattern, real or integer"},
		"hermitian":       {"%%MatrixMarket matrix coordinate pattern hermitian\n", "then general or symmetric"},
		"no sizes":        {"%%MatrixMarket matrix coordinate pattern general\n%\n", "want the numbers of rows, columns and entries"},
		"not square":      {"%%MatrixMarket matrix coordinate pattern general\n2 3 1\n1 1\n", "line 2, offset 49: the matrix is 2 by 3"},
		"no count":        {"%%MatrixMarket matrix coordinate pattern general\n3 3\n", `number of entries is ""`},
		"row too high":    {"%%MatrixMarket matrix coordinate pattern general\n3 3 1\n4 1\n", "line 3, offset 55: entry at row 4, column 1, want 1 to 3"},
		"row 0":           {"%%MatrixMarket matrix coordinate pattern general\n3 3 1\n0 1\n", "entry at row 0"},
		"no value":        {"%%MatrixMarket matrix coordinate real general\n3 3 1\n2 1\n", `the value is "", want a number`},
		"value":           {"%%MatrixMarket matrix coordinate pattern general\n3 3 1\n2 1 5\n", "want nothing in a pattern"},
		"too few entries": {"%%MatrixMarket matrix coordinate pattern general\n3 3 2\n2 1\n", "the file ends after 1 entries, want 2"},
		"too many":        {"%%MatrixMarket matrix coordinate pattern general\n3 3 1\n2 1\n3 1\n", "line 4, offset 59: an entry after the 1"},
		"all nodes":       {"%%MatrixMarket matrix coordinate pattern general\n2147483647 2147483647 1\n2 1\n", "2147483647 nodes for 1 entries"},
	} {
		t.Run(name, func(t *testing.T) {
			read := graphs.ReadEdgeList
			if strings.HasPrefix(c.text, "%%") {
				read = graphs.ReadMatrixMarket
			}
			_, err := read(strings.NewReader(c.text))
			require.ErrorContains(t, err, c.want)
		})
	}
	_, err := graphs.ReadMatrixMarket(strings.NewReader(""))
	require.ErrorContains(t, err, "the file is empty")
}

func FuzzReadEdgeList(f *testing.F) {
	f.Add(edgeList)
	f.Add("1 2")
	f.Add(market)
	f.Fuzz(func(t *testing.T, text string) {
		g, err := graphs.ReadEdgeList(strings.NewReader(text))
		if err != nil {
			require.Nil(t, g)
			return
		}
		require.NotZero(t, g.Nodes())
		var again strings.Builder
		for x := range g.Nodes() { // loops keep nodes without edges
			fmt.Fprintf(&again, "%d\t%d\n", x, x)
		}
		for edge := range g.Edges() {
			fmt.Fprintf(&again, "%d\t%d\n", edge[1], edge[0])
		}
		same, err := graphs.ReadEdgeList(strings.NewReader(again.String()))
		require.NoError(t, err)
		require.Equal(t, slices.Collect(g.Edges()), slices.Collect(same.Edges()))
		require.Equal(t, g.Nodes(), same.Nodes())
	})
}

func FuzzReadMatrixMarket(f *testing.F) {
	f.Add(market)
	f.Add("%%MatrixMarket matrix coordinate pattern general\n3 3 2\n1 2\n2 1")
	f.Fuzz(func(t *testing.T, text string) {
		g, err := graphs.ReadMatrixMarket(strings.NewReader(text))
		if err != nil {
			require.Nil(t, g)
			return
		}
		var again strings.Builder
		fmt.Fprintf(&again, "%%%%MatrixMarket matrix coordinate pattern symmetric\n%d %d %d\n", g.Nodes(), g.Nodes(), g.NumEdges())
		for edge := range g.Edges() {
			fmt.Fprintf(&again, "%d %d\n", edge[1]+1, edge[0]+1)
		}
		same, err := graphs.ReadMatrixMarket(strings.NewReader(again.String()))
		if err != nil { // many duplicates allow more nodes than the same edges without them
			require.ErrorContains(t, err, "nodes for")
			return
		}
		require.Equal(t, g.Nodes(), same.Nodes())
		require.Equal(t, slices.Collect(g.Edges()), slices.Collect(same.Edges()))
	})
}

func ExampleReadEdgeList() {
	g, err := graphs.ReadEdgeList(strings.NewReader("# who wrote to whom\n17 4\n4 23\n23 4\n"))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(g.Nodes(), "nodes,", g.NumEdges(), "edges,", g.Duplicates, "duplicate")
	// Output:
	// 3 nodes, 2 edges, 1 duplicate
}
