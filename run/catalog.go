package run

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/gomlx/gomlx/ml/train"

	"github.com/sparsekernel/sparsekernel/datasets/graphs"
	"github.com/sparsekernel/sparsekernel/models"
)

// architecture is a model of the catalog: of images or of links, whichever function it has.
type architecture struct {
	images func() *models.Classifier
	links  func(width float64, observed *graphs.Graph) train.ModelFn

	ofNodes  bool // It takes pairs of nodes and needs the graph, not features of pairs.
	smallest int  // Images are of this height and width at least,
	multiple int  // and of a multiple of this; 0 for any.
}

var architectures = map[string]architecture{
	"mlp":               {images: func() *models.Classifier { return models.MLP(512, 256) }},
	"lenet5":            {images: models.LeNet5, smallest: 4},
	"vgg11":             {images: models.VGG11, smallest: 16},
	"vgg19":             {images: models.VGG19, smallest: 16},
	"resnet18":          {images: models.ResNet18},
	"resnet50":          {images: models.ResNet50},
	"resnet50-imagenet": {images: models.ResNet50ImageNet},
	"wrn22x2":           {images: models.WRN22x2},
	"vit-tiny":          {images: models.ViTTiny, multiple: 4},
	"link-mlp":          {links: linkMLP},
	"graph-sage":        {links: graphSAGE, ofNodes: true},
}

// examplesOf says what the examples of a data set are, before it is read.
type examplesOf struct {
	shape   []int  // Of an input: [height, width, channels] of an image, [features] of a link.
	classes int    // 2 of links.
	folder  string // In the cache of data sets.
}

var data = map[string]examplesOf{
	"digits":          {[]int{8, 8, 1}, 10, ""},
	"mnist":           {[]int{28, 28, 1}, 10, "mnist"},
	"fashion-mnist":   {[]int{28, 28, 1}, 10, "fashion-mnist"},
	"cifar10":         {[]int{32, 32, 3}, 10, "cifar10"},
	"cifar100":        {[]int{32, 32, 3}, 100, "cifar100"},
	"cifar100-coarse": {[]int{32, 32, 3}, 20, "cifar100"},
	"cifar100-20":     {[]int{32, 32, 3}, 20, "cifar100"},
	"imagenet":        {[]int{224, 224, 3}, 1000, "imagenet"},
	"ia-email":        {[]int{graphs.PairSize}, 2, "ia-email"},
	"wiki-talk":       {[]int{graphs.PairSize}, 2, "wiki-talk"},
}

// ModelNames returns the names of the models, sorted.
func ModelNames() []string { return slices.Sorted(maps.Keys(architectures)) }

// DataNames returns the names of the data sets, sorted.
func DataNames() []string { return slices.Sorted(maps.Keys(data)) }

func (e examplesOf) areImages() bool { return len(e.shape) == 3 }

// fit says why a model cannot be trained on a data set, and what can; both are known.
func fit(model, set string) error {
	a, e := architectures[model], data[set]
	if why := a.misfit(e); why != "" {
		var others []string
		for _, name := range ModelNames() {
			if architectures[name].misfit(e) == "" {
				others = append(others, name)
			}
		}
		return fmt.Errorf("the model %s cannot be trained on %s: %s; models that can are %s",
			model, set, why, strings.Join(others, ", "))
	}
	return nil
}

// misfit says why the model cannot learn from the examples, "" if it can.
func (a architecture) misfit(e examplesOf) string {
	switch {
	case a.images == nil && e.areImages():
		return "it predicts the links of a graph, the data are images"
	case a.images != nil && !e.areImages():
		return "it classifies images, the data are links of a graph"
	case a.images == nil:
		return ""
	}
	side := min(e.shape[0], e.shape[1])
	if side < a.smallest || (a.multiple > 0 && (e.shape[0]%a.multiple != 0 || e.shape[1]%a.multiple != 0)) {
		return fmt.Sprintf("images of %dx%d are too small, or are no multiple of its patches", e.shape[0], e.shape[1])
	}
	return ""
}

// linkMLP is the network of DST-EE's first author: 128 hidden units, times the width.
func linkMLP(width float64, _ *graphs.Graph) train.ModelFn { return models.LinkMLP(scaled(128, width)) }

func scaled(units int, width float64) int { return max(1, int(math.Round(width*float64(units)))) }
