package datasets

import (
	"math"
	"path/filepath"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/pkg/errors"

	"github.com/sparsekernel/sparsekernel/datasets/graphs"
)

// Links are pairs of nodes of a graph, by what the rest of the graph says about them: inputs are float32 [batch,
// graphs.PairSize], standardized, and labels are 1 for linked, 0 for not.
type Links struct {
	Info
	Pairs    []graphs.Pair
	Features []float32 // [len(Pairs), graphs.PairSize] in row-major order
}

// Validate returns an error that says which field does not fit, or nil.
func (l *Links) Validate() error {
	if err := l.Info.Validate(); err != nil {
		return err
	}
	if len(l.Pairs) != l.Len() || len(l.Features) != l.Len()*l.Size() {
		return errors.Errorf("links %q: %d pairs and %d feature values for %d labels, want %d features shaped %d for each",
			l.Name, len(l.Pairs), len(l.Features), l.Len(), l.Size(), l.Shape)
	}
	return nil
}

// Inputs implements [Examples]. There is nothing to augment.
func (l *Links) Inputs(positions []int, _ []uint32) (*tensors.Tensor, error) {
	inputs := tensors.FromScalarAndDimensions(float32(0), len(positions), l.Size())
	tensors.MustMutableFlatData(inputs, func(flat []float32) {
		for _, position := range positions {
			flat = flat[copy(flat, l.Features[position*l.Size():(position+1)*l.Size()]):]
		}
	})
	return inputs, nil
}

// NodePairs returns the same links with the pairs themselves as inputs, for networks that pass messages: int32 [batch, 2],
// nodes of the observed graph.
func (l *Links) NodePairs() Examples {
	info := l.Info
	info.Shape = []int{2}
	return &nodePairs{info, l.Pairs}
}

type nodePairs struct {
	Info
	pairs []graphs.Pair
}

// Inputs implements [Examples].
func (p *nodePairs) Inputs(positions []int, _ []uint32) (*tensors.Tensor, error) {
	inputs := tensors.FromScalarAndDimensions(int32(0), len(positions), 2)
	tensors.MustMutableFlatData(inputs, func(flat []int32) {
		for i, position := range positions {
			copy(flat[2*i:], p.pairs[position][:])
		}
	})
	return inputs, nil
}

// linkSeed chooses the edges that are hidden, the negatives, and where the search for eigenvectors starts.
const linkSeed = 2022

// LinkPrediction reads a graph from a file, hides edges of it and describes pairs by the others: see [graphs.ReadFile],
// [graphs.Split] with [graphs.DefaultShares] and negatives of [graphs.OneEnd], and [graphs.Describe]. Features are
// standardized by mean and deviation of the training pairs. The splits are called name-train, name-valid and name-test.
// They are the same on every machine and in every run; features are as far as its arithmetic is.
func LinkPrediction(path, name string) (train, valid, test *Links, observed *graphs.Graph, err error) {
	whole, err := graphs.ReadFile(path)
	if err != nil {
		return nil, nil, nil, nil, err
	}
	hidden, err := graphs.Split(whole, graphs.DefaultShares, graphs.OneEnd, linkSeed)
	if err != nil {
		return nil, nil, nil, nil, errors.WithMessage(err, path)
	}
	features := graphs.Describe(hidden.Observed, linkSeed)
	describe := func(suffix string, links graphs.Links) *Links {
		return &Links{
			Info: Info{Name: name + suffix, Shape: []int{graphs.PairSize}, Labels: links.Labels, Classes: 2,
				ClassNames: []string{"not linked", "linked"}},
			Pairs:    links.Pairs,
			Features: features.Pairs(links.Pairs),
		}
	}
	train, valid, test = describe("-train", hidden.Train), describe("-valid", hidden.Valid), describe("-test", hidden.Test)
	standardize(graphs.PairSize, train.Features, valid.Features, test.Features)
	return train, valid, test, hidden.Observed, nil
}

// standardize subtracts from each of so many columns its mean in the reference, and divides by its standard deviation
// there, unless that is 0, in the reference and in the others.
func standardize(columns int, reference []float32, others ...[]float32) {
	rows := float64(len(reference) / columns)
	for c := range columns {
		sum, squares := 0.0, 0.0
		for i := c; i < len(reference); i += columns {
			sum += float64(reference[i])
		}
		mean := sum / rows
		for i := c; i < len(reference); i += columns {
			squares += (float64(reference[i]) - mean) * (float64(reference[i]) - mean)
		}
		deviation := math.Sqrt(squares / rows)
		if deviation == 0 {
			deviation = 1
		}
		for _, features := range append(others, reference) {
			for i := c; i < len(features); i += columns {
				features[i] = float32((float64(features[i]) - mean) / deviation)
			}
		}
	}
}

// openLinks returns a function that opens a graph in one of several files as a link prediction set.
func openLinks(name string, files ...string) func(dir string) (*Set, error) {
	return func(dir string) (*Set, error) {
		paths := make([]string, len(files))
		for i, file := range files {
			paths[i] = filepath.Join(dir, file)
		}
		file, path, err := openMaybeGzip(paths...)
		if err != nil {
			return nil, err
		}
		file.Close()
		train, valid, test, observed, err := LinkPrediction(path, name)
		if err != nil {
			return nil, err
		}
		return &Set{Train: train, Valid: valid, Test: test, Graph: observed}, nil
	}
}
