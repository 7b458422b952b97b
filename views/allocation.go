package views

import (
	"fmt"
	"math"
	"strings"

	"github.com/sparsekernel/sparsekernel/views/internal/svg"
)

// LayerSize is a layer to share a density out to.
type LayerSize struct {
	Name string
	Size int // Number of weights.
}

// Allocation shows how a distribution, such as ERK, shares a global sparsity out among layers: the density of each, with those
// that it leaves dense in another color. The interactive form has a slider for the sparsity, from 50% to 99%.
//
// distribution names what densities computes: from the global density, in [0, 1], those of the layers, in their order.
// sparsity is what the picture shows, in [0.5, 0.99].
func Allocation(distribution string, layers []LayerSize, sparsity float64,
	densities func(density float64) []float64) (*Figure, error) {
	if !(sparsity >= .5 && sparsity <= .99) {
		return nil, fmt.Errorf("views: the sparsity of an allocation must be in [0.5, 0.99], got %g", sparsity)
	}
	title := fmt.Sprintf("Where %s leaves weights: small layers stay denser than large ones", distribution)
	if len(layers) == 0 {
		return message(title, "There are no layers."), nil
	}
	const first, perPercent = 50, 2
	at := func(sparsity float64) ([]float64, error) {
		shares := densities(1 - sparsity)
		if len(shares) != len(layers) {
			return nil, fmt.Errorf("views: %s gave %d densities to %d layers", distribution, len(shares), len(layers))
		}
		return shares, nil
	}
	var table [][]float64
	for i := 0; i <= (99-first)*perPercent; i++ {
		shares, err := at((first + float64(i)/perPercent) / 100)
		if err != nil {
			return nil, err
		}
		for j := range shares {
			shares[j] = rounded(shares[j], 7)
		}
		table = append(table, shares)
	}
	shown, err := at(sparsity)
	if err != nil {
		return nil, err
	}
	var names []string
	var sizes []int
	for _, l := range layers {
		names, sizes = append(names, l.Name), append(sizes, l.Size)
	}
	w, err := newWidget("allocation", map[string]any{
		"distribution": distribution, "names": names, "sizes": sizes, "table": table, "first": first, "perPercent": perPercent, "start": int(math.Round((100*sparsity - first) * perPercent))})
	if err != nil {
		return nil, err
	}
	return &Figure{Title: title, Topic: "Allocation by " + distribution, picture: allocationBars(layers, shown), widget: w,
		Alt: fmt.Sprintf("Bars of the density that %s gives each layer at %.4g%% sparsity: %s.",
			distribution, 100*sparsity, allocationWords(layers, shown))}, nil
}

func allocationBars(layers []LayerSize, densities []float64) *svg.Document {
	const row, names, bar = 24., 260., 300.
	d := svg.New(720, row*float64(len(layers)+1)+8)
	d.Rect("p0", names, 6, 12, 12, "")
	d.Text("", names+18, 16, svg.Start, "sparse")
	d.Rect("p1", names+90, 6, 12, 12, "")
	d.Text("", names+108, 16, svg.Start, "left dense")
	for i, l := range layers {
		y, class := row*float64(i+1), "p0"
		if densities[i] >= 1 {
			class = "p1"
		}
		d.Text("", names-8, y+15, svg.End, l.Name)
		d.Rect("empty", names, y+2, bar, row-4, "")
		d.Rect(class, names, y+2, bar*densities[i], row-4, "")
		count := fmt.Sprintf("%.3g%%, %.0f of %d", 100*densities[i], densities[i]*float64(l.Size), l.Size)
		d.Text("", names+bar+8, y+15, svg.Start, count)
	}
	return d
}

func allocationWords(layers []LayerSize, densities []float64) string {
	var words []string
	for i, l := range layers {
		words = append(words, fmt.Sprintf("%s %.3g%%", l.Name, 100*densities[i]))
	}
	return strings.Join(words, ", ")
}
