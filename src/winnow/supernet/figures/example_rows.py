"""The numbers behind examples of predictions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from torch import Tensor

from winnow.data.vision import VOID


def label_rows(targets: Tensor, predictions: Tensor, names: Sequence[str]) -> list[dict[str, Any]]:
    """A row per image: what it is, what the network said, and whether that is right."""
    return [
        {"image": place, "truth": names[truth], "prediction": names[said], "right": truth == said}
        for place, (truth, said) in enumerate(zip(targets.tolist(), predictions.tolist(), strict=True))
    ]


def area_rows(targets: Tensor, predictions: Tensor, names: Sequence[str]) -> list[dict[str, Any]]:
    """A row per image and class in truth or prediction: pixels of both, of what they share, and their IoU."""
    rows = []
    for place, (truth, said) in enumerate(zip(targets.long(), predictions.long(), strict=True)):
        known = truth != VOID
        for number in sorted(set(truth[known].tolist()) | set(said[known].tolist())):
            ours, theirs = (said == number) & known, truth == number
            both, either = int((ours & theirs).sum()), int((ours | theirs).sum())
            pixels = {"truth": int(theirs.sum()), "prediction": int(ours.sum()), "both": both}
            rows.append({"image": place, "class": names[number], **pixels, "iou": both / either})
    return rows


def joint_rows(targets: Tensor, predictions: Tensor, names: Sequence[str]) -> list[dict[str, Any]]:
    """A row per image and joint: truth and prediction in pixels, their distance, the score; None where not labelled."""
    rows = []
    for place, (truth, said) in enumerate(zip(targets.tolist(), predictions.tolist(), strict=True)):
        for joint, (x, y, visible), (px, py, score) in zip(names, truth, said, strict=True):
            there = {"x": x, "y": y, "distance": math.hypot(px - x, py - y)} if visible > 0 else {}
            row = {"image": place, "joint": joint, "x": None, "y": None, "predicted_x": px, "predicted_y": py}
            rows.append({**row, "distance": None, **there, "score": score})
    return rows
