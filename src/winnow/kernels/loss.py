"""Cross-entropy with its gradient, on logits in the kernels' layout."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from torch import Tensor

from winnow.kernels.layout import Buffer
from winnow.kernels.team import Call, Operation, make_call
from winnow.kernels.vectors import floats_at, integers_at


@Operation
def cross_entropy(arguments, thread, threads):
    """Mean loss and accuracy of a batch, and the gradient of the logits; empty images get none.

    Arguments: logits, gradient, labels (int64), their numbers (int64, or 0: the first ones), result [2], images, block,
    classes.
    """
    a = integers_at(arguments, 8)
    if thread > 0:  # a few thousand numbers: sharing them would cost more than it saves
        return
    count, block, classes = a[5], a[6], a[7]
    size = -(-count // block) * block * classes
    logits, gradient = floats_at(a[0], size), floats_at(a[1], size)
    labels, numbers, result = integers_at(a[2], count), integers_at(a[3], count), floats_at(a[4], 2)
    loss, right = 0.0, 0
    share = np.float32(1) / np.float32(count)
    for image in range(count):
        base = image // block * block * classes + image % block
        top, best = logits[base], 0
        for k in range(1, classes):
            value = logits[base + k * block]
            if value > top:
                top, best = value, k
        total = np.float32(0)
        for k in range(classes):
            power = np.exp(logits[base + k * block] - top)
            gradient[base + k * block] = power
            total += power
        label = labels[numbers[image]] if a[3] != 0 else labels[image]
        loss += np.log(total) + top - logits[base + label * block]
        right += best == label
        scale = share / total
        for k in range(classes):
            gradient[base + k * block] *= scale
        gradient[base + label * block] -= share
    result[0] = loss / count
    result[1] = right / count


@dataclass(frozen=True)
class LossCall:
    """The call that computes the loss, and how it is told where the labels are."""

    call: Call

    def read(self, labels: int, numbers: int | None = None) -> None:
        """From the address of int64 labels: those of the int64 numbers at an address, else the first ones."""
        self.call.arguments[2], self.call.arguments[3] = labels, numbers or 0


def cross_entropy_call(logits: Buffer, gradient: Buffer, result: Tensor) -> LossCall:
    """result = (mean loss, accuracy); gradient = d loss / d logits. `LossCall.read` names the labels before a run."""
    n = logits.layout
    sizes = (n.batch.images, n.batch.block, n.channels)
    call = make_call(cross_entropy, logits.flat, gradient.flat, 0, 0, result, *sizes)
    call.keeps += [logits, gradient]
    return LossCall(call)
