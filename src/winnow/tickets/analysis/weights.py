"""Start weights of the survivors, and how far they move (Frankle & Carbin 2019, Appendix F.1 and F.2)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from torch import Tensor

from winnow.sparsity import Ticket

_MOST_BINS, _FEWEST_BINS = 41, 11
_CENTRAL = 0.995  # of the movements lie in the histogram's range; a few long ones would press the rest into one bin


def weight_rows(level: int, tickets: Sequence[Ticket], dense: Sequence[Mapping[str, Tensor]]) -> list[dict[str, Any]]:
    """Per replicate and layer: how the surviving start weights stand among all start weights, and how they move.

    "Near zero" is below half the standard deviation of all start weights of the layer. Movement is trained minus start
    weight, over that deviation; for learning-rate rewinding the start is where the level's training begins.

    Args:
        tickets: of the level, by replicate.
        dense: start tensors of the dense network, by replicate.
    """
    rows = []
    for replicate, (ticket, first) in enumerate(zip(tickets, dense, strict=True)):
        for name, mask in ticket.mask.items():
            every = first[name].double()
            deviation = float(every.std(correction=0))
            start, moved, flipped = every[mask], _moved(ticket, name), _flipped(ticket, name)
            rows.append(
                {
                    "level": level,
                    "replicate": replicate,
                    "layer": name,
                    "kept": int(mask.sum()),
                    "start_deviation_all": deviation,
                    "start_size": _mean(start.abs()),
                    "start_size_all": _mean(every.abs()),
                    "near_zero_percent": _percent(start.abs() < deviation / 2),
                    "near_zero_percent_all": _percent(every.abs() < deviation / 2),
                    "moved_size": None if moved is None else _mean(moved.abs()),
                    "moved_deviations": None if moved is None or not deviation else _mean(moved.abs() / deviation),
                    "sign_changed_percent": None if flipped is None else _percent(flipped),
                }
            )
    return rows


def histogram_rows(
    level: int, tickets: Sequence[Ticket], dense: Sequence[Mapping[str, Tensor]]
) -> list[dict[str, Any]]:
    """Per layer, over all replicates: histograms of the surviving start weights ("start") and of movements ("moved").

    Bins of "start" span all start weights of the layer and are the same at every level; those of "moved" span the
    central 99.5 % of the level's movements. `density` integrates to the share of values inside the bins.
    """
    rows = []
    for name in tickets[0].mask:
        reach = max((float(first[name].abs().max()) for first in dense if first[name].numel()), default=0.0)
        members = sum(first[name].numel() for first in dense)
        pairs = zip(tickets, dense, strict=True)
        start = np.concatenate([first[name][ticket.mask[name]].double().numpy() for ticket, first in pairs])
        rows += _histogram({"level": level, "layer": name, "of": "start"}, start, reach, members)
        moves = [moved.numpy() for ticket in tickets if (moved := _moved(ticket, name)) is not None]
        if moves:
            moved = np.concatenate(moves)
            reach = float(np.quantile(np.abs(moved), _CENTRAL)) if len(moved) else 0.0
            rows += _histogram({"level": level, "layer": name, "of": "moved"}, moved, reach, members)
    return rows


def _moved(ticket: Ticket, name: str) -> Tensor | None:
    """Trained minus start of the survivors, float64 [kept]."""
    if ticket.trained is None:
        return None
    mask = ticket.mask[name]
    return ticket.trained[name][mask].double() - ticket.start[name][mask].double()


def _flipped(ticket: Ticket, name: str) -> Tensor | None:
    if ticket.trained is None:
        return None
    mask = ticket.mask[name]
    return ticket.trained[name][mask].sign() * ticket.start[name][mask].sign() < 0


def _histogram(place: dict[str, Any], values: np.ndarray, reach: float, members: int) -> list[dict[str, Any]]:
    # Frozen weights do not move at all: one bin's width is then as good as another.
    reach = reach or 1e-6
    # An odd number, so that zero is in the middle of a bin; few weights get few bins (Rice's rule), or all is noise.
    bins = min(max(int(2 * members ** (1 / 3)) // 2 * 2 + 1, _FEWEST_BINS), _MOST_BINS)
    counts, edges = np.histogram(values, bins, (-reach, reach))
    scale = 1 / (max(len(values), 1) * (edges[1] - edges[0]))
    return [
        {**place, "low": float(low), "high": float(high), "count": int(count), "density": float(count * scale)}
        for low, high, count in zip(edges[:-1], edges[1:], counts, strict=True)
    ]


def _mean(values: Tensor) -> float | None:
    found = float(values.mean()) if values.numel() else math.nan
    return found if math.isfinite(found) else None


def _percent(chosen: Tensor) -> float | None:
    return 100 * float(chosen.double().mean()) if chosen.numel() else None
