"""Held memory is fetched once, and not again at every step."""

from __future__ import annotations

import subprocess
import sys

import pytest

_STEPS = """
import resource, sys
import torch
from winnow.execution import hold_memory
if sys.argv[1] == "hold":
    assert hold_memory()
def step():
    kept = [torch.ones(1 << 20) for _ in range(6)]  # 4 MiB each
for _ in range(3):
    step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    step()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="mallopt is glibc's")
def test_memory_that_is_held_is_not_fetched_again() -> None:
    # Without it glibc gives back between one tensor and all six, as it happens to grow its own thresholds: 2,048 pages
    # in 20 steps at least on our machine, 100,000 and more at most.
    assert _faults("hold") < 512


def _faults(how: str) -> int:
    done = subprocess.run([sys.executable, "-c", _STEPS, how], capture_output=True, text=True, check=True)
    return int(done.stdout)
