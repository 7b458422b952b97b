"""Writes recurrence.json: what PyTorch's optimizers and learning-rate schedulers do over 20 steps, in float64.

Run: python recurrence.py > recurrence.json, with the PyTorch named in the file. A case is a configuration; its loss is

    0.5·sum(scale·(w - target_w[t])²) + 0.5·sum((b - target_b[t])²)

with another target at each step t. Weight decay applies to the matrix w and not to the bias b. "rates" are the learning
rates of the steps, "w" and "b" the values after each step, row by row.
"""

import json

import torch

STEPS = 20
torch.set_default_dtype(torch.float64)
generator = torch.Generator().manual_seed(1)


def uniform(*shape):
    """Values in (-0.5, 0.5) with few digits, so that the file shows them exactly."""
    return torch.round((torch.rand(*shape, generator=generator) - 0.5) * 1e3) / 1e3


SCALE = torch.tensor([[1.0, 0.5], [2.0, 0.25]])
W0, B0 = uniform(2, 2), uniform(2)
TARGET_W, TARGET_B = uniform(STEPS, 2, 2), uniform(STEPS, 2)


def run(make_optimizer, make_schedulers=lambda optimizer: []):
    w, b = (p.clone().requires_grad_() for p in (W0, B0))
    optimizer = make_optimizer(w, b)
    schedulers = make_schedulers(optimizer)
    rates, ws, bs = [], [], []
    for t in range(STEPS):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.zero_grad()
        loss = 0.5 * (SCALE * (w - TARGET_W[t]) ** 2).sum() + 0.5 * ((b - TARGET_B[t]) ** 2).sum()
        loss.backward()
        optimizer.step()
        for scheduler in schedulers:
            scheduler.step()
        ws.append(w.detach().flatten().tolist())
        bs.append(b.detach().flatten().tolist())
    return {"rates": rates, "w": ws, "b": bs}


def sgd(lr, momentum=0.0, nesterov=False, weight_decay=0.0):
    return lambda w, b: torch.optim.SGD(
        [{"params": [w], "weight_decay": weight_decay}, {"params": [b], "weight_decay": 0.0}],
        lr=lr, momentum=momentum, nesterov=nesterov)


def adam(lr):
    return lambda w, b: torch.optim.Adam([w, b], lr=lr, eps=1e-7)


lrs = torch.optim.lr_scheduler
recipe = sgd(0.1, momentum=0.9, nesterov=True, weight_decay=5e-2)
cases = {
    "plain": run(sgd(0.1)),
    "momentum": run(sgd(0.05, momentum=0.9)),
    "nesterov": run(sgd(0.05, momentum=0.9, nesterov=True)),
    "weight decay": run(sgd(0.1, weight_decay=5e-2)),
    "momentum and weight decay": run(sgd(0.05, momentum=0.8, weight_decay=5e-2)),
    "nesterov and weight decay": run(recipe),
    "StepLR": run(recipe, lambda o: [lrs.StepLR(o, step_size=6, gamma=0.5)]),
    "MultiStepLR": run(recipe, lambda o: [lrs.MultiStepLR(o, milestones=[5, 9, 15], gamma=0.3)]),
    "CosineAnnealingLR": run(recipe, lambda o: [lrs.CosineAnnealingLR(o, T_max=20, eta_min=1e-3)]),
    "CosineAnnealingLR past T_max": run(recipe, lambda o: [lrs.CosineAnnealingLR(o, T_max=7, eta_min=1e-2)]),
    "LinearLR and MultiStepLR": run(recipe, lambda o: [
        lrs.LinearLR(o, start_factor=1 / 5, total_iters=4), lrs.MultiStepLR(o, milestones=[9, 15], gamma=0.1)]),
    "Adam and CosineAnnealingLR": run(adam(0.05), lambda o: [lrs.CosineAnnealingLR(o, T_max=20)]),
}
parts = {
    "source": "recurrence.py with PyTorch " + torch.__version__,
    "scale": SCALE.flatten().tolist(),
    "w0": W0.flatten().tolist(), "b0": B0.tolist(),
    "target_w": TARGET_W.flatten(1).tolist(), "target_b": TARGET_B.tolist(),
}
lines = [f"{json.dumps(name)}: {json.dumps(part)}" for name, part in parts.items()]
lines += ['"cases": {\n' + ",\n".join(f"{json.dumps(name)}: {json.dumps(case)}" for name, case in cases.items()) + "\n}"]
print("{\n" + ",\n".join(lines) + "\n}")
