"""Hours for the whole LeNet curve of the paper on MNIST, dense and on stored weights, extrapolated level by level.

    python benchmarks/lenet_curve.py ../shared/data/mnist

15 levels and the dense one, 5 tickets with one reinit each, 50,000 steps of 60 images, evaluated every 100 steps on
5,000 + 10,000 images (Frankle & Carbin 2019, Figure 3). Every level runs `--steps` steps of the real loop, parts timed
apart; dense execution, which no mask changes, is measured once with 5 and once with 10 networks. Masks are random, with
the paper's densities in every layer.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import torch

from rounds import finish, header
from winnow.data import DataSet, load
from winnow.models import lenet_300_100
from winnow.sparsity import Layer, Mask, prunable_layers, tensors_of, weights_of
from winnow.training import Member, StackOptimizer, TrainingPlan, execution_for, loss_named
from winnow.training.batches import StackBatches
from winnow.training.evaluation import evaluate

LEVELS, TICKETS, STEPS, EVERY = 15, 5, 50_000, 100


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data")
    parser.add_argument("--steps", type=int, default=2000, help="steps of every level that are run")
    parser.add_argument("--levels", type=int, nargs="*", default=list(range(LEVELS + 1)))
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    data = load(chosen.data, validation=5000, seed=0, scaling="unit")
    dense: dict[int, Any] = {}
    rows = []
    for level in chosen.levels:
        rows.append(_level(data, level, chosen.steps, dense))
        print(f"level {level} done", file=sys.stderr, flush=True)
    if not chosen.json:
        print("| level | weights | networks | dense, h | stored weights, h | times faster |")
        print("| ---: | ---: | ---: | ---: | ---: | ---: |")
        for row in rows:
            print(
                f"| {row['level']} | {row['density']:.2%} | {row['networks']} | {row['dense']['hours']:.2f} "
                f"| {row['sparse']['hours']:.2f} | {row['dense']['hours'] / row['sparse']['hours']:.1f}x |"
            )
        for way in ("dense", "sparse", "faster"):
            _tell(way, [row[way] for row in rows])
    finish({"machine": header(), "rows": rows}, chosen.json)


def _tell(way: str, rows: list[dict[str, Any]]) -> None:
    total = sum(row["hours"] for row in rows)
    parts = {part: sum(row["parts"][part] for row in rows) for part in rows[0]["parts"]}
    whole = sum(parts.values())
    shares = ", ".join(f"{part} {seconds / whole:.0%}" for part, seconds in parts.items())
    print(f"{way}: {total:.1f} h ({shares})")


def _level(data: DataSet, level: int, steps: int, known: dict[int, Any]) -> dict[str, Any]:
    members = _members(level)
    if len(members) not in known:
        known[len(members)] = _timed(data, members, steps, "dense")
    dense = known[len(members)]
    sparse = _timed(data, members, steps, "sparse") if level else dense
    faster = min(dense, sparse, key=lambda way: way["hours"])
    networks, density = len(members), members[0].mask.density
    return {
        "level": level,
        "density": density,
        "networks": networks,
        "dense": dense,
        "sparse": sparse,
        "faster": faster,
    }


def _members(level: int) -> list[Member]:
    module = lenet_300_100()
    weights = weights_of(tensors_of(module), prunable_layers(module))
    layers = prunable_layers(module)
    members = []
    for replicate in range(TICKETS):
        for branch in ("ticket", "reinit") if level else ("ticket",):
            mask = _mask(weights, layers, level)
            start = tensors_of(lenet_300_100())
            members.append(Member(branch=branch, replicate=replicate, start=start, mask=mask, order_seed=replicate))
    return members


def _mask(weights: dict[str, torch.Tensor], layers: list[Layer], level: int) -> Mask:
    """Random positions; the paper's rates: 20 % of a layer's weights per level, 10 % of the output's."""
    kept = {layer.name: (0.9 if layer.kind == "output" else 0.8) ** level for layer in layers}
    return Mask({name: torch.rand(w.shape) < kept[name] for name, w in weights.items()})


def _timed(data: DataSet, members: list[Member], steps: int, way: str) -> dict[str, Any]:
    """Hours of a level, from `steps` steps of the loop with its evaluations, and the seconds of every part."""
    plan = TrainingPlan(steps=10**9, batch=60, learning_rate=1.2e-3)
    execution = execution_for(lenet_300_100(), members, plan, data.image_shape, torch.device("cpu"), way)
    stack, engine, loss = execution.stack, execution.engine, loss_named(plan.loss)
    optimizer, batches = StackOptimizer(stack, plan), StackBatches(data, members, plan)
    engine.gradients(*batches.at(0), 0)  # compiles and allocates
    parts: dict[str, float] = defaultdict(float)

    def part(name: str, work: Callable[..., Any], *arguments: Any) -> Any:
        begin = time.perf_counter()
        result = work(*arguments)
        parts[name] += time.perf_counter() - begin
        return result

    for step in range(steps):
        images, labels, index = part("batches", batches.indexed, step)
        part("gradients", engine.gradients, images, labels, step, index)
        part("masks", stack.hold_masks)
        part("optimizer", optimizer.step, step)
        if step % EVERY == 0:
            for split in (data.validation, data.test):
                part("evaluation", evaluate, engine, split, loss)
    return {"hours": sum(parts.values()) / steps * STEPS / 3600, "parts": dict(parts)}


if __name__ == "__main__":
    main()
