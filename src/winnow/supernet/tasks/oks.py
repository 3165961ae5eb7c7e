"""Object keypoint similarity, and the average precision that COCO makes of it.

Each image is one given box and holds one body and one prediction, as in COCO's evaluation with ground-truth boxes;
bodies that share a photograph are images of their own here, so a prediction is never matched with a neighbour.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

THRESHOLDS = np.linspace(0.5, 0.95, 10)
# COCO's own numbers: some, like 0.7000000000000001, are just above the hundredth that they stand for, and so a recall
# of exactly that hundredth does not reach them. Its evaluation counts so, and so does this one.
_RECALLS = np.linspace(0.0, 1.0, 101)


def similarities(found: Tensor, joints: Tensor, areas: Tensor, sigmas: Sequence[float]) -> Tensor:
    """How near each body's joints were found, 1 for all in place (Ronchi and Perona 2017, equation 1).

    A joint at distance d counts exp(-d^2 / (2 area (2 sigma)^2)); their mean is over the labelled joints.

    Args:
        found: [N, K, 2 or more], x and y in pixels.
        joints: [N, K, 3] as x, y, visible.
        areas: [N], the body's area in square pixels.
        sigmas: per joint, COCO's spread of human annotators.

    Returns:
        float64 [N]; NaN for a body with no labelled joint.
    """
    known = joints[:, :, 2] > 0
    squares = (found[:, :, :2].double() - joints[:, :, :2].double()).square().sum(2)
    spread = (2 * torch.tensor(list(sigmas), dtype=torch.float64, device=joints.device)).square()
    each = torch.exp(-squares / (2 * areas.double()[:, None] * spread).clamp(min=1e-12))
    return each.masked_fill(~known, 0.0).sum(1) / known.sum(1)


def average_precision(similarity: NDArray[np.float64], scores: NDArray[np.float64]) -> dict[str, float]:
    """Precision averaged over 101 recalls and ten thresholds of similarity, as COCO counts it.

    Args:
        similarity: [N] of each prediction with the body in its box.
        scores: [N], how sure each prediction is; equal scores keep their order.

    Returns:
        "ap", "ap50", "ap75", and "ar": the mean over the thresholds of the share of bodies found.
    """
    order = np.argsort(-scores, kind="stable")
    hits = similarity[order][None, :] >= THRESHOLDS[:, None]
    precisions = np.array([_interpolated(row) for row in hits])
    return {
        "ap": float(precisions.mean()),
        "ap50": float(precisions[0]),
        "ap75": float(precisions[5]),
        "ar": float(hits.mean()),
    }


def _interpolated(hits: NDArray[np.bool_]) -> float:
    """Mean over the 101 recalls of the best precision at that recall or a higher one."""
    right = np.cumsum(hits)
    recall, precision = right / len(hits), right / np.arange(1, len(hits) + 1)
    best = np.maximum.accumulate(precision[::-1])[::-1]
    places = np.searchsorted(recall, _RECALLS, side="left")
    return float(np.append(best, 0.0)[places].mean())
