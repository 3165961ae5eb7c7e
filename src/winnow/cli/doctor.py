"""`winnow doctor`: whether this machine is ready, and how fast it is."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Any

from winnow.cli.options import AsJson
from winnow.cli.output import print_facts, print_json
from winnow.storage import environment


def doctor(*, json: AsJson = False) -> None:
    """Check the installation and measure this machine: versions, cores, devices, disk, matrix speed."""
    facts = examine()
    print_json(facts) if json else print_facts(
        {**facts, "packages": [f"{k} {v}" for k, v in facts["packages"].items()]}
    )


def examine() -> dict[str, Any]:
    """The facts as plain data; speeds in GFLOP/s of float32 matrix products."""
    import torch

    free = shutil.disk_usage(Path.cwd()).free
    return {
        **environment(),
        "threads": torch.get_num_threads(),
        "cuda": torch.cuda.get_device_name(0) if torch.cuda.is_available() else "none",
        "disk_free_gb": round(free / 1e9, 1),
        "gflops_large": round(_gflops(1024, 1024, 1024), 1),
        "gflops_lenet_batch": round(_gflops(60, 784, 300), 1),
        "verdict": "ready" if free > 1e9 else "less than 1 GB of disk is free",
    }


def _gflops(rows: int, inner: int, columns: int) -> float:
    """The best of several timed products of these sizes, on all threads."""
    import torch

    left, right = torch.randn(rows, inner), torch.randn(inner, columns)
    work = 2 * rows * inner * columns
    repeats = max(1, int(2e8 / work))
    best = float("inf")
    for _ in range(5):
        begin = time.perf_counter()
        for _ in range(repeats):
            torch.mm(left, right)
        best = min(best, (time.perf_counter() - begin) / repeats)
    return work / best / 1e9
