"""The worker of PyTorch: training by masks as the code of ITOP does it (Liu et al., ICML 2021, arXiv 2102.02887,
Shiweiliuiiiiiii/In-Time-Over-Parameterization), with growth by DST-EE.

Weights and the optimizer's state are multiplied by masks of floats after each step; the gradient is that of all weights.
"""

import math

import numpy as np
import torch
from torch import nn

import worker


class Masking:
    """Keeps the weights of a model sparse, and moves them."""

    def __init__(self, model, optimizer, density):
        self.optimizer = optimizer
        self.weights = [p for p in model.parameters() if p.dim() >= 2]
        self.masks = []
        for w in self.weights:
            mask = torch.zeros(w.numel())
            mask[torch.randperm(w.numel())[: worker.active_count(w.numel(), density)]] = 1
            self.masks.append(mask.view_as(w).contiguous(memory_format=memory_format(w)))
        self.visits = [mask.to(torch.int32) for mask in self.masks]
        self.apply()

    def step(self):
        self.optimizer.step()
        self.apply()

    @torch.no_grad()
    def apply(self):
        """Multiplies the masks into the weights, and into every state of the optimizer of their shape."""
        torch._foreach_mul_(self.weights, self.masks)
        for name in ("momentum_buffer", "exp_avg", "exp_avg_sq"):
            states = [self.optimizer.state[w].get(name) for w in self.weights]
            if states[0] is not None:
                torch._foreach_mul_(states, self.masks)

    @torch.no_grad()
    def update(self, step):
        """Moves active weights from where they are smallest to where the gradient is large or visits are few."""
        bonus = worker.C * math.log(step)
        for w, mask, visits in zip(self.weights, self.masks, self.visits):
            count = worker.drop_count(int(mask.count_nonzero()))
            move(w, w.grad, mask, visits, count, bonus, worker.EPSILON)
        self.apply()


def move(w, grad, mask, visits, count, bonus, epsilon):
    """Moves count active weights of a layer, and counts its visits: bonus is c·ln t. Changes mask and visits."""
    flat = flat_view(mask)
    inactive = flat == 0
    magnitude = flat_view(w).abs().masked_fill_(inactive, math.inf)
    dropped = torch.topk(magnitude, count, largest=False, sorted=False).indices
    score = flat_view(grad).abs().add_(bonus / (flat_view(visits) + epsilon))
    flat[dropped] = 0
    score.masked_fill_(flat != 0, -math.inf)
    flat[torch.topk(score, count, sorted=False).indices] = 1
    visits += mask.to(torch.int32)


def memory_format(tensor):
    return torch.channels_last if tensor.dim() == 4 else torch.contiguous_format


def flat_view(tensor):
    """The values of a tensor in the order of its memory, which masks, weights and gradients share."""
    return tensor.permute(0, 2, 3, 1).reshape(-1) if tensor.dim() == 4 else tensor.view(-1)


class ConvNorm(nn.Sequential):
    def __init__(self, inputs, outputs, size, stride=1, relu=True):
        super().__init__(nn.Conv2d(inputs, outputs, size, stride, padding=size // 2, bias=False), nn.BatchNorm2d(outputs),
                         *[nn.ReLU(inplace=True)] * relu)


class Bottleneck(nn.Module):
    def __init__(self, inputs, channels, stride, projected):
        super().__init__()
        self.body = nn.Sequential(ConvNorm(inputs, channels, 1), ConvNorm(channels, channels, 3, stride),
                                  ConvNorm(channels, 4 * channels, 1, relu=False))
        self.shortcut = ConvNorm(inputs, 4 * channels, 1, stride, relu=False) if projected else nn.Identity()

    def forward(self, x):
        return torch.relu(self.body(x) + self.shortcut(x))


def build(work):
    """The network of a work."""
    inputs, classes, parts = int(work["input"][-1]), work["classes"], []
    if work["model"] in ("mlp", "link"):
        inputs, parts = int(np.prod(work["input"])), [nn.Flatten()]
        for units in work["units"]:
            parts += [nn.Linear(inputs, units), nn.ReLU(inplace=True)]
            inputs = units
        return nn.Sequential(*parts, nn.Linear(inputs, classes))
    if work["model"] == "cnn":
        for channels in work["units"]:
            parts += [nn.Conv2d(inputs, channels, 3, padding=1), nn.ReLU(inplace=True), nn.MaxPool2d(2)]
            inputs = channels
        height, width, _ = work["input"]
        scale = 2 ** len(work["units"])
        return nn.Sequential(*parts, nn.Flatten(), nn.Linear(inputs * (height // scale) * (width // scale), classes))
    if work["model"] == "vgg19":
        for channels, convolutions, pooled in worker.vgg19_stages():
            for _ in range(convolutions):
                parts.append(ConvNorm(inputs, channels, 3))
                inputs = channels
            parts += [nn.MaxPool2d(2)] * pooled
        return nn.Sequential(*parts, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(inputs, classes))
    if work["model"] == "resnet50":
        parts, inputs = [ConvNorm(inputs, 64, 3)], 64
        for channels, stride, projected in worker.resnet50_blocks():
            parts.append(Bottleneck(inputs, channels, stride, projected))
            inputs = 4 * channels
        return nn.Sequential(*parts, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(inputs, classes, bias=False))
    raise ValueError(f"there is no model {work['model']!r}")


class Training:
    def __init__(self, work, batches, density, threads):
        torch.set_num_threads(threads)
        torch.manual_seed(1)
        self.work, self.threads, self.done = work, threads, 0
        self.model = build(work).to(memory_format=torch.channels_last)
        self.batches = [self.tensors(*batch) for batch in batches]
        self.loss = nn.BCEWithLogitsLoss() if work["classes"] == 1 else nn.CrossEntropyLoss()
        if work["optimizer"] == "adam":
            self.optimizer = torch.optim.Adam(self.model.parameters(), lr=work["learning_rate"], fused=True)
        else:
            self.optimizer = torch.optim.SGD(self.model.parameters(), lr=work["learning_rate"], momentum=0.9, fused=True)
        self.masking = Masking(self.model, self.optimizer, density) if density < 1 else None

    def tensors(self, inputs, labels):
        x, y = torch.from_numpy(inputs), torch.from_numpy(labels)
        if x.dim() == 4:
            x = x.permute(0, 3, 1, 2)  # The memory is that of channels_last already.
        return x, y.float().unsqueeze(1) if self.work["classes"] == 1 else y.long()

    def peer(self):
        return f"PyTorch {torch.__version__}, {torch.get_num_threads()} threads"

    def describe(self):
        from torch.utils.flop_counter import FlopCounterMode

        self.model.eval()
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            self.model(self.batches[0][0][:1])
        self.model.train()
        parameters = list(self.model.parameters())
        return {
            "parameters": sum(p.numel() for p in parameters),
            "macs": counter.get_total_flops() // 2,
            "sizes": sorted(p.numel() for p in parameters if p.dim() >= 2),
        }

    def steps(self, count):
        for _ in range(count):
            inputs, labels = self.batches[self.done % len(self.batches)]
            self.optimizer.zero_grad(set_to_none=True)
            loss = self.loss(self.model(inputs), labels)
            loss.backward()
            (self.masking or self.optimizer).step()
            self.done += 1
        return loss.item()

    @staticmethod
    def move(layer, bonus):
        def tensor(name, dtype):
            t = torch.tensor(layer[name], dtype=dtype).view(layer["shape"])
            if t.dim() < 4:
                return t
            return t.permute(3, 2, 0, 1).contiguous(memory_format=torch.channels_last)  # As kernels are in training.

        mask, visits = tensor("mask", torch.float32), tensor("visits", torch.int32)
        move(tensor("weights", torch.float32), tensor("gradient", torch.float32), mask, visits, layer["k"], bonus, layer["epsilon"])
        return [(t.permute(2, 3, 1, 0) if t.dim() == 4 else t).reshape(-1).int().numpy() for t in (mask, visits)]

    def before_update(self):
        self.before = [mask.clone() for mask in self.masking.masks]

    def update(self):
        self.masking.update(self.done)

    def after_update(self):
        masks = sorted(zip(self.masking.masks, self.before), key=lambda pair: pair[0].numel())
        return {"active": [int(mask.count_nonzero()) for mask, _ in masks],
                "moved": sum(int((mask > before).sum()) for mask, before in masks)}


if __name__ == "__main__":
    worker.serve(Training)
