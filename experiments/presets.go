package experiments

import "github.com/sparsekernel/sparsekernel/run"

// heldOut is one in so many of the training images.
const heldOut = 10

// presets returns all experiments.
func presets() []Preset {
	return []Preset{
		onCIFAR("vgg19", "cifar100"),
		onCIFAR("resnet50", "cifar10"),
		onCIFAR("resnet50", "cifar100"),
		resNet50ImageNet(),
		linkEmail(),
		linkWikiTalk(),
	}
}

// Choices that several experiments share.
const (
	cIsNotKnown = "c of this experiment is not published: the default of package dstee"
	noScript    = "DST-EE's own script for this is not public: the recipe is that of the nearest relative"
)

// methods are those that the experiments compare.
func methods() []string { return []string{"dense", "static", "set", "rigl", "dst-ee"} }

// onCIFAR is the recipe of CIFAR: 160 epochs of batches of 128.
func onCIFAR(model, data string) Preset {
	const epochs, images, batch = 160, 50_000 - 50_000/heldOut, 128
	spec := run.Default()
	spec.Model, spec.Data, spec.HoldOut = model, data, heldOut
	spec.Optimizer, spec.LearningRate, spec.WeightDecay, spec.Schedule = "nesterov", 0.1, 5e-4, "steps@0.5,0.75"
	spec.Batch, spec.Steps, spec.DeltaT, spec.DropFraction = batch, epochs*images/batch, 1000, 0.5
	return Preset{
		Name: model + "-" + data, Spec: spec, Methods: methods(), Sparsities: []float64{0.9, 0.95, 0.98}, Seeds: 3,
		Source: "VITA-Group/GraNet, CIFAR: 160 epochs, batch 128, SGD with Nesterov momentum 0.9, learning rate 0.1, a tenth of it " +
			"after half and three quarters, weight decay 5e-4, ERK, ΔT 1000, drop fraction 0.5 falling along a cosine",
		Choices: []string{noScript, cIsNotKnown,
			"45,000 images to train on, 5,000 held out; the source trains on all of CIFAR-100 and picks the best test epoch",
			"weight decay leaves out biases and batch normalization"},
		Claim: "DST-EE is more accurate than the dense network",
	}
}

func resNet50ImageNet() Preset {
	const epochs, images, batch = 100, 1_281_167 - 1_281_167/100, 128
	spec := run.Default()
	spec.Model, spec.Data, spec.HoldOut = "resnet50-imagenet", "imagenet", 100
	spec.Optimizer, spec.LearningRate, spec.WeightDecay, spec.LabelSmoothing = "nesterov", 0.1, 1e-4, 0.1
	spec.Schedule, spec.WarmUp = "steps@0.3,0.6,0.9", 5*images/batch
	spec.Batch, spec.Steps, spec.DeltaT, spec.DropFraction = batch, epochs*images/batch, 4000, 0.5
	const chase, rigl, itop, acdc = "luuyin/chase, README", "google-research/rigl, README",
		"Shiweiliuiiiiiii/In-Time-Over-Parameterization, README", "IST-DASLab/ACDC, README"
	return Preset{
		Name: "resnet50-imagenet", Spec: spec, Methods: methods(), Sparsities: []float64{0.8, 0.9}, Seeds: 3,
		Source: "In-Time Over-Parameterization, ImageNet: 100 epochs, batch 128, SGD with momentum 0.9, learning rate 0.1, warmed up " +
			"over 5 epochs, a tenth of it after 30, 60 and 90, weight decay 1e-4, label smoothing 0.1, ERK, ΔT 4000, drop fraction 0.5",
		Choices: []string{noScript, cIsNotKnown, "one image in 100 held out; the source trains on all"},
		Claim:   "accuracy up to 8.2% higher than that of other sparse training",
		Published: []Published{
			{"dense", 0, 0.768, 0, chase},
			{"SET", 0.8, 0.729, 0.0039, chase}, {"SET", 0.9, 0.696, 0.0023, chase},
			{"DSR", 0.8, 0.733, 0, chase}, {"DSR", 0.9, 0.716, 0, chase},
			{"SNFS (ERK)", 0.8, 0.752, 0.0011, chase}, {"SNFS (ERK)", 0.9, 0.729, 0.0006, chase},
			{"RigL (ERK)", 0.8, 0.751, 0.0005, chase}, {"RigL (ERK)", 0.9, 0.730, 0.0004, chase},
			{"RigL (uniform)", 0.8, 0.7460, 0, rigl}, {"RigL (uniform)", 0.9, 0.7202, 0, rigl},
			{"MEST", 0.8, 0.7539, 0, chase}, {"MEST", 0.9, 0.7258, 0, chase},
			{"RigL-ITOP", 0.8, 0.7584, 0.0005, itop}, {"RigL-ITOP", 0.9, 0.7382, 0.0008, itop},
			{"Chase (S_c=0)", 0.8, 0.7587, 0, chase}, {"Chase (S_c=0)", 0.9, 0.7470, 0, chase},
			{"AC/DC", 0.8, 0.7645, 0, acdc}, {"AC/DC", 0.9, 0.7503, 0, acdc},
		},
	}
}

func linkEmail() Preset {
	const pairs = 27_198
	p := onLinks("ia-email", pairs)
	p.Spec.DeltaT = 50
	p.Choices = append(p.Choices, "ΔT 50: the source's 500 would leave two mask updates in the epochs of this graph")
	return p
}

func linkWikiTalk() Preset {
	const pairs = 2_329_782
	p := onLinks("wiki-talk", pairs)
	p.Spec.DeltaT = 500
	p.Choices = append(p.Choices, "steps for the 2.3 million training pairs of 4.66 million edges between different pages, counted once")
	return p
}

// onLinks is the recipe of link prediction, with so many training pairs: 50 epochs of batches of 1,024.
func onLinks(data string, pairs int) Preset {
	const epochs, batch = 50, 1024
	spec := run.Default()
	spec.Model, spec.Data, spec.Distribution, spec.C, spec.Epsilon = "link-mlp", data, "uniform", 1e-2, 1
	spec.Optimizer, spec.LearningRate, spec.WeightDecay, spec.Schedule = "nesterov", 0.1, 5e-4, run.ScheduleCosine
	spec.Batch, spec.Steps, spec.DropFraction = batch, epochs*((pairs+batch-1)/batch), 0.5
	return Preset{
		Name: "link-" + data, Spec: spec, Methods: methods(), Sparsities: []float64{0.8, 0.9, 0.95, 0.98}, Seeds: 5,
		Source: "harveyp123/ICCD_SpTrn_SLR, GNN_Sparse_Training_Link: 16 features, 128 hidden units, 50 epochs, batch 1024, SGD with " +
			"Nesterov momentum 0.9, learning rate 0.1 falling to 0 along a cosine, weight decay 5e-4, uniform, drop fraction 0.5, c 0.01, ε 1",
		Choices: []string{"features of pairs are those of package graphs; the source's, of temporal random walks, are not public",
			"trained from random weights with c constant; the source starts from a trained dense network, and has c fall by a tenth " +
				"every 1,000 steps (--c-schedule decay@0.9,1000)",
			"weight decay leaves out biases"},
	}
}
