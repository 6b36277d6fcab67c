"""Prints where PyTorch's optimizers and schedules take parameters and learning rates that are given by formula.

usage: python3 tools/golden_optimizers.py
The numbers in test/training/optimizers_test.ts and test/training/schedules_test.ts come from here (PyTorch 2.13.0, CPU, float64).

Parameters: a matrix a[i] = sin(i + 1), i = 0 … 14, of shape [3, 5], which decays, and a vector b[i] = cos(i), i = 0 … 3, which does
not. Gradients of step s = 1 … 10: sin(0.7 i + 1.3 s) · 0.5 for a, cos(0.4 i − s) · 2 for b. Learning rate: 0.01 · (1 + 0.1 s).
"""
import torch

torch.set_default_dtype(torch.float64)


def run(make, clip=None):
    a = torch.nn.Parameter(torch.sin(torch.arange(15.0) + 1).reshape(3, 5))
    b = torch.nn.Parameter(torch.cos(torch.arange(4.0)))
    optimizer = make(a, b)
    for s in range(1, 11):
        for group in optimizer.param_groups:
            group["lr"] = 0.01 * (1 + 0.1 * s)
        a.grad = 0.5 * torch.sin(0.7 * torch.arange(15.0) + 1.3 * s).reshape(3, 5)
        b.grad = 2 * torch.cos(0.4 * torch.arange(4.0) - s)
        if clip is not None:
            torch.nn.utils.clip_grad_norm_([a, b], clip)
        optimizer.step()
    return [round(value, 7) for value in torch.cat([a.flatten(), b]).tolist()]


def groups(a, b, decay):
    return [{"params": [a], "weight_decay": decay}, {"params": [b], "weight_decay": 0.0}]


optim = torch.optim
print("adam", run(lambda a, b: optim.Adam([a, b])))
print("adam, clipped at 1", run(lambda a, b: optim.Adam([a, b], betas=(0.8, 0.99), eps=0.01), clip=1.0))
print("adamw, decay 0.1", run(lambda a, b: optim.AdamW(groups(a, b, 0.1))))
print("sgd, momentum 0.9", run(lambda a, b: optim.SGD([a, b], lr=1.0, momentum=0.9, nesterov=True)))
print("sgd, momentum 0.99, decay 0.03, clipped at 12", run(
    lambda a, b: optim.SGD(groups(a, b, 0.03), lr=1.0, momentum=0.99, nesterov=True), clip=12.0))
print("sgd, momentum 0.99, decay 0.03, clipped at 1", run(
    lambda a, b: optim.SGD(groups(a, b, 0.03), lr=1.0, momentum=0.99, nesterov=True), clip=1.0))


def rates(make, steps=20):
    optimizer = optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    schedule = make(optimizer, steps)
    found = []
    for _ in range(steps):
        found.append(round(optimizer.param_groups[0]["lr"], 7))
        optimizer.step()
        schedule.step()
    return found


lr = optim.lr_scheduler
print("poly", rates(lambda o, n: lr.PolynomialLR(o, total_iters=n, power=0.9)))
print("cosine", rates(lambda o, n: lr.CosineAnnealingLR(o, T_max=n)))
print("one-cycle", rates(lambda o, n: lr.OneCycleLR(o, max_lr=1.0, total_steps=n, cycle_momentum=False)))
print("cosine after 5 steps of warm-up", rates(lambda o, n: lr.SequentialLR(o, [
    lr.LinearLR(o, start_factor=1 / 5, end_factor=1.0, total_iters=4),
    lr.CosineAnnealingLR(o, T_max=n - 5)], milestones=[5])))
