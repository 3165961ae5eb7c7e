"""Intersection over union from one confusion matrix of a whole split."""

from __future__ import annotations

import torch
from torch import Tensor

from winnow.core import WinnowError
from winnow.data.vision import VOID


def confusion_of(predicted: Tensor, truth: Tensor, classes: int) -> Tensor:
    """How many pixels of each true class (row) were given each class (column).

    Args:
        predicted: class ids of any integer type and shape.
        truth: the same shape; pixels of `VOID` are left out.
        classes: ids run from 0 to `classes` - 1.

    Returns:
        int64 [classes, classes].
    """
    known = truth != VOID
    pairs = truth[known].long() * classes + predicted[known].long()
    return torch.bincount(pairs, minlength=classes * classes).reshape(classes, classes)


def iou_measures(confusion: Tensor, names: tuple[str, ...]) -> dict[str, float]:
    """Mean IoU, pixel accuracy and the IoU of each class.

    The counts are of the whole split, not averaged over images. A class that neither the labels nor the predictions
    have is left out; one that is only predicted counts with 0.

    Args:
        confusion: int64 [classes, classes] as `confusion_of` gives.
        names: of the classes.

    Returns:
        "miou", "pixel_accuracy" and "iou/<class>".

    Raises:
        WinnowError: WN-D02 when no pixel is labelled.
    """
    total = int(confusion.sum())
    if not total:
        raise WinnowError("WN-D02", "no pixel is labelled: there is nothing to measure on")
    right = confusion.diagonal()
    union = confusion.sum(0) + confusion.sum(1) - right
    rows = zip(names, right.tolist(), union.tolist(), strict=True)
    each = {f"iou/{name}": hit / whole for name, hit, whole in rows if whole}
    return {"miou": sum(each.values()) / len(each), "pixel_accuracy": int(right.sum()) / total, **each}
