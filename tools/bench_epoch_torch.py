"""Trains an epoch of J-Net in PyTorch for every line on stdin and prints its seconds; called by tools/bench_epoch.ts.

usage: bench_epoch_torch.py '{"folder": …, "peer": …, "count": …, "threads": 2, "batch": 32, "width": 8, "input": 32, "output": 64}'
The slices lie in folder as raw float32. Everything is in memory before the first epoch, the targets of the levels too.
"""
import json
import math
import sys
import time

import numpy as np
import torch
from torch import nn

settings = json.loads(sys.argv[1])
sys.path.insert(0, settings["peer"])
from jnet_torch import JNet  # noqa: E402

count, batch = settings["count"], settings["batch"]
torch.set_num_threads(settings["threads"])
torch.manual_seed(0)


def slices(name, size):
    values = np.fromfile(f"{settings['folder']}/{name}.f32", dtype="<f4")
    return torch.from_numpy(values.reshape(count, 1, size, size))


images = slices("images", settings["input"])
target = slices("targets", settings["output"])
levels = int(math.log2(settings["output"] // settings["input"]))
targets = [nn.functional.avg_pool2d(target, 2 ** (levels - level)) for level in range(levels + 1)]
net = JNet(1, 1, settings["width"], levels)
optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
bce = nn.BCEWithLogitsLoss()
print("ready", flush=True)
for _ in sys.stdin:
    start = time.perf_counter()
    order = torch.randperm(count)
    for first in range(0, count - batch + 1, batch):
        chosen = order[first:first + batch]
        optimizer.zero_grad()
        outputs = net(images[chosen])
        loss = sum(bce(output, level[chosen]) for output, level in zip(outputs, targets))
        loss.backward()
        optimizer.step()
        loss.item()
    print(time.perf_counter() - start, flush=True)
