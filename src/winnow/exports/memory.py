"""Memory of a variant, measured in a process of its own.

That process knows only the file. It prints one JSON object, in MiB above what torch and Winnow take once imported:
`held` is what the opened network keeps after its first image, the libraries that it brings included; `peak` is the
most that was resident while it ran the batch.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import torch

from winnow.exports.onnx_file import quiet
from winnow.exports.variants import VARIANTS

_STATUS, _RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")
_LONGEST = 300


@dataclass(frozen=True)
class Memory:
    """MiB above bare torch, or the reason why they are not known."""

    held: float | None = None
    peak: float | None = None
    reason: str = ""


def memory_of(variant: str, file: Path, batch: int, input_shape: tuple[int, ...]) -> Memory:
    """Run a variant in a fresh process with as many threads as torch has here."""
    if not _RESET.exists():
        return Memory(reason="measured on Linux only")
    words = [variant, str(file), str(torch.get_num_threads()), str(batch), *map(str, input_shape)]
    command = [sys.executable, "-c", f"from {__name__} import main; main()", *words]
    try:
        result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_LONGEST)
    except subprocess.TimeoutExpired:
        return Memory(reason=f"no answer within {_LONGEST} s")
    if result.returncode:
        return Memory(reason=(result.stderr.strip().splitlines() or ["the process failed"])[-1])
    return Memory(**json.loads(result.stdout.splitlines()[-1]))


def _measure(variant: str, file: Path, batch: int, input_shape: tuple[int, ...]) -> dict[str, float]:
    images = torch.randn(batch, *input_shape)
    torch.mm(torch.ones(64, 64), torch.ones(64, 64))  # what the first product of any network sets up
    bare = _resident("VmRSS")
    with quiet(), torch.inference_mode():
        built = VARIANTS[variant].build(file, None)
        given = built.adapt(images)
        built.run(given[:1])
        _tidy()
        held = _resident("VmRSS")
        _RESET.write_text("5")  # the high-water mark begins anew, see proc(5)
        for _ in range(2):
            built.run(given)
    return {"held": held - bare, "peak": _resident("VmHWM") - bare}


def _tidy() -> None:
    """Give back what opening the file took for a moment."""
    gc.collect()
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").malloc_trim(0)


def _resident(field: str) -> float:
    """A field of this process's status in MiB."""
    lines = dict(line.split(":", 1) for line in _STATUS.read_text().splitlines())
    return int(lines[field].split()[0]) / 1024


def main() -> None:
    """What the fresh process does."""
    name, path, threads, images, *sizes = sys.argv[1:]
    torch.set_num_threads(int(threads))
    print(json.dumps(_measure(name, Path(path), int(images), tuple(map(int, sizes)))))
