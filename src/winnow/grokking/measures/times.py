"""When a run memorised and when it generalised, read from its curves."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from numpy.typing import ArrayLike
from torch import Tensor

from winnow.core import WinnowError

Series = ArrayLike | Tensor  # numbers in a row: a list, a NumPy array or a tensor [n]


@dataclass(frozen=True, kw_only=True)
class Times:
    """The two times of a run, with what they were read from.

    Attributes:
        memorised: t_mem, the first evaluated step whose training accuracy is above the threshold; None when never.
        generalised: t_gen, the same of the test accuracy.
        threshold: P of the paper.
        memorised_within: steps between that evaluation and the one before it, so t_mem is known to this many steps;
            None without t_mem, 0 when it is the first evaluation.
        generalised_within: the same of t_gen.
    """

    memorised: int | None
    generalised: int | None
    threshold: float
    memorised_within: int | None
    generalised_within: int | None

    @property
    def ratio(self) -> float | None:
        """tau_grok = t_gen / t_mem (Minegishi et al., section 4.1); None unless both exist and t_mem is above 0."""
        if self.memorised and self.generalised is not None:
            return self.generalised / self.memorised
        return None


def crossing(steps: Series, values: Series, threshold: float, *, below: bool = False) -> int | None:
    """The first step whose value is above the threshold (strictly, as in the paper); None when no value is.

    Args:
        steps: ascending [n].
        values: [n]; NaN never crosses.
        threshold: to pass.
        below: look for the first value below it instead, as for a loss.

    Raises:
        WinnowError: WN-C01 for series of unequal lengths.
    """
    when, what = _paired(steps, values)
    place = _place(what, threshold, below)
    return None if place is None else int(when[place])


def steepest(steps: Series, values: Series) -> float | None:
    """The middle of the interval between neighbouring points over which the values rise fastest per step.

    The first of equals; points that are not finite are left out; None when no interval rises.

    Args:
        steps: strictly ascending [n].
        values: [n].

    Raises:
        WinnowError: WN-C01 for series of unequal lengths, or steps that do not ascend.
    """
    when, what = _paired(steps, values)
    finite = what.isfinite()
    when, what = when[finite], what[finite]
    if len(when) < 2:
        return None
    slopes = what.diff() / when.diff()
    best = int(slopes.argmax())
    return float(when[best] + when[best + 1]) / 2 if slopes[best] > 0 else None


def times_of(steps: Series, train: Series, test: Series, threshold: float = 0.95) -> Times:
    """t_mem, t_gen and their ratio from accuracies [n] at the same steps [n] (section 4.1; P = 95 % there).

    Raises:
        WinnowError: WN-C01 for series of unequal lengths, or steps that do not ascend.
    """
    found = [_time(steps, values, threshold) for values in (train, test)]
    (memorised, memorised_within), (generalised, generalised_within) = found
    return Times(
        memorised=memorised,
        generalised=generalised,
        threshold=threshold,
        memorised_within=memorised_within,
        generalised_within=generalised_within,
    )


def _time(steps: Series, values: Series, threshold: float) -> tuple[int | None, int | None]:
    """The crossing, and how many steps lie between it and the evaluation before."""
    when, what = _paired(steps, values)
    place = _place(what, threshold, below=False)
    if place is None:
        return None, None
    return int(when[place]), int(when[place] - when[place - 1]) if place else 0


def _place(values: Tensor, threshold: float, below: bool) -> int | None:
    places = ((values < threshold) if below else (values > threshold)).nonzero().flatten()
    return int(places[0]) if len(places) else None


def _paired(steps: Series, values: Series) -> tuple[Tensor, Tensor]:
    when, what = (torch.as_tensor(series, dtype=torch.float64).cpu() for series in (steps, values))
    if when.ndim != 1 or when.shape != what.shape:
        raise WinnowError("WN-C01", f"{tuple(when.shape)} steps, {tuple(what.shape)} values", where="steps")
    if bool((when.diff() <= 0).any()):
        raise WinnowError("WN-C01", "the steps do not ascend", where="steps")
    return when, what
