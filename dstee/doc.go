// Package dstee trains GoMLX models that are sparse from the first step to the last, by dynamic sparse training with
// the DST-EE acquisition function (Huang et al., "Dynamic Sparse Training via Balancing the
// Exploration-Exploitation Trade-off", DAC 2023, arXiv 2211.16667).
//
// Every ΔT steps each sparse layer drops its active weights of smallest magnitude and grows as many elsewhere, where
//
//	|∂L/∂W| + c·ln t / (N + ε)
//
// is largest: t is the optimizer step and N the number of topologies (the first included) in which the weight was
// active. The first term exploits what the gradient says now, the second explores weights seldom tried.
//
// An unmodified model is made sparse by wrapping its optimizer and attaching a hook to its training loop:
//
//	sparse := dstee.New(0.05) // keep 5% of the weights
//	trainer := train.NewTrainer(backend, store, modelFn, lossFn, sparse.Optimizer(optimizer.Adam().Done()), nil, nil)
//	loop := train.NewLoop(trainer)
//	sparse.Attach(loop)
//	_, err := loop.RunSteps(dataset, 1000)
//
// # What happens in a step
//
//  1. The forward and backward pass run on the stored weights, whose inactive entries are zero. The gradient is
//     therefore the gradient of the dense weights.
//  2. The wrapped optimizer keeps that dense gradient, and gives the base optimizer the gradient of the active weights.
//  3. Weights, and every state tensor of the base optimizer that has a weight's shape, are masked again.
//  4. Every ΔT steps, the loop hook updates the masks ([Updater]); it runs before the hooks that save checkpoints, so
//     that whatever is saved is sparse.
//
// # What may move where
//
// By default any weights of a layer may be active, and each layer drops and grows by itself. [Sparsifier.Structure] makes
// active weights form a pattern that hardware likes; [Sparsifier.DropGlobally], [Sparsifier.GrowGlobally] and
// [Sparsifier.Redistribute] let weights move from layer to layer.
//
// # Methods
//
// A growth or drop score is a function of [Signals], an [Acquisition]: [DSTEE], [RigL], [SET] and others, a composition of
// them ([Acquisition.Add]), a [Formula], or a function of your own. Package dsttest tests it. A [Method] is all that
// distinguishes a method of the field, as a value: [MethodRigL], [MethodSNFS], [MethodSNIP], [MethodTopKAST] and others
// ([Methods]), or one of your own. Numbers that change in a run, such as the drop fraction, are a [Schedule].
//
// [FromScope] takes all of it from the hyperparameters of GoMLX's store: [ParamDensity], [ParamMethod] and others.
//
// # Watching a run
//
// [Sparsifier.Stats] counts weights, [Sparsifier.OnUpdate] reports each mask update, [Sparsifier.OnMove] what it chose from.
// [Sparsifier.Detach] ends sparse training and leaves an ordinary model.
//
// # Where state lives
//
// Beside the weight with path P, the store holds the non-trainable variables /dstee/P/mask (Bool, true where active),
// /dstee/P/visits (Int32, the N above) and /dstee/P/gradient (the dense gradient last seen). What acquisitions remember is
// under /dstee/P/memory ([Memory]), what inactive weights keep under /dstee/P/reserve and /dstee/P/backward ([Reserve]).
// Checkpoints of the store therefore hold all of it, and a resumed run goes on where it stopped.
//
// Density is the share of weights that are active, sparsity is 1 - density.
package dstee
