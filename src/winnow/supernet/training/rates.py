"""Learning-rate schedules as a factor of the highest rate, over the steps of a phase."""

from __future__ import annotations

import math
from collections.abc import Callable

from winnow.core import chosen

_WARM_SHARE, _FIRST, _LAST = 0.3, 1 / 25, 1 / 25e4  # what torch's OneCycleLR does when told nothing
# MobileNet's recipe, which the paper takes for ImageNet: x 0.97 every 2.4 of 350 epochs.
_DECAY, _DECAYS = 0.97, 350 / 2.4
_MILESTONES = (170 / 210, 200 / 210)  # of the paper's recipe for COCO's keypoints


def rate_factor(schedule: str, step: int, steps: int) -> float:
    """The factor at a step, counted from 0, of so many.

    - "onecycle": up along a cosine over the first 30 %, then down to almost 0 (Smith & Topin 2018; the paper's choice
      for segmentation). The momentum is left alone.
    - "cosine": down along half a cosine.
    - "exponential": x 0.97 in 145 equal periods (the paper's for ImageNet).
    - "steps": x 0.1 after 81 % and again after 95 % (the paper's for keypoints).
    - "constant".

    Raises:
        WinnowError: WN-T03 for any other.
    """
    return chosen(RATES, schedule, "schedule", "WN-T03")(step, steps)


def _onecycle(step: int, steps: int) -> float:
    peak, end = _WARM_SHARE * steps - 1, steps - 1
    if step <= peak:
        return _along_cosine(_FIRST, 1.0, step / max(peak, 1e-9))
    peak = max(peak, 0.0)  # a phase of three steps has no way up
    return _along_cosine(1.0, _LAST, (step - peak) / max(end - peak, 1e-9))


def _along_cosine(start: float, end: float, share: float) -> float:
    return end + (start - end) * 0.5 * (1 + math.cos(math.pi * share))


def _cosine(step: int, steps: int) -> float:
    return _along_cosine(1.0, 0.0, step / steps)


def _exponential(step: int, steps: int) -> float:
    return _DECAY ** math.floor(_DECAYS * step / steps)


def _steps(step: int, steps: int) -> float:
    return 0.1 ** sum(step >= milestone * steps for milestone in _MILESTONES)


def _constant(step: int, steps: int) -> float:  # noqa: ARG001
    return 1.0


RATES: dict[str, Callable[[int, int], float]] = {
    "onecycle": _onecycle,
    "cosine": _cosine,
    "exponential": _exponential,
    "steps": _steps,
    "constant": _constant,
}
