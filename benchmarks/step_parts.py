"""Where a step of a stack goes, and what evaluation costs beside it: LeNet on MNIST.

    python benchmarks/step_parts.py ../shared/data/mnist

Every part is repeated in a loop of its own; the best of the rounds is printed, in milliseconds of the whole stack.
"products" are the eight batched matrix products alone, on tensors of the same sizes.
"""

from __future__ import annotations

import argparse
import itertools
import time
from collections.abc import Callable

import torch

from step_rate import BATCH, RATE, random_mask
from winnow.data import DataSet, load
from winnow.models import lenet_300_100
from winnow.sparsity import tensors_of
from winnow.training import Member, Stack, TrainingPlan, engine_for, loss_named
from winnow.training.batches import StackBatches
from winnow.training.evaluation import evaluate
from winnow.training.optimizers import StackOptimizer

_WIDTHS = (784, 300, 100, 10)
_EVALUATE_EVERY = 100


def best(work: Callable[[], object], repeats: int, rounds: int = 7) -> float:
    """Milliseconds of one call, in the best round."""
    work()
    times = []
    for _ in range(rounds):
        begin = time.perf_counter()
        for _ in range(repeats):
            work()
        times.append((time.perf_counter() - begin) / repeats)
    return 1000 * min(times)


def products(members: int) -> Callable[[], None]:
    """The matrix products of a step: three forward, three weight gradients, two input gradients."""
    values = [torch.randn(members, BATCH, width) for width in _WIDTHS]
    weights = [torch.randn(members, o, i) for i, o in itertools.pairwise(_WIDTHS)]

    def work() -> None:
        for layer, weight in enumerate(weights):
            torch.bmm(values[layer], weight.transpose(1, 2))
            torch.bmm(values[layer + 1].transpose(1, 2), values[layer])
            if layer:
                torch.bmm(values[layer + 1], weight)

    return work


def parts(data: DataSet, members: int) -> dict[str, float]:
    """Milliseconds of every part of a step, and of an evaluation per step that it serves."""
    modules = [lenet_300_100() for _ in range(members)]
    team = [
        Member(branch="ticket", replicate=r, start=tensors_of(m), mask=random_mask(m), order_seed=r)
        for r, m in enumerate(modules)
    ]
    plan, loss = TrainingPlan(steps=10**9, batch=BATCH, learning_rate=RATE), loss_named("cross-entropy")
    stack = Stack(modules[0], team, torch.device("cpu"))
    engine, optimizer, batches = engine_for(stack, loss), StackOptimizer(stack, plan), StackBatches(data, team, plan)
    images, labels = batches.at(0)
    steps = iter(range(10**9))
    splits = (data.validation, data.test)
    return {
        "gathering batches": best(lambda: batches.at(next(steps)), 200),
        "gradients": best(lambda: engine.gradients(images, labels, 0), 100),
        "of which products": best(products(members), 100),
        "clearing masked gradients": best(stack.hold_masks, 200),
        "Adam": best(lambda: optimizer.step(0), 200),
        f"evaluation / {_EVALUATE_EVERY}": best(lambda: [evaluate(engine, s, loss) for s in splits], 2)
        / _EVALUATE_EVERY,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", help="folder of MNIST")
    arguments = parser.parse_args()
    torch.manual_seed(0)
    data = load(arguments.data, validation=5000, seed=0)
    for members in (1, 5, 9):
        print(f"{members} in a stack")
        for name, milliseconds in parts(data, members).items():
            print(f"  {name:<26} {milliseconds:6.2f} ms")


if __name__ == "__main__":
    main()
