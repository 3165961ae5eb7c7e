"""`winnow doctor`: whether this machine is ready, and how fast it is."""

from __future__ import annotations

import shutil
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from winnow.cli.options import AsJson
from winnow.cli.output import print_facts, print_json
from winnow.storage import environment


def doctor(*, json: AsJson = False) -> None:
    """Check the installation and measure this machine: versions, cores, disk, matrix speed, break-even densities.

    Break-even: the density below which training or inference on stored weights is faster here than on dense tensors.
    """
    facts = examine()
    if json:
        print_json(facts)
        return
    shown = {**facts, "packages": [f"{k} {v}" for k, v in facts["packages"].items()]}
    shown["break_even"] = [f"{k.replace('_', ' ')} {v:.0%}" for k, v in facts["break_even"].items()]
    print_facts(shown)


def examine() -> dict[str, Any]:
    """The facts as plain data; speeds in GFLOP/s of float32 matrix products, break-even as densities.

    What is measured here is kept, and `winnow tickets find` goes by it from then on.
    """
    import torch

    from winnow.kernels import measured

    free = shutil.disk_usage(Path.cwd()).free
    return {
        **environment(),
        "threads": torch.get_num_threads(),
        "cuda": torch.cuda.get_device_name(0) if torch.cuda.is_available() else "none",
        "disk_free_gb": round(free / 1e9, 1),
        "gflops_large": round(_gflops(1024, 1024, 1024), 1),
        "gflops_lenet_batch": round(_gflops(60, 784, 300), 1),
        "break_even": asdict(measured(keep=True)),
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
