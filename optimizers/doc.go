// Package optimizers has what GoMLX lacks of the recipe that sparse training is published with: SGD with (Nesterov)
// momentum and weight decay, and learning-rate schedules that work with any GoMLX optimizer.
//
//   - [SGD] follows PyTorch's torch.optim.SGD: momentum without the factor (1-momentum), the learning rate outside
//     the momentum buffer, weight decay added to the gradient.
//   - [Constant], [Steps], [Cosine] and [WarmUp] are a [Schedule]: a value that says the learning rate of any step on
//     the host, and compiles into the training graph as a function of the global step.
//   - [Scheduled] puts a schedule in front of any optimizer, GoMLX's Adam included.
//   - [ByName] chooses an optimizer by a name from a command line.
package optimizers
