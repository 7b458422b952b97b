"""What the workers of the benchmarks in Python share: the messages and batches of benchmarks/work, and the schedule of masks.

A worker reads requests from standard input and writes replies to standard output, a line of JSON each.
"""

import json
import math
import os
import sys
import time

import numpy as np

BATCHES = 4  # Different batches, as work.BatchCount.
DROP_FRACTION, C, EPSILON = 0.3, 1e-4, 1.0  # Of mask updates, as in work/messages.go.


def serve(training_class):
    """Answers requests with a training that "prepare" describes; "move" needs none."""
    # Libraries may print to standard output, which is for replies alone.
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    training = None
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if request["do"] == "prepare":
                work = request["work"]
                batches = read_batches(request["batches"], work)
                training = training_class(work, batches, request["density"], request["threads"])
                reply = {"peer": training.peer()}
            elif request["do"] == "describe":
                reply = training.describe()
            elif request["do"] == "steps":
                began = time.perf_counter()
                loss = training.steps(request["count"])
                reply = {"seconds": time.perf_counter() - began, "loss": loss}
            elif request["do"] == "update":
                training.before_update()
                began = time.perf_counter()
                training.update()
                reply = {"seconds": time.perf_counter() - began, **training.after_update()}
            elif request["do"] == "move":
                layer = request["layer"]
                mask, visits = training_class.move(layer, layer["c"] * math.log(layer["t"]))
                reply = {"mask": mask.tolist(), "visits": visits.tolist()}
            else:
                raise ValueError(f"there is no request {request['do']!r}")
        except Exception as e:
            reply = {"error": f"{type(e).__name__}: {e}"}
        print(json.dumps(reply), file=replies, flush=True)


def read_batches(path, work):
    """Returns BATCHES pairs of inputs, float32 [batch, *shape of an example], and labels, int32 [batch]."""
    data = open(path, "rb").read()
    size, batch = int(np.prod(work["input"])), work["batch"]
    inputs = np.frombuffer(data, np.float32, BATCHES * batch * size).reshape(BATCHES, batch, *work["input"])
    labels = np.frombuffer(data, np.int32, BATCHES * batch, inputs.nbytes).reshape(BATCHES, batch)
    return [(x.copy(), y.copy()) for x, y in zip(inputs, labels)]


def active_count(size, density):
    """How many weights of a layer are active."""
    return round(density * size)


def drop_count(active):
    """How many of a layer's active weights a mask update drops."""
    return int(np.ceil(DROP_FRACTION * active))


def resnet50_blocks():
    """Yields the channels, the stride and whether the shortcut is projected, of ResNet-50's blocks."""
    for stage, count in enumerate([3, 4, 6, 3]):
        for block in range(count):
            yield 64 << stage, 2 if stage > 0 and block == 0 else 1, block == 0


def vgg19_stages():
    """Yields the channels and the number of convolutions of VGG-19's stages, and whether pooling follows."""
    for stage, convolutions in enumerate([2, 2, 4, 4, 4]):
        yield 64 << min(stage, 3), convolutions, stage < 4
