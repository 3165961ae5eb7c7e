"""One whole training step on stored weights against dense masked training: LeNet-300-100 and ResNet-20.

    python benchmarks/sparse_steps.py

LeNet, batches of 60 and Adam, against (a) autograd, fused Adam and masked gradients, forward pass and loss compiled by
torch.compile; (b) the same, not compiled. ResNet-20, batches of 128, against channels-last torch with fused SGD.
Both sides get their batch in memory and leave evaluation out. Random masks, the same density in every layer.
"""

from __future__ import annotations

import argparse
import warnings
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rounds import Call, finish, header, shown, speed_up, timed
from winnow.models import lenet_300_100, resnet_20
from winnow.sparsity import Mask, prunable_layers, tensors_of, weights_of
from winnow.training import Member, StackOptimizer, TrainingPlan, execution_for

DENSITIES = (0.5, 0.25, 0.1, 0.036, 0.01)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    warnings.filterwarnings("ignore")
    torch.manual_seed(0)
    rows: list[dict[str, Any]] = []
    for density in DENSITIES:
        rows.append(_measured("LeNet-300-100", density, _lenet(density), chosen.rounds))
        rows.append(_measured("ResNet-20", density, _resnet(density), chosen.rounds))
    if not chosen.json:
        print("| network | density | dense, ms | stored weights, ms | times faster |")
        print("| --- | --- | ---: | ---: | ---: |")
        for row in rows:
            print("| {network} | {density:.1%} | {dense_ms:.3f} | {sparse_ms:.3f} | {shown} |".format(**row))
    finish({"machine": header(), "rows": rows}, chosen.json)


def _measured(name: str, density: float, contenders: dict[str, Call], rounds: int) -> dict[str, Any]:
    times = timed(contenders, rounds, 0.5)
    dense = [key for key in contenders if key != "winnow"]
    ratio = speed_up(times, "winnow", dense)
    middle = {key: sorted(value)[len(value) // 2] * 1e3 for key, value in times.items()}
    return {
        "network": name,
        "density": density,
        "dense_ms": min(middle[key] for key in dense),
        "sparse_ms": middle["winnow"],
        "all_ms": middle,
        "speed_up": ratio,
        "shown": shown(ratio),
    }


def _lenet(density: float) -> dict[str, Call]:
    images, labels = torch.rand(60, 1, 28, 28), torch.randint(0, 10, (60,))
    plan = TrainingPlan(steps=10**9, batch=60, learning_rate=1.2e-3)
    masked = [_dense_adam(density, images, labels, compiled=compiled) for compiled in (True, False)]
    return {
        "dense compiled": masked[0],
        "dense": masked[1],
        "winnow": _sparse(lenet_300_100(), density, plan, images, labels),
    }


def _dense_adam(density: float, images: Tensor, labels: Tensor, *, compiled: bool) -> Call:
    module = lenet_300_100()
    masks = [(p, (torch.rand_like(p) < density).float()) for p in module.parameters() if p.dim() > 1]
    optimizer = torch.optim.Adam(module.parameters(), lr=1.2e-3, fused=True)

    def loss(images: Tensor, labels: Tensor) -> Tensor:
        return F.cross_entropy(module(images), labels)

    forward = torch.compile(loss) if compiled else loss

    def step() -> None:
        optimizer.zero_grad(set_to_none=False)
        forward(images, labels).backward()
        for parameter, mask in masks:
            assert parameter.grad is not None
            parameter.grad.mul_(mask)
        optimizer.step()

    return step


def _resnet(density: float) -> dict[str, Call]:
    images, labels = torch.rand(128, 3, 32, 32), torch.randint(0, 10, (128,))
    plan = TrainingPlan(steps=10**9, batch=128, optimizer="momentum", learning_rate=0.03, weight_decay=1e-4)
    return {
        "dense channels last": _dense_sgd(images, labels),
        "winnow": _sparse(resnet_20(), density, plan, images, labels),
    }


def _dense_sgd(images: Tensor, labels: Tensor) -> Call:
    module = resnet_20().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    images = images.contiguous(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(module.parameters(), lr=0.03, momentum=0.9, weight_decay=1e-4, fused=True)

    def step() -> None:
        optimizer.zero_grad()
        F.cross_entropy(module(images), labels).backward()
        optimizer.step()

    return step


def _sparse(module: nn.Module, density: float, plan: TrainingPlan, images: Tensor, labels: Tensor) -> Call:
    weights = weights_of(tensors_of(module), prunable_layers(module))
    mask = Mask({name: torch.rand(w.shape) < density for name, w in weights.items()})
    member = Member(branch="ticket", replicate=0, start=tensors_of(module), mask=mask)
    shape = tuple(images.shape[1:])
    execution = execution_for(module, [member], plan, shape, torch.device("cpu"), "sparse")
    optimizer = StackOptimizer(execution.stack, plan)
    batch, answers = images.unsqueeze(0), labels.unsqueeze(0)

    def step() -> None:
        execution.engine.gradients(batch, answers, 0)
        optimizer.step(0)

    return step


if __name__ == "__main__":
    main()
