"""The networks of the works in JAX: functions of a Scope, which looks variables up by name, and an input."""

import math

import jax
import jax.numpy as jnp
from jax import lax, nn

import worker


class Scope:
    """The variables of a network. With a key those that are not there are made."""

    def __init__(self, params, averages, key=None):
        self.params, self.averages, self.key = params, averages, key

    def param(self, name, shape, init):
        if self.key is not None and name not in self.params:
            self.key, key = jax.random.split(self.key)
            self.params[name] = init(key, shape)
        return self.params[name]


he = nn.initializers.he_normal()
zeros, ones = nn.initializers.zeros, nn.initializers.ones


def dense(scope, name, x, units, bias=True):
    x = x @ scope.param(f"{name}/weights", (x.shape[-1], units), he)
    return x + scope.param(f"{name}/bias", (units,), zeros) if bias else x


def conv(scope, name, x, channels, size, stride=1, bias=False):
    kernel = scope.param(f"{name}/kernel", (size, size, x.shape[-1], channels), he)
    pad = size // 2  # As PyTorch pads.
    x = lax.conv_general_dilated(x, kernel, (stride, stride), [(pad, pad)] * 2, dimension_numbers=("NHWC", "HWIO", "NHWC"))
    return x + scope.param(f"{name}/bias", (channels,), zeros) if bias else x


def batch_norm(scope, name, x):
    mean, variance = x.mean((0, 1, 2)), x.var((0, 1, 2))
    old = scope.averages.get(name, (jnp.zeros_like(mean), jnp.ones_like(variance)))
    scope.averages[name] = tuple(0.9 * o + 0.1 * n for o, n in zip(old, lax.stop_gradient((mean, variance))))
    scale = scope.param(f"{name}/scale", mean.shape, ones)
    return (x - mean) * (lax.rsqrt(variance + 1e-5) * scale) + scope.param(f"{name}/offset", mean.shape, zeros)


def conv_norm(scope, name, x, channels, size, stride=1):
    return batch_norm(scope, f"{name}/norm", conv(scope, name, x, channels, size, stride))


def max_pool(x):
    return lax.reduce_window(x, -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")


def bottleneck(scope, name, x, channels, stride, projected):
    y = nn.relu(conv_norm(scope, f"{name}/1", x, channels, 1))
    y = nn.relu(conv_norm(scope, f"{name}/2", y, channels, 3, stride))
    y = conv_norm(scope, f"{name}/3", y, 4 * channels, 1)
    return nn.relu(y + (conv_norm(scope, f"{name}/shortcut", x, 4 * channels, 1, stride) if projected else x))


def of(work):
    """The network of a work, a function of a scope and inputs [batch, ...] that returns logits [batch, classes]."""
    classes, units = work["classes"], work.get("units")

    def mlp(scope, x):
        x = x.reshape(len(x), -1)
        for i, n in enumerate(units):
            x = nn.relu(dense(scope, f"hidden_{i}", x, n))
        return dense(scope, "output", x, classes)

    def cnn(scope, x):
        for i, n in enumerate(units):
            x = max_pool(nn.relu(conv(scope, f"conv_{i}", x, n, 3, bias=True)))
        return dense(scope, "output", x.reshape(len(x), -1), classes)

    def vgg19(scope, x):
        for stage, (channels, convolutions, pooled) in enumerate(worker.vgg19_stages()):
            for i in range(convolutions):
                x = nn.relu(conv_norm(scope, f"conv_{stage}_{i}", x, channels, 3))
            x = max_pool(x) if pooled else x
        return dense(scope, "output", x.mean((1, 2)), classes)

    def resnet50(scope, x):
        x = nn.relu(conv_norm(scope, "stem", x, 64, 3))
        for i, (channels, stride, projected) in enumerate(worker.resnet50_blocks()):
            x = bottleneck(scope, f"block_{i}", x, channels, stride, projected)
        return dense(scope, "output", x.mean((1, 2)), classes, bias=False)

    return {"mlp": mlp, "link": mlp, "cnn": cnn, "vgg19": vgg19, "resnet50": resnet50}[work["model"]]


def init(network, work, key):
    """Returns parameters, and moving averages of batch normalization, by name."""

    def made(key):
        scope = Scope({}, {}, key)
        network(scope, jnp.zeros((1, *work["input"])))
        return scope.params, scope.averages

    return jax.jit(made)(key)


def apply(network, params, averages, inputs):
    """Returns logits and new averages."""
    scope = Scope(params, dict(averages))
    return network(scope, inputs), scope.averages


def multiplications(jaxpr):
    """The multiply-accumulate operations of matrix multiplications and convolutions; positions in the padding count."""
    total = 0
    for equation in jaxpr.eqns:
        inputs, output = [v.aval for v in equation.invars], equation.outvars[0].aval
        if equation.primitive.name == "dot_general":
            (contracted, _), _ = equation.params["dimension_numbers"]
            total += output.size * math.prod(inputs[0].shape[d] for d in contracted)
        elif equation.primitive.name == "conv_general_dilated":
            total += output.size // output.shape[-1] * inputs[1].size
        for value in equation.params.values():
            if hasattr(value, "jaxpr"):  # Of a function that is called.
                total += multiplications(value.jaxpr)
    return total
