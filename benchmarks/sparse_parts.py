"""Where a training step on stored weights goes: every kind of operation of ResNet-20 or LeNet, timed by itself.

    python benchmarks/sparse_parts.py

One network on all threads; the best of several turns per call, added up by operation. Between the calls of a real step
lie barriers as well, and its memory is less warm.
"""

from __future__ import annotations

import time
from collections import defaultdict

import torch

from winnow.kernels.team import Program, Team
from winnow.models import lenet_300_100, resnet_20
from winnow.sparsity import Mask, prunable_layers, tensors_of, weights_of
from winnow.training import Member
from winnow.training.packed import PackedStack
from winnow.training.sparse import SparseEngine, training_stages, weighted_tensors

DENSITIES = (0.1, 0.036, 0.01)
NETWORKS = (("ResNet-20", resnet_20, (3, 32, 32), 128), ("LeNet-300-100", lenet_300_100, (1, 28, 28), 60))


def main() -> None:
    torch.manual_seed(0)
    for name, build, shape, batch in NETWORKS:
        for density in DENSITIES:
            module = build()
            weights = weights_of(tensors_of(module), prunable_layers(module))
            mask = Mask({key: torch.rand(w.shape) < density for key, w in weights.items()})
            member = Member(branch="ticket", replicate=0, start=tensors_of(module), mask=mask)
            stages = training_stages(module, shape)
            stack = PackedStack(module, [member], weighted_tensors(stages))
            engine = SparseEngine(stack, stages, batch)
            images, labels = torch.rand(batch, *shape), torch.randint(0, 10, (batch,))
            index = torch.arange(batch)  # the calls below read these three again
            engine.gradients(images, labels, 0, index)
            shown = ", ".join(f"{part} {1e3 * seconds:.3f}" for part, seconds in _parts(engine).items())
            print(f"{name} at {density:.1%}, milliseconds: {shown}")


def _parts(engine: SparseEngine) -> dict[str, float]:
    parts: dict[str, float] = defaultdict(float)
    for call in engine.programs[0].calls:
        parts[call.function.name] += _best(Team([Program([call])]))
    return dict(sorted(parts.items(), key=lambda part: -part[1]))


def _best(team: Team, turns: int = 5, seconds: float = 0.01) -> float:
    team.run()
    best = float("inf")
    for _ in range(turns):
        count, begin = 0, time.perf_counter()
        while (spent := time.perf_counter() - begin) < seconds:
            team.run()
            count += 1
        best = min(best, spent / count)
    return best


if __name__ == "__main__":
    main()
