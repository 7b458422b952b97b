package datasets

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/pkg/errors"

	"github.com/sparsekernel/sparsekernel/datasets/fetch"
	"github.com/sparsekernel/sparsekernel/datasets/graphs"
)

// Set is a data set: what to train with, what to choose by, what to report.
type Set struct {
	Train Examples
	Valid Examples // nil where the data set has none: see HoldOut
	Test  Examples

	// Graph has the observed edges of a data set for link prediction; nil in others.
	Graph *graphs.Graph
}

// HoldOut returns the set with one in so many of the training examples, 2 or more, as validation examples: each class in
// this proportion within one example, chosen by the seed. They are not augmented in an [Evaluation]. A set that has
// validation examples of its own is returned as it is.
func (s *Set) HoldOut(oneIn int, seed uint64) (*Set, error) {
	if s.Valid != nil {
		return s, nil
	}
	about := s.Train.About()
	if oneIn < 2 {
		return nil, errors.Errorf("holding out one in %d of %q, want one in 2 or more", oneIn, about.Name)
	}
	rest, held := holdOut(about.Labels, oneIn, seed)
	divided := *s
	var err error
	if divided.Train, err = Subset(s.Train, about.Name, rest); err != nil {
		return nil, err
	}
	divided.Valid, err = Subset(s.Train, strings.TrimSuffix(about.Name, "-train")+"-valid", held)
	return &divided, err
}

// catalog has the data sets by name.
var catalog = map[string]struct {
	open  func(dir string) (*Set, error)
	fetch []fetch.File // nil where the files must be given
}{
	"digits":          {open: func(string) (*Set, error) { return asSet(Digits()) }},
	"mnist":           {func(dir string) (*Set, error) { return asSet(MNIST(dir)) }, mnistFiles},
	"fashion-mnist":   {func(dir string) (*Set, error) { return asSet(FashionMNIST(dir)) }, fashionMNISTFiles},
	"cifar10":         {func(dir string) (*Set, error) { return asSet(CIFAR10(dir)) }, cifar10Files},
	"cifar100":        {func(dir string) (*Set, error) { return asSet(CIFAR100(dir)) }, cifar100Files},
	"cifar100-coarse": {func(dir string) (*Set, error) { return asSet(CIFAR100Coarse(dir)) }, cifar100Files},
	"cifar100-20":     {openCIFAR100Part, cifar100Files},
	"imagenet":        {open: openImageNet},
	"ia-email":        {open: openLinks("ia-email", "ia-email-EU.mtx", "ia-email-EU.mtx.gz")},
	"wiki-talk":       {open: openLinks("wiki-talk", "wiki-Talk.txt", "wiki-Talk.txt.gz")},
}

// Names returns the names of the data sets, sorted.
func Names() []string { return slices.Sorted(maps.Keys(catalog)) }

// Open reads the data set of the given name from the folder dir, and never from the network:
//
//	digits           nothing, they are embedded: see [Digits]
//	mnist            see [MNIST]
//	fashion-mnist    see [FashionMNIST]
//	cifar10          see [CIFAR10]
//	cifar100         see [CIFAR100]
//	cifar100-coarse  see [CIFAR100Coarse]
//	cifar100-20      20 of its classes, see [CIFAR100Part]
//	imagenet         see [ImageNet]
//	ia-email         ia-email-EU.mtx, see [LinkPrediction]; of the Network Repository (Rossi and Ahmed, AAAI 2015)
//	wiki-talk        wiki-Talk.txt, the same; of SNAP (Leskovec, Huttenlocher and Kleinberg, CHI 2010)
//
// Text files may be gzip-compressed.
func Open(name, dir string) (*Set, error) {
	entry, found := catalog[name]
	if !found {
		return nil, unknown(name)
	}
	set, err := entry.open(dir)
	return set, errors.WithMessagef(err, "data set %q", name)
}

// Fetch downloads the files of a data set into dir, those that are not there yet, so that [Open] finds them. It compares
// them with known SHA-256 sums, takes up interrupted downloads where they stopped, and tells progress, which may be nil,
// how many bytes of which file have arrived. It does nothing for a data set that is embedded; one whose files must be got
// by hand is an error.
func Fetch(ctx context.Context, name, dir string, progress func(file fetch.File, done int64)) error {
	entry, found := catalog[name]
	if !found {
		return unknown(name)
	}
	if entry.fetch == nil && name != "digits" {
		return errors.Errorf("data set %q cannot be downloaded: get its files by hand, and give their folder", name)
	}
	return errors.WithMessagef(fetch.All(ctx, http.DefaultClient, dir, entry.fetch, progress), "data set %q", name)
}

func unknown(name string) error {
	return errors.Errorf("unknown data set %q: the known ones are %s", name, strings.Join(Names(), ", "))
}

// asSet returns images as a set. Types with pointers in them are not compared with nil as interfaces, hence the error first.
func asSet(train, test *Split, err error) (*Set, error) {
	if err != nil {
		return nil, err
	}
	return &Set{Train: train, Test: test}, nil
}

func openImageNet(dir string) (*Set, error) {
	train, val, err := ImageNet(dir)
	if err != nil {
		return nil, err
	}
	return &Set{Train: train, Test: val}, nil
}

func openCIFAR100Part(dir string) (*Set, error) {
	train, test, err := CIFAR100Part(dir)
	if err != nil {
		return nil, err
	}
	return &Set{Train: train, Test: test}, nil
}
