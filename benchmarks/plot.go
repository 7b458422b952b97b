package main

import (
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/sparsekernel/sparsekernel/benchmarks/work"
)

// Measures of the plot, in pixels.
const (
	plotWidth   = 820.0
	plotLeft    = 260.0 // Of the axis.
	plotRight   = 710.0
	plotTop     = 70.0
	barHeight   = 14.0
	groupMargin = 30.0 // Between works, with the title of the next.
)

// plotStyle follows the theme of the reader's system. Colors are near those of Okabe and Ito (2008), which readers with
// any of the common kinds of color blindness tell apart.
const plotStyle = `.ink{fill:#1b1b1b}.soft{fill:#5a5a5a}.grid{stroke:#e3e3e3}.one{stroke:#1b1b1b;stroke-dasharray:4 3}` +
	`.c0{fill:#0072b2}.c1{fill:#c74f00}.c2{fill:#007f5f}.c3{fill:#a8417f}.c4{fill:#8f6b00}` +
	`@media(prefers-color-scheme:dark){.ink{fill:#ececec}.soft{fill:#b5b5b5}.grid{stroke:#3d3d3d}.one{stroke:#ececec}` +
	`.c0{fill:#56b4e9}.c1{fill:#ff8a3d}.c2{fill:#2fc59b}.c3{fill:#e08ac0}.c4{fill:#f0c419}}`

// writePlot draws the masked training steps of a report as SVG: per work a bar for each peer, relative to the fastest
// other library, on a logarithmic axis, with lines from the first to the third quartile.
func writePlot(out io.Writer, r *Report) error {
	groups := plotGroups(r)
	low, high := 1.0, 1.0
	height := plotTop
	for _, g := range groups {
		height += groupMargin + barHeight*float64(len(g.bars))
		for _, b := range g.bars {
			low, high = min(low, b.first), max(high, b.third)
		}
	}
	low, high = low/1.2, high*1.2
	x := func(ratio float64) float64 {
		return plotLeft + (plotRight-plotLeft)*math.Log(ratio/low)/math.Log(high/low)
	}

	p := &printer{out: out}
	p.printf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %g %g" font-family="system-ui,sans-serif" font-size="12" `+
		`role="img" aria-labelledby="title desc">`+"\n", plotWidth, height+20)
	p.printf("<title id=\"title\">Time of a masked training step, relative to the fastest other library</title>\n<desc id=\"desc\">")
	for _, g := range groups {
		p.printf("%s:", g.title)
		for _, b := range g.bars {
			p.printf(" %s %.2f;", b.title, b.ratio)
		}
		p.printf(" ")
	}
	p.printf("</desc>\n<style>%s</style>\n", plotStyle)
	p.printf(`<text x="8" y="20" class="ink" font-size="15" font-weight="600">%s</text>`+"\n",
		"A masked training step, relative to the fastest other library")
	p.printf(`<text x="8" y="38" class="soft">further left is faster; %s, %d threads, %g%% of the weights active</text>`+"\n",
		r.Machine, r.Threads, 100*r.Density)
	for _, tick := range ticks(low, high) {
		p.printf(`<line x1="%.1f" x2="%.1f" y1="%g" y2="%.1f" class="grid"/>`+"\n", x(tick), x(tick), plotTop-8, height)
		p.printf(`<text x="%.1f" y="%g" class="soft" text-anchor="middle">%g×</text>`+"\n", x(tick), plotTop-12, tick)
	}
	y := plotTop
	for _, g := range groups {
		p.printf(`<text x="8" y="%.1f" class="ink" font-weight="600">%s</text>`+"\n", y+14, g.title)
		y += 20
		for _, b := range g.bars {
			left, right := min(x(1), x(b.ratio)), max(x(1), x(b.ratio))
			p.printf(`<text x="%g" y="%.1f" class="soft" text-anchor="end">%s</text>`+"\n", plotLeft-8, y+11, b.title)
			p.printf(`<rect x="%.1f" y="%.1f" width="%.1f" height="%g" class="c%d"><title>%s</title></rect>`+"\n",
				left, y+2, max(1, right-left), barHeight-4, b.color, b.hint)
			p.printf(`<rect x="%.1f" y="%.1f" width="%.1f" height="2" class="ink"/>`+"\n",
				x(b.first), y+barHeight/2-1, max(1, x(b.third)-x(b.first)))
			p.printf(`<text x="%.1f" y="%.1f" class="ink">%.2f× (%s)</text>`+"\n", max(right, x(b.third))+5, y+11, b.ratio, b.time)
			y += barHeight
		}
		y += groupMargin - 20
	}
	p.printf(`<line x1="%.1f" x2="%.1f" y1="%g" y2="%.1f" class="one"/>`+"\n</svg>\n", x(1), x(1), plotTop-8, height)
	return p.err
}

// ticks are the numbers 1, 2 and 5 times powers of ten in a range.
func ticks(low, high float64) (list []float64) {
	for power := math.Floor(math.Log10(low)); power <= math.Log10(high); power++ {
		for _, digit := range []float64{1, 2, 5} {
			if tick := digit * math.Pow(10, power); low <= tick && tick <= high {
				list = append(list, tick)
			}
		}
	}
	return list
}

// group is the bars of a work.
type group struct {
	title string
	bars  []bar
}

// bar is a peer's masked step, relative to the fastest of other libraries than sparsekernel.
type bar struct {
	title, time, hint   string
	color               int
	ratio, first, third float64
}

// plotGroups are the works that another library was measured at.
func plotGroups(r *Report) (groups []group) {
	for _, w := range work.All {
		var results []Result
		fastest := math.Inf(1)
		for _, peer := range peers {
			if result, ok := r.find(w.Name, peer.name); ok {
				results = append(results, result)
				if !peer.ours {
					fastest = min(fastest, result.Masked.Step.Median())
				}
			}
		}
		if math.IsInf(fastest, 1) {
			continue
		}
		g := group{title: fmt.Sprintf("%s, batch %d", w.Title, w.Batch)}
		for _, result := range results {
			step := result.Masked.Step
			first, third := step.Quartiles()
			g.bars = append(g.bars, bar{
				title: titleOf(result.Peer),
				time:  significant(1e3*step.Median()) + " ms",
				hint:  fmt.Sprintf("%s ms; dense %s ms", milliseconds(step), milliseconds(result.Dense.Step)),
				color: slices.IndexFunc(peers, func(p peer) bool { return p.name == result.Peer }),
				ratio: step.Median() / fastest, first: first / fastest, third: third / fastest,
			})
		}
		groups = append(groups, g)
	}
	return groups
}
