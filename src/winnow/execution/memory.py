"""Memory that is freed and wanted again at every step."""

from __future__ import annotations

import ctypes
import sys

# glibc's names are in malloc.h: M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD.
_TRIM, _PAD, _MAP = -1, -2, -3
_MEBIBYTE = 1 << 20


def hold_memory() -> bool:
    """Let this process keep memory that it frees, so that the next step does not fetch it page by page again.

    Tensors of some megabytes that come and go at every step are given back to the system each time, and fetching them
    costs as much as the products do: a training step of eight MLPs took half the time with this (see
    `docs/results/grokking.md`). It lasts for the life of the process and needs glibc.

    Returns:
        Whether it was done.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    wanted = ((_MAP, 32 * _MEBIBYTE), (_TRIM, 2047 * _MEBIBYTE), (_PAD, 64 * _MEBIBYTE))
    return all(mallopt(name, value) == 1 for name, value in wanted)
