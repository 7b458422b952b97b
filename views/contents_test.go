package views

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Figures of one topic are one entry with a link for each layer; names leave out what all have in common.
func TestContents(t *testing.T) {
	const a, b = "/net/first/dense/weights", "/net/second/dense/weights"
	list := contents([]*Figure{{Topic: "Convergence"}, {Topic: "Mask", Layer: a}, {Topic: "Mask", Layer: b},
		{Topic: "Values", Layer: b}, {Title: "T"}})
	require.Equal(t, `<li><a href="#figure1-h">Convergence</a></li>`+
		`<li>Mask: <a href="#figure2-h" aria-label="Mask, /net/first/dense/weights">first</a>, `+
		`<a href="#figure3-h" aria-label="Mask, /net/second/dense/weights">second</a></li>`+
		`<li><a href="#figure4-h">Values, /net/second/dense/weights</a></li><li><a href="#figure5-h">T</a></li>`, list)
}

func TestShortNames(t *testing.T) {
	for _, test := range []struct{ layers, want []string }{
		{[]string{"/w"}, []string{"/w"}},
		{[]string{"/net/w", "/net/w/w"}, []string{"/net/w", "/net/w/w"}},
		{[]string{"/net/c1/conv/w", "/net/f/dense/w"}, []string{"c1/conv", "f/dense"}},
		{[]string{"plain", "names"}, []string{"plain", "names"}},
		{nil, nil},
	} {
		var figures []*Figure
		for _, layer := range test.layers {
			figures = append(figures, &Figure{Layer: layer})
		}
		short := shortNames(figures)
		require.Len(t, short, len(test.layers))
		for i, layer := range test.layers {
			require.Equal(t, test.want[i], short[layer])
		}
	}
}
