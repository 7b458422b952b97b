package dstee

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Structure is the pattern that the active weights of a layer form. The zero value is [Unstructured].
//
// A structure divides the weights into units that are active or not as a whole, single weights or blocks, and may group
// units so that each group has its own count. A mask update then goes by units: the score of a unit is the mean of the
// scores of its weights; the weakest ⌈fraction · active⌉ units of the whole layer are dropped, and growth refills each group
// to its count with the best of its own. Hence groups stay exact and the mask still moves as far as it would without them.
//
// Weights are seen as a matrix with a column for each output, the last axis, and a row for each input, all other axes:
// [in, out] of a dense layer, [height, width, in, out] of a convolution with channels last.
//
// A layer has the density nearest to the wanted one that its structure can hold, and at least one unit in each group.
type Structure struct {
	kind  structureKind
	n, m  int     // Of N:M; n is the size of a block.
	gamma float64 // Of fan-in, 0 if no output is ever ablated.
}

type structureKind int

const (
	anyPattern structureKind = iota
	nOfM
	blocks
	fanIn
	channels
)

// Unstructured lets any weights be active.
func Unstructured() Structure { return Structure{} }

// NM makes exactly n of each m consecutive weights along the input axis active, for instance 2:4. The input axis, the last
// but one, must be a multiple of m. The density is n/m, whatever else is set.
func NM(n, m int) Structure { return Structure{kind: nOfM, n: n, m: m} }

// Block makes blocks of size × size weights on the last two axes active as a whole. Both axes must be multiples of size.
func Block(size int) Structure { return Structure{kind: blocks, n: size} }

// FanIn gives all outputs the same number of active inputs (constant fan-in of SRigL: Lasby et al., ICLR 2024, arXiv
// 2305.02299).
func FanIn() Structure { return Structure{kind: fanIn} }

// FanInAblating is [FanIn] that lets outputs die, as SRigL does: an update ablates the outputs with fewer salient weights
// than gamma times the fan-in, in (0, 1]; their weights are shared out among the living. Salient are the weights that
// survive the drop, and the best of the layer to grow, as many as are to be grown. SRigL uses 0.3 to 0.9.
//
// What died stays dead. At least one output lives, and as many as the layer's active weights need; those with most salient
// weights are spared.
func FanInAblating(gamma float64) Structure { return Structure{kind: fanIn, gamma: gamma, n: 1} }

// Channel makes all weights of an output active, or none.
func Channel() Structure { return Structure{kind: channels} }

const unstructured = "unstructured"

// structureForms is what ParseStructure takes.
const structureForms = `"unstructured"; "N:M", as "2:4"; "block:SIZE", as "block:4"; "fanin"; "fanin:GAMMA", as "fanin:0.3"; "channel"`

// ParseStructure returns the structure of the given name: "unstructured", "N:M" as in "2:4", "block:SIZE" as in "block:4",
// "fanin", "fanin:GAMMA" as in "fanin:0.3" for [FanInAblating], or "channel". It is what String returns.
func ParseStructure(name string) (Structure, error) {
	var s Structure
	head, tail, hasTail := strings.Cut(name, ":")
	unknown := fmt.Errorf("dstee: unknown structure %q: it must be one of %s", name, structureForms)
	switch {
	case name == unstructured:
		return Unstructured(), nil
	case name == "channel":
		return Channel(), nil
	case name == "fanin":
		return FanIn(), nil
	case !hasTail:
		return s, unknown
	case head == "fanin":
		gamma, err := strconv.ParseFloat(tail, 64)
		if err != nil {
			return s, fmt.Errorf("dstee: the structure %q needs a number after the colon: %w", name, err)
		}
		s = FanInAblating(gamma)
	case head == "block":
		size, err := strconv.Atoi(tail)
		if err != nil {
			return s, fmt.Errorf("dstee: the structure %q needs a whole number after the colon: %w", name, err)
		}
		s = Block(size)
	default:
		n, err := strconv.Atoi(head)
		if err != nil {
			return s, unknown
		}
		m, err := strconv.Atoi(tail)
		if err != nil {
			return s, unknown
		}
		s = NM(n, m)
	}
	return s, s.check()
}

// String is the structure's name, which ParseStructure reads.
func (s Structure) String() string {
	switch {
	case s.kind == nOfM:
		return fmt.Sprintf("%d:%d", s.n, s.m)
	case s.kind == blocks:
		return fmt.Sprintf("block:%d", s.n)
	case s.kind == channels:
		return "channel"
	case s.ablates():
		return fmt.Sprintf("fanin:%g", s.gamma)
	case s.kind == fanIn:
		return "fanin"
	}
	return unstructured
}

// ablates tells whether outputs may die.
func (s Structure) ablates() bool { return s.kind == fanIn && s.n != 0 }

// density is the only density that the structure can have, 0 if it can have several.
func (s Structure) density() float64 {
	if s.kind == nOfM {
		return float64(s.n) / float64(s.m)
	}
	return 0
}

// check says what is wrong with the structure, whatever the layer.
func (s Structure) check() error {
	switch {
	case s.kind == nOfM && !(s.n >= 1 && s.n < s.m):
		return fmt.Errorf("dstee: the structure %q must keep at least 1 of each %d weights and fewer than all", s, s.m)
	case s.kind == blocks && s.n < 1:
		return fmt.Errorf("dstee: the structure %q must have blocks of at least 1 × 1", s)
	case s.ablates() && !(s.gamma > 0 && s.gamma <= 1):
		return fmt.Errorf("dstee: the structure %q must have a γ in (0, 1]; without ablation it is \"fanin\"", s)
	}
	return nil
}

// layout returns how the structure divides weights of the given dimensions.
func (s Structure) layout(dims []int) (layout, error) {
	if err := s.check(); err != nil {
		return layout{}, err
	}
	if s.kind == anyPattern {
		n := size(dims)
		return layout{rows: n, cols: 1, unitRows: 1, unitCols: 1}, nil
	}
	if len(dims) < 2 {
		return layout{}, fmt.Errorf("dstee: weights of shape %v have no structure: they must have an axis of inputs and one of outputs", dims)
	}
	in, out := dims[len(dims)-2], dims[len(dims)-1]
	l := layout{structure: s, rows: size(dims[:len(dims)-1]), cols: out, unitRows: 1, unitCols: 1}
	switch s.kind {
	case nOfM:
		if in%s.m != 0 {
			return l, fmt.Errorf("dstee: the structure %q does not fit weights of shape %v: the %d inputs, the last axis but one, must be a "+
				"multiple of %d; keep the layer dense, or give it \"fanin\" or \"channel\", which fit any", s, dims, in, s.m)
		}
		l.groupRows, l.perGroup = s.m, s.n
	case blocks:
		if in%s.n != 0 || out%s.n != 0 {
			return l, fmt.Errorf("dstee: the structure %q does not fit weights of shape %v: the last two axes must be multiples of %d; the "+
				"largest block that fits is %q", s, dims, s.n, Block(largestBlock(in, out, s.n)))
		}
		l.unitRows, l.unitCols = s.n, s.n
	case fanIn:
		l.groupRows = l.rows
	case channels:
		l.unitRows = l.rows
	}
	return l, nil
}

// largestBlock is the size of the largest block below the given one that divides both axes.
func largestBlock(in, out, below int) int {
	for n := min(below, in, out); n > 1; n-- {
		if in%n == 0 && out%n == 0 {
			return n
		}
	}
	return 1
}

// feasible says whether the structure can hold a density that was set for one layer, and what comes nearest.
func (l layout) feasible(density float64) error {
	if only := l.structure.density(); only != 0 {
		if density != only {
			return fmt.Errorf("dstee: the structure %q has density %g, it cannot have %g: leave the layer's density out", l.structure, only, density)
		}
		return nil
	}
	step := l.step()
	if step > 1 && density*float64(l.size()) < float64(step)/2 {
		return fmt.Errorf("dstee: the structure %q of %d × %d weights cannot have density %g: the lowest is %g", l.structure, l.rows, l.cols,
			density, float64(step)/float64(l.size()))
	}
	return nil
}

// roundTo is the multiple of step nearest to n, between step and most.
func roundTo(n, step, most int) int {
	return min(max(1, int(math.Round(float64(n)/float64(step))))*step, most)
}
