"""Latency of single calls: what a user waits for, and what one in twenty waits for."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from winnow.exports.timing import interleaved

_WARM = 3


class Percentiles(NamedTuple):
    """Milliseconds of a call: half of the calls, and 95 % of them, took at most so long; and how many there were."""

    p50: float
    p95: float
    calls: int


def percentiles(calls: Mapping[str, Callable[[], object]], rounds: int, seconds: float) -> dict[str, Percentiles]:
    """Time single calls in turns, so that a machine that drifts hits all of them alike.

    `winnow.exports.timing.interleaved` gives the median of whole blocks; a percentile needs every call on its own.

    Args:
        calls: what to time, by name; each was called once before.
        rounds: turns of each; every round begins with another one.
        seconds: that a turn lasts at least; it has one call at least.
    """
    names = list(calls)
    found: dict[str, list[float]] = {name: [] for name in names}
    for turn in range(rounds):
        first = turn % max(len(names), 1)
        for name in names[first:] + names[:first]:
            found[name] += _turn(calls[name], seconds)
    return {name: _summary(times) for name, times in found.items()}


def faster(calls: Mapping[str, Callable[[], object]]) -> str:
    """The name of the one whose median is lowest."""
    found = interleaved(calls, 3)
    return min(found, key=lambda name: found[name].median)


def _turn(call: Callable[[], object], seconds: float) -> list[float]:
    """Milliseconds of each call, but for the first few: the threads of another library may still spin."""
    times: list[float] = []
    begin = time.perf_counter()
    end, last = begin + seconds, begin
    while last < end or len(times) <= _WARM:
        call()
        now = time.perf_counter()
        times.append((now - last) * 1000)
        last = now
    return times[_WARM:]


def _summary(times: Sequence[float]) -> Percentiles:
    ordered = sorted(times)
    # Of few calls the 95th percentile is the longest of them: the nearest rank, never one between two.
    rank = -(-95 * len(ordered) // 100) - 1
    return Percentiles(statistics.median(ordered), ordered[rank], len(ordered))
