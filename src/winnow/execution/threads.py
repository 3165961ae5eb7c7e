"""Threads of the numeric libraries: every job gets its share of the cores."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def share(workers: int) -> int:
    """Threads of each of so many workers; no more than OMP_NUM_THREADS, where the user has set it."""
    wished = os.environ.get("OMP_NUM_THREADS", "")
    limit = int(wished) if wished.isdigit() and int(wished) > 0 else cores()
    return min(limit, max(1, cores() // workers))


def environment(threads: int) -> dict[str, str]:
    """This process's environment, for a child whose libraries start with so many threads."""
    return {**os.environ, **dict.fromkeys(_VARIABLES, str(threads))}


@contextlib.contextmanager
def limited(threads: int | None) -> Iterator[None]:
    """Torch on so many threads in this process; None leaves it as it is."""
    if threads is None:
        yield
        return
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)
