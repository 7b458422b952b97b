"""The worker of JAX: sparse training by a wrapper around an optax optimizer, as jaxpruner is described (Lee et al., CPAL
2024, arXiv 2304.14082), with growth by DST-EE.

The wrapper's state has the masks; it masks the gradient before the optimizer sees it, and the new weights afterwards.
Masks are updated by a compiled function of their own, so that ordinary steps carry no branch.
"""

import math
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import lax

import networks
import worker


class SparseState(NamedTuple):
    masks: Any  # A tree like that of the weights; the mask of what is never sparse is one True.
    visits: Any  # Likewise.
    inner: Any  # The state of the optimizer.


class SparsityUpdater:
    """Makes the training of an optax optimizer sparse."""

    def __init__(self, optimizer, density):
        self.optimizer, self.density = optimizer, density

    def init(self, params):
        rng = np.random.default_rng(1)
        masks = jax.tree.map(lambda w: self.first_mask(w, rng), params)
        return SparseState(masks, jax.tree.map(lambda m: m.astype(jnp.int32), masks), self.optimizer.init(params))

    def first_mask(self, w, rng):
        if w.ndim < 2:
            return jnp.asarray(True)
        mask = np.zeros(w.size, bool)
        mask[rng.permutation(w.size)[: worker.active_count(w.size, self.density)]] = True
        return jnp.asarray(mask.reshape(w.shape))

    def update(self, grads, state, params):
        """The changes of a step, from the gradient of all weights."""
        changes, inner = self.optimizer.update(apply_masks(grads, state.masks), state.inner, params)
        return changes, state._replace(inner=inner)

    def post_gradient_update(self, params, state):
        """The weights to keep after a step."""
        return apply_masks(params, state.masks)

    def move_masks(self, params, state, grads, bonus):
        """Moves active weights from where they are smallest to where the gradient is large or visits are few: bonus is
        c·ln t. Returns new weights and state."""

        def moved(mask, w, visits, grad):
            if mask.ndim == 0:
                return mask
            count = worker.drop_count(worker.active_count(w.size, self.density))
            return move(mask, w, visits, grad, count, bonus, worker.EPSILON)

        masks = jax.tree.map(moved, state.masks, params, state.visits, grads)
        inner = optax.tree_utils.tree_map_params(self.optimizer, lambda s, m: jnp.where(m, s, 0), state.inner, masks)
        visits = jax.tree.map(lambda v, m: v + m, state.visits, masks)
        return apply_masks(params, masks), SparseState(masks, visits, inner)


def move(mask, w, visits, grad, count, bonus, epsilon):
    """The mask of a layer after count of its active weights were moved: bonus is c·ln t."""
    magnitude = jnp.where(mask, -jnp.abs(w), -jnp.inf).ravel()
    left = mask.ravel().at[lax.top_k(magnitude, count)[1]].set(False)
    score = (jnp.abs(grad) + bonus / (visits + epsilon)).ravel()
    return left.at[lax.top_k(jnp.where(left, -jnp.inf, score), count)[1]].set(True).reshape(w.shape)


def apply_masks(tree, masks):
    return jax.tree.map(lambda x, m: jnp.where(m, x, 0), tree, masks)


class Training:
    def __init__(self, work, batches, density, threads):
        # XLA has as many threads as there are cores that this process may use.
        self.work, self.batches, self.density, self.done = work, batches, density, 0
        self.network = networks.of(work)
        self.params, self.averages = networks.init(self.network, work, jax.random.key(1))
        if work["optimizer"] == "adam":
            self.optimizer = optax.adam(work["learning_rate"])
        else:
            self.optimizer = optax.sgd(work["learning_rate"], momentum=0.9)
        self.sparse = SparsityUpdater(self.optimizer, density) if density < 1 else None
        self.state = (self.sparse or self.optimizer).init(self.params)
        if self.sparse:
            self.params = self.sparse.post_gradient_update(self.params, self.state)
            self.move = jax.jit(self.sparse.move_masks, donate_argnums=(0, 1))
        self.step = jax.jit(self.train_step, donate_argnums=(0, 1, 2))
        self.gradient = jax.jit(lambda *arguments: jax.grad(self.loss, has_aux=True)(*arguments)[0])

    def loss(self, params, averages, inputs, labels):
        logits, averages = networks.apply(self.network, params, averages, inputs)
        if self.work["classes"] == 1:
            losses = optax.sigmoid_binary_cross_entropy(logits[:, 0], labels)
        else:
            losses = optax.softmax_cross_entropy_with_integer_labels(logits, labels)
        return losses.mean(), averages

    def train_step(self, params, averages, state, inputs, labels):
        (loss, averages), grads = jax.value_and_grad(self.loss, has_aux=True)(params, averages, inputs, labels)
        changes, state = (self.sparse or self.optimizer).update(grads, state, params)
        params = optax.apply_updates(params, changes)
        if self.sparse:
            params = self.sparse.post_gradient_update(params, state)
        return params, averages, state, loss

    def peer(self):
        return f"JAX {jax.__version__}, optax {optax.__version__}"

    def describe(self):
        sizes = [w.size for w in self.params.values()]
        example = jnp.zeros((1, *self.work["input"]))
        forward = jax.make_jaxpr(lambda x: networks.apply(self.network, self.params, self.averages, x)[0])(example)
        return {
            "parameters": sum(sizes),
            "macs": networks.multiplications(forward),
            "sizes": sorted(w.size for w in self.params.values() if w.ndim >= 2),
        }

    def steps(self, count):
        for _ in range(count):
            batch = self.batches[self.done % len(self.batches)]
            self.params, self.averages, self.state, loss = self.step(self.params, self.averages, self.state, *batch)
            self.done += 1
        jax.block_until_ready(self.params)
        return float(loss)

    @staticmethod
    def move(layer, bonus):
        def array(name, dtype):
            return jnp.asarray(layer[name], dtype).reshape(layer["shape"])

        visits = array("visits", jnp.int32)
        mask = move(array("mask", bool), array("weights", jnp.float32), visits, array("gradient", jnp.float32), layer["k"], bonus,
                    layer["epsilon"])
        return [np.asarray(x, np.int32).ravel() for x in (mask, visits + mask)]

    def before_update(self):
        self.before = {name: np.array(mask) for name, mask in self.state.masks.items()}
        grads = self.gradient(self.params, self.averages, *self.batches[self.done % len(self.batches)])
        self.grads = jax.block_until_ready(grads)

    def update(self):
        bonus = worker.C * math.log(self.done)
        self.params, self.state = self.move(self.params, self.state, self.grads, bonus)
        jax.block_until_ready((self.params, self.state))

    def after_update(self):
        pairs = [(np.asarray(mask), self.before[name]) for name, mask in self.state.masks.items() if mask.ndim]
        pairs.sort(key=lambda pair: pair[0].size)
        self.grads = None
        return {"active": [int(mask.sum()) for mask, _ in pairs],
                "moved": sum(int((mask & ~before).sum()) for mask, before in pairs)}


if __name__ == "__main__":
    worker.serve(Training)
