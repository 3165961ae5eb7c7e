"""Steps per second of the training loop, LeNet on MNIST, as ratios against plain PyTorch loops in one run.

    python benchmarks/step_rate.py ../shared/data/mnist

Every contender trains the same masked network (20 % of the weights) with Adam on batches of 60, without evaluation.
The contenders take turns, round after round, so that a machine whose speed drifts slows them alike; ratios are taken
within a round, and their median is printed with the smallest and the largest.

(a) tight     tensors in memory, batches by index, autograd, fused Adam, weights times their masks after the step
(b) loader    a DataLoader over images: PIL, to tensor, normalise, one image at a time, else as (a)
(c) prune     torch.nn.utils.prune's masks, else as (a)
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import prune as torch_prune
from torch.utils.data import DataLoader, Dataset

from winnow.data import DataSet, load
from winnow.models import lenet_300_100
from winnow.sparsity import Mask, prunable_layers, tensors_of, weights_of
from winnow.storage import environment
from winnow.training import Member, Stack, TrainingPlan, engine_for, loss_named
from winnow.training.batches import StackBatches
from winnow.training.optimizers import StackOptimizer

BATCH, RATE, DENSITY = 60, 1.2e-3, 0.2
Step = Callable[[], None]


def random_mask(module: nn.Module) -> Mask:
    """A mask of the benchmark's density."""
    weights = weights_of(tensors_of(module), prunable_layers(module))
    return Mask({name: torch.rand(w.shape) < DENSITY for name, w in weights.items()})


def winnow_step(data: DataSet, replicates: int) -> Step:
    """One step of a stack, as the training loop does it."""
    modules = [lenet_300_100() for _ in range(replicates)]
    members = [
        Member(branch="ticket", replicate=r, start=tensors_of(m), mask=random_mask(m), order_seed=r)
        for r, m in enumerate(modules)
    ]
    plan = TrainingPlan(steps=10**9, batch=BATCH, learning_rate=RATE)
    stack = Stack(modules[0], members, torch.device("cpu"))
    engine, optimizer = engine_for(stack, loss_named(plan.loss)), StackOptimizer(stack, plan)
    batches, count = StackBatches(data, members, plan), iter(range(10**9))

    def step() -> None:
        number = next(count)
        engine.gradients(*batches.at(number), number)
        stack.hold_masks()
        optimizer.step(number)

    return step


def plain_step(batches: Iterator[tuple[Tensor, Tensor]], module: nn.Module, after: Step) -> Step:
    """Autograd and torch's fused Adam on whatever batches come."""
    optimizer = torch.optim.Adam(module.parameters(), lr=RATE, fused=True)

    def step() -> None:
        images, labels = next(batches)
        optimizer.zero_grad()
        F.cross_entropy(module(images), labels).backward()
        optimizer.step()
        after()

    return step


def masked(module: nn.Module) -> Step:
    """Multiplies every weight with its mask."""
    weights = dict(module.named_parameters())
    pairs = [(weights[name], mask.float()) for name, mask in random_mask(module).items()]

    @torch.no_grad()
    def hold() -> None:
        for weight, mask in pairs:
            weight.mul_(mask)

    return hold


def indexed(data: DataSet) -> Iterator[tuple[Tensor, Tensor]]:
    """Batches cut from tensors by index."""
    images, labels = data.train.inputs, data.train.labels
    while True:
        for index in torch.randperm(len(labels)).split(BATCH):
            if len(index) == BATCH:
                yield images[index], labels[index]


class Pictures(Dataset[tuple[Tensor, int]]):
    """One image at a time through PIL, as the usual loaders do."""

    def __init__(self, data: DataSet) -> None:
        self._pixels = (data.train.inputs * 255).round().to(torch.uint8).squeeze(1).numpy()
        self._labels = data.train.labels.tolist()

    def __len__(self) -> int:
        return len(self._labels)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        image = Image.fromarray(self._pixels[index])
        pixels = torch.from_numpy(np.array(image, dtype=np.uint8)).unsqueeze(0)
        return pixels.float().div(255).sub(0.1307).div(0.3081), self._labels[index]


def loaded(data: DataSet) -> Iterator[tuple[Tensor, Tensor]]:
    """Batches of a DataLoader in this process."""
    loader = DataLoader(Pictures(data), batch_size=BATCH, shuffle=True, drop_last=True)
    while True:
        yield from loader


def contenders(data: DataSet) -> dict[str, tuple[Step, int]]:
    """Name to one step and how many networks it trains."""
    tight, loader, pruned = lenet_300_100(), lenet_300_100(), lenet_300_100()
    for name, mask in random_mask(pruned).items():
        torch_prune.custom_from_mask(pruned.get_submodule(name.removesuffix(".weight")), "weight", mask)
    return {
        "winnow R=1": (winnow_step(data, 1), 1),
        "winnow R=5": (winnow_step(data, 5), 5),
        "(a) tight": (plain_step(indexed(data), tight, masked(tight)), 1),
        "(b) loader": (plain_step(loaded(data), loader, masked(loader)), 1),
        "(c) prune": (plain_step(indexed(data), pruned, lambda: None), 1),
    }


def measure(steps: dict[str, tuple[Step, int]], rounds: int, length: int) -> dict[str, list[float]]:
    """Network steps per second of every contender in every round."""
    rates: dict[str, list[float]] = {name: [] for name in steps}
    for number in range(rounds + 1):
        for name, (step, networks) in steps.items():
            begin = time.perf_counter()
            for _ in range(length):
                step()
            if number:  # the first round warms up
                rates[name].append(networks * length / (time.perf_counter() - begin))
    return rates


def ratios(rates: dict[str, list[float]]) -> list[dict[str, Any]]:
    """Winnow against every other contender, round by round."""
    rows = []
    for ours in ("winnow R=1", "winnow R=5"):
        for other in ("(a) tight", "(b) loader", "(c) prune"):
            each = [a / b for a, b in zip(rates[ours], rates[other], strict=True)]
            rows.append(
                {"ours": ours, "other": other, "median": statistics.median(each), "min": min(each), "max": max(each)}
            )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", help="folder of MNIST")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--length", type=int, default=100, help="steps per contender and round")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    torch.manual_seed(0)
    rates = measure(contenders(load(arguments.data, validation=5000, seed=0)), arguments.rounds, arguments.length)
    medians = {name: statistics.median(each) for name, each in rates.items()}
    rows = ratios(rates)
    if arguments.json:
        print(json.dumps({"environment": environment(), "steps_per_second": medians, "ratios": rows}))
        return
    for name, rate in medians.items():
        print(f"{name:<12} {rate:8.0f} network steps per second")
    for row in rows:
        print(f"{row['ours']} / {row['other']:<10}  {row['median']:.2f}  ({row['min']:.2f} to {row['max']:.2f})")


if __name__ == "__main__":
    main()
