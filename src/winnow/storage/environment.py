"""What a run ran on: versions, processor and cores. Nothing that names a person or a machine."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Any

_PACKAGES = ("winnow-lab", "torch", "numpy", "numba", "safetensors", "pyarrow", "duckdb", "scikit-learn")


def environment() -> dict[str, Any]:
    """Python, operating system, processor, cores and the versions of the packages that matter."""
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "packages": {name: _version(name) for name in _PACKAGES},
    }


def _version(package: str) -> str | None:
    import importlib.metadata  # a tenth of the time that `winnow --help` takes, which does not need it

    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown"
