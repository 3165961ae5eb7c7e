"""Latency: blocks of calls, variants interleaved, so that a machine that drifts hits all of them alike."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

_BLOCK_SECONDS, _WARM_SECONDS = 0.05, 0.01


class Latency(NamedTuple):
    """Milliseconds a call: the median of the blocks, their minimum and maximum."""

    median: float
    minimum: float
    maximum: float


def interleaved(calls: Mapping[str, Callable[[], object]], repeats: int) -> dict[str, Latency]:
    """Time each call in `repeats` blocks of at least 50 ms; every round of blocks begins with another variant.

    Args:
        calls: what to time, by name; each was called once before.
        repeats: blocks of each.
    """
    names = list(calls)
    counts = {name: _calls_in_a_block(calls[name]) for name in names}
    found: dict[str, list[float]] = {name: [] for name in names}
    for turn in range(repeats):
        first = turn % max(len(names), 1)
        for name in names[first:] + names[:first]:
            # The threads of one library still spin when the next one begins.
            _run_for(calls[name], _WARM_SECONDS)
            found[name].append(_block(calls[name], counts[name]))
    return {name: _summary(blocks) for name, blocks in found.items()}


def _calls_in_a_block(call: Callable[[], object]) -> int:
    _run_for(call, _WARM_SECONDS)
    return max(1, math.ceil(_BLOCK_SECONDS * 1000 / _block(call, 1)))


def _run_for(call: Callable[[], object], seconds: float) -> None:
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        call()


def _block(call: Callable[[], object], count: int) -> float:
    """Milliseconds a call."""
    begin = time.perf_counter()
    for _ in range(count):
        call()
    return max(time.perf_counter() - begin, 1e-9) * 1000 / count


def _summary(blocks: Sequence[float]) -> Latency:
    return Latency(statistics.median(blocks), min(blocks), max(blocks))
