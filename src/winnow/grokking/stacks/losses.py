"""Losses of S runs at once, with their gradients written out."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor

from winnow.core import chosen


class Loss(Protocol):
    """The mean over a run's examples; runs do not see each other."""

    def values(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Mean loss per run, float64 [S], of outputs [S, n, outputs] and targets [S, n] or [S, n, outputs]."""
        ...

    def gradient(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Gradient of the sum over runs of `values`, in the outputs' shape and precision."""
        ...

    def right(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Share of examples answered rightly per run, float32 [S]; NaN where targets are values.

        An answer is right when its output is above every other: a tie is none.
        """
        ...


class Classes:
    """What losses of classes share."""

    def right(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """See `Loss.right`."""
        return _right(outputs, targets)


class CrossEntropy(Classes):
    """Cross-entropy with its softmax in float64, as in the authors' code: float32 collapses late in training."""

    def values(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """See `Loss.values`."""
        logs = torch.log_softmax(outputs.double(), -1)
        return -logs.gather(-1, targets.unsqueeze(-1)).squeeze(-1).mean(-1)

    def gradient(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """See `Loss.gradient`: (softmax - one-hot) / n."""
        gradient = torch.softmax(outputs.double(), -1)
        places = targets.unsqueeze(-1)
        gradient.scatter_add_(-1, places, gradient.new_full((), -1.0).expand(places.shape))
        return gradient.div_(outputs.shape[1]).to(outputs.dtype)


class Squared:
    """Half the squared error summed over outputs: values, or classes against their one-hot vectors."""

    def values(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """See `Loss.values`."""
        return 0.5 * self._error(outputs, targets).double().square().sum(-1).mean(-1)

    def gradient(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """See `Loss.gradient`."""
        return self._error(outputs, targets) / outputs.shape[1]

    def right(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """See `Loss.right`."""
        if targets.is_floating_point():
            return torch.full((len(outputs),), float("nan"), device=outputs.device)
        return _right(outputs, targets)

    def _error(self, outputs: Tensor, targets: Tensor) -> Tensor:
        if targets.is_floating_point():
            return outputs - targets
        return outputs - torch.nn.functional.one_hot(targets, outputs.shape[-1]).to(outputs.dtype)


def _right(outputs: Tensor, targets: Tensor) -> Tensor:
    """Share of targets above all other outputs: less time than an argmax on a CPU."""
    places = targets.unsqueeze(-1)
    others = outputs.scatter(-1, places, float("-inf")).amax(-1)
    return (outputs.gather(-1, places).squeeze(-1) > others).float().mean(-1)


LOSSES: dict[str, Loss] = {"cross-entropy": CrossEntropy(), "squared": Squared()}


def loss_named(name: str) -> Loss:
    """The loss of that name.

    Raises:
        WinnowError: WN-T03 for an unknown name.
    """
    return chosen(LOSSES, name, "loss", "WN-T03")
