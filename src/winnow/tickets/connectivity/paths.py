"""Networks on the straight line between two trained ones: how they are made, and their errors.

Batch normalisation keeps running averages of what its inputs were in training. They are no weights: the average of two
networks' statistics is not the statistics of the averaged network, whose activations vary less than those of either end
(Jordan et al. 2022, "REPAIR": variance collapse). Evaluating with them would add their misfit to the barrier. So the
default is "recompute": the running statistics of every network on the path, its ends included, are taken anew from
training batches, as Garipov et al. (2018) do along their curves. "interpolate" treats them as weights.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from winnow.data import DataSet
from winnow.sparsity import Mask
from winnow.training import Member, Stack, TrainingPlan, engine_for, loss_named
from winnow.training.batches import StackBatches
from winnow.training.evaluation import evaluate

# So many images fix mean and variance of a channel to well below a percent, and cost little beside an evaluation.
_STATISTICS_IMAGES = 2000
_STACK_WEIGHTS = 2**21  # weights of all networks that are evaluated together: 8 MiB, near to a core's cache


@dataclass(frozen=True)
class PathScores:
    """What was measured along one path on one split.

    Attributes:
        error: fraction of wrong answers at every point.
        loss: mean loss at every point.
    """

    error: list[float]
    loss: list[float]


def alphas_of(points: int) -> list[float]:
    """`points` evenly spaced positions from 0 to 1, both included."""
    return [point / (points - 1) for point in range(points)]


def interpolated(first: Mapping[str, Tensor], second: Mapping[str, Tensor], alpha: float) -> dict[str, Tensor]:
    """W(alpha) = (1 - alpha) W1 + alpha W2, tensor by tensor; counters and other integers are those of the first.

    The ends are W1 and W2 bit for bit. Between equal networks every point is both, and what is 0 in both stays 0.
    """
    return {
        name: torch.lerp(tensor, second[name], alpha) if tensor.is_floating_point() else tensor
        for name, tensor in first.items()
    }


def has_statistics(module: nn.Module) -> bool:
    """Whether the network keeps running statistics of batches."""
    return bool(_norms(module))


class PathMeter:
    """Measures paths between networks of one architecture on one data set.

    Args:
        module: the architecture.
        data: its splits, on any device; they are moved.
        plan: how the networks were trained: the loss, and the batches that statistics are recomputed on.
        device: where.
        batchnorm: "recompute" or "interpolate".
    """

    def __init__(
        self, module: nn.Module, data: DataSet, plan: TrainingPlan, device: torch.device, batchnorm: str = "recompute"
    ) -> None:
        self._module, self._plan, self._device = module, plan, device
        self._data = data.to(device)
        self._recompute = batchnorm == "recompute" and has_statistics(module)
        weights = sum(parameter.numel() for parameter in module.parameters())
        self._together = max(1, _STACK_WEIGHTS // max(weights, 1))

    def scores(
        self,
        first: Mapping[str, Tensor],
        second: Mapping[str, Tensor],
        mask: Mask,
        alphas: Sequence[float],
        splits: Sequence[str],
    ) -> dict[str, PathScores]:
        """Error and loss at every alpha, per split ("train", "validation", "test").

        Args:
            first: all tensors of the network at alpha 0.
            second: those at alpha 1.
            mask: of both; pruned weights are 0 along the whole path.
            alphas: positions on the path.
            splits: where to measure.
        """
        found = {split: PathScores([], []) for split in splits}
        for start in range(0, len(alphas), self._together):
            stack = self._stack(first, second, mask, alphas[start : start + self._together])
            for split in splits:
                loss = loss_named(self._plan.loss)
                scores = evaluate(engine_for(stack, loss), getattr(self._data, split), loss)
                found[split].loss.extend(scores.loss)
                found[split].error.extend(1 - accuracy for accuracy in scores.accuracy)
        return found

    def _stack(
        self, first: Mapping[str, Tensor], second: Mapping[str, Tensor], mask: Mask, alphas: Sequence[float]
    ) -> Stack:
        members = [
            Member(branch="path", replicate=row, start=interpolated(first, second, alpha), mask=mask)
            for row, alpha in enumerate(alphas)
        ]
        stack = Stack(self._module, members, self._device)
        if self._recompute:
            batches = StackBatches(self._data, members[:1], self._plan)
            for module in stack.modules:
                self._take_statistics(module, batches)
        return stack

    @torch.no_grad()
    def _take_statistics(self, module: nn.Module, batches: StackBatches) -> None:
        """Averages over whole batches of the training's own size and augmentation, the same for every network."""
        size = self._plan.batch
        count = min(-(-_STATISTICS_IMAGES // size), len(self._data.train) // size)
        with _averaging(module):
            for step in range(max(count, 1)):
                module(batches.at(step)[0][0])


@contextmanager
def _averaging(module: nn.Module) -> Iterator[None]:
    """Only batch normalisation trains, from nothing and with a plain average; dropout is off."""
    norms = _norms(module)
    momenta = [norm.momentum for norm in norms]
    module.eval()
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None
        norm.train()
    try:
        yield
    finally:
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum
        module.train()


def _norms(module: nn.Module) -> list[_BatchNorm]:
    return [part for part in module.modules() if isinstance(part, _BatchNorm) and part.running_mean is not None]
