"""Timing in turns: contenders take turns round after round, so that a machine whose speed drifts slows them alike."""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from winnow.storage import environment

Call = Callable[[], object]


def timed(contenders: Mapping[str, Call], rounds: int = 5, seconds: float = 0.2) -> dict[str, list[float]]:
    """Seconds per call of every contender, one figure per round; each turn lasts about `seconds`."""
    counts = {name: _count(call, seconds) for name, call in contenders.items()}
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, call in contenders.items():
            _settle(call)
            begin = time.perf_counter()
            for _ in range(counts[name]):
                call()
            times[name].append((time.perf_counter() - begin) / counts[name])
    return times


def _settle(call: Call) -> None:
    """Let the idle threads of the contender before go to sleep, and the caches fill with this one's data."""
    time.sleep(0.05)
    for _ in range(3):
        call()


def _count(call: Call, seconds: float) -> int:
    """How many calls fill a turn; the first ones, which compile and allocate, are not counted."""
    for _ in range(3):
        call()
    count, begin = 0, time.perf_counter()
    while (spent := time.perf_counter() - begin) < seconds / 4:
        call()
        count += 1
    return max(1, round(count * seconds / max(spent, 1e-9)))


def speed_up(times: Mapping[str, Sequence[float]], of: str, against: Sequence[str]) -> dict[str, float]:
    """How many times faster `of` is than the best of the others: median, smallest and largest over the rounds."""
    best = min(against, key=lambda name: statistics.median(times[name]))
    ratios = [slow / fast for slow, fast in zip(times[best], times[of], strict=True)]
    return {"median": statistics.median(ratios), "min": min(ratios), "max": max(ratios)}


def shown(ratio: Mapping[str, float]) -> str:
    """A speed-up as "4.1x (3.9 to 4.4)"."""
    return f"{ratio['median']:.1f}x ({ratio['min']:.1f} to {ratio['max']:.1f})"


def header() -> dict[str, Any]:
    """Machine, versions and threads; printed before the figures."""
    return {**environment(), "threads": torch.get_num_threads()}


def finish(result: Mapping[str, Any], as_json: bool) -> None:
    """Print the result as JSON when asked for."""
    if as_json:
        json.dump(result, sys.stdout, indent=2)
        print()
