// Command masks draws the picture of the README from real runs on the embedded digits:
//
//	go run ./docs/masks > docs/masks.svg
//
// Above, the input map: how many weights leave each pixel of the 8×8 image, from the first, random mask to the last.
// Below, the exploration rate of DST-EE, of RigL, which grows by the gradient alone, and of masks that never move.
package main

import (
	"fmt"
	"io"
	"log"
	"os"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train"
	"github.com/gomlx/gomlx/ml/train/loss"
	"github.com/gomlx/gomlx/ml/train/optimizer"

	"github.com/sparsekernel/sparsekernel/backends"
	"github.com/sparsekernel/sparsekernel/datasets"
	"github.com/sparsekernel/sparsekernel/dstee"
	"github.com/sparsekernel/sparsekernel/models"
	"github.com/sparsekernel/sparsekernel/optimizers"
)

const (
	side   = 8 // Pixels.
	hidden = 512
	steps  = 2000
	deltaT = 50
	c      = 1e-3 // More than the default, so that exploration is seen.
	input  = "/mlp/hidden_1/dense/weights"
)

// history is what a run's masks did: the out-degree of each pixel, and the exploration rate, after each update.
type history struct {
	degrees  [][side * side]int
	explored []float64
}

func main() {
	backend, err := backends.Open("")
	if err != nil {
		log.Fatal(err)
	}
	ours, err := record(backend, dstee.New(0.05).Exploration(dstee.Constant(c), dstee.Constant(dstee.DefaultEpsilon)).DeltaT(deltaT))
	if err != nil {
		log.Fatal(err)
	}
	rigl, err := record(backend, dstee.New(0.05).Grow(dstee.RigL()).DeltaT(deltaT))
	if err != nil {
		log.Fatal(err)
	}
	draw(os.Stdout, ours, rigl)
}

// record trains an MLP of density 0.05 on the digits, and records its masks.
func record(backend compute.Backend, sparse *dstee.Sparsifier) (*history, error) {
	training, _, err := datasets.Digits()
	if err != nil {
		return nil, err
	}
	batches, err := datasets.NewBatches(training, 64, 0)
	if err != nil {
		return nil, err
	}
	store := model.NewStore()
	if err := store.SetRNGStateFromSeed(0); err != nil {
		return nil, err
	}
	h := &history{}
	look := func(*dstee.MaskUpdate) error {
		mask, err := sparse.Mask(input)
		if err != nil {
			return err
		}
		_, total, err := sparse.Stats()
		if err != nil {
			return err
		}
		var degrees [side * side]int
		for i, active := range mask {
			if active {
				degrees[i/hidden]++
			}
		}
		h.degrees = append(h.degrees, degrees)
		h.explored = append(h.explored, total.ExplorationRate())
		return nil
	}
	schedule := optimizers.Cosine{Rate: 0.01, Length: steps}
	base := sparse.OnUpdate(look).Optimizer(optimizers.Scheduled(optimizer.Adam().Done(), schedule))
	trainer := train.NewTrainer(backend, store, models.MLP(hidden, 256).Done(), loss.SparseCategoricalCrossEntropyLogits, base, nil, nil)
	loop := train.NewLoop(trainer)
	sparse.Attach(loop)
	_, err = loop.RunSteps(batches, steps)
	return h, err
}

// draw writes the picture.
func draw(w io.Writer, ours, rigl *history) {
	const width, height, cell = 900, 400, 14
	fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="system-ui, sans-serif" font-size="14" role="img" aria-labelledby="title desc">
<title id="title">Masks move: first to the ink, then to pixels seldom tried</title>
<desc id="desc">Six maps of 8 by 8 pixels, from early to late in training: active weights gather in the middle of the image, where the digits are, and later spread to its border. Below, the share of weights ever tried grows to %.0f%% with DST-EE and to %.0f%% with RigL.</desc>
<style>.ink{fill:#1f2937}.soft{fill:#6b7280}.line{stroke:#9ca3af}@media (prefers-color-scheme: dark){.ink{fill:#e5e7eb}.soft{fill:#9ca3af}.line{stroke:#6b7280}}</style>
`, width, height, 100*ours.explored[len(ours.explored)-1], 100*rigl.explored[len(rigl.explored)-1])
	text := func(x, y int, class, anchor, format string, args ...any) {
		fmt.Fprintf(w, `<text x="%d" y="%d" class="%s" text-anchor="%s">%s</text>`+"\n", x, y, class, anchor, fmt.Sprintf(format, args...))
	}

	text(20, 24, "ink", "start", "Active weights per pixel of the 8×8 digits: they go to the ink first, where gradients are large, then to pixels seldom tried")
	rounds := []int{0, 1, 3, 7, 19, len(ours.degrees) - 1}
	most := 1
	for _, r := range rounds {
		for _, d := range ours.degrees[r] {
			most = max(most, d)
		}
	}
	for i, r := range rounds {
		left := 20 + i*148
		for p, d := range ours.degrees[r] {
			fmt.Fprintf(w, `<rect x="%d" y="%d" width="%d" height="%d" fill="%s"/>`+"\n",
				left+p%side*cell, 40+p/side*cell, cell, cell, shade(float64(d)/float64(most)))
		}
		text(left+side*cell/2, 172, "soft", "middle", "step %d", (r+1)*deltaT)
	}

	const top, bottom, left, right = 215, 360, 60, 760
	text(20, 200, "ink", "start", "Share of all weights tried so far, at 95%% sparsity")
	x := func(round int) float64 {
		return left + float64(round)/float64(len(ours.explored)-1)*(right-left)
	}
	y := func(share float64) float64 { return bottom - share/0.5*(bottom-top) }
	for _, share := range []float64{0, 0.25, 0.5} {
		fmt.Fprintf(w, `<line x1="%d" x2="%d" y1="%.1f" y2="%.1f" class="line" stroke-width="0.5"/>`+"\n", left, right, y(share), y(share))
		text(left-8, int(y(share))+5, "soft", "end", "%.0f%%", 100*share)
	}
	curve := func(label, color string, explored []float64) {
		fmt.Fprintf(w, `<polyline fill="none" stroke="%s" stroke-width="2.5" points="`, color)
		for i, share := range explored {
			fmt.Fprintf(w, "%.1f,%.1f ", x(i), y(share))
		}
		fmt.Fprintln(w, `"/>`)
		last := explored[len(explored)-1]
		text(right+10, int(y(last))+5, "ink", "start", "%s %.0f%%", label, 100*last)
	}
	curve("DST-EE", "#0072b2", ours.explored)
	curve("RigL", "#d55e00", rigl.explored)
	static := make([]float64, len(ours.explored))
	for i := range static {
		static[i] = 0.05
	}
	curve("static", "#009e73", static)
	text(left, 385, "soft", "start", "step %d", deltaT)
	text(right, 385, "soft", "end", "step %d", steps)
	fmt.Fprintln(w, "</svg>")
}

// shade is a color between light and dark, readable on both backgrounds and by the color-blind.
func shade(share float64) string {
	from, to := [3]float64{237, 244, 250}, [3]float64{0, 60, 120}
	var c [3]int
	for i := range c {
		c[i] = int(from[i] + share*(to[i]-from[i]))
	}
	return fmt.Sprintf("#%02x%02x%02x", c[0], c[1], c[2])
}
