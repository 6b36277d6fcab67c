"""Prints the loss of ten Adam steps of J-Net in PyTorch, from the golden initial weights on the golden batch.

usage: python3 tools/golden_adam_steps.py [../shared]
The numbers in test/training/training_step_test.ts come from here (PyTorch 2.13.0, CPU; float32 and float64 agree within 1e-5).
"""
import json
import sys

import numpy as np
import torch

shared = sys.argv[1] if len(sys.argv) > 1 else "../shared"
sys.path.insert(0, f"{shared}/peer")
from jnet_torch import JNet  # noqa: E402

folder = f"{shared}/golden/jnet-n4-16"
with open(f"{folder}/tensors.bin", "rb") as file:
    content = file.read()
tensors = {}
for entry in json.load(open(f"{folder}/index.json"))["tensors"]:
    count = int(np.prod(entry["shape"]))
    values = np.frombuffer(content, dtype="<f4", count=count, offset=entry["offset"])
    tensors[entry["name"]] = torch.from_numpy(values.reshape(entry["shape"]).copy())

for dtype in (torch.float32, torch.float64):
    net = JNet(1, 1, 4, 4)
    state = net.state_dict()
    for name in state:
        state[name] = tensors.get(f"initial/{name}", state[name])
    net.load_state_dict(state)
    net.to(dtype).train()
    image = tensors["x"].to(dtype)
    targets = [tensors[f"target/{level}"].to(dtype) for level in range(5)]
    criterion = torch.nn.BCEWithLogitsLoss()
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
    losses = []
    for _ in range(10):
        optimizer.zero_grad()
        loss = sum(criterion(output, target) for output, target in zip(net(image), targets))
        loss.backward()
        optimizer.step()
        losses.append(round(loss.item(), 6))
    print(dtype, losses)
