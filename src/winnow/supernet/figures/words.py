"""Numbers and names in sentences."""

from __future__ import annotations

import math

_METRICS = {"accuracy": "accuracy", "miou": "mean IoU", "pck": "PCK"}


def metric_word(metric: str) -> str:
    """A measure's name for reading: "mean IoU" for "miou"."""
    return _METRICS.get(metric, metric)


def amount(count: float) -> str:
    """A large count, short: "1,392", "14.4 million"."""
    return f"{count / 1e6:.3g} million" if count >= 1e6 else f"{count:,.0f}"


def share(part: float, whole: float) -> str:
    """How much `part` is of `whole`: "41.2%"; "none" of nothing."""
    return f"{100 * part / whole:.1f}%" if whole else "none"


def fraction(value: float | None) -> str:
    """A measure between 0 and 1: "71.30%", or that it is no number."""
    return f"{100 * value:.2f}%" if value is not None and math.isfinite(value) else "not a number"


def counted(count: int, word: str, plural: str = "s") -> str:
    """ "1 layer", "3 layers"; `plural` is the ending."""
    return f"{count:,} {word}{'' if count == 1 else plural}"
