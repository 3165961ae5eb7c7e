"""Jobs that worker processes of the tests run."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

from winnow.core import WinnowError


def double(number: int) -> int:
    print("a job speaks")
    return 2 * number


def refuse(code: str) -> None:
    raise WinnowError(code, "not like this", where="there", fix="Otherwise.")


def divide(number: int) -> float:
    return 1 / number


def leave(code: int) -> None:
    raise SystemExit(code)


def a_lock() -> Any:
    return threading.Lock()


def facts() -> dict[str, Any]:
    import torch

    return {"pid": os.getpid(), "omp": os.environ.get("OMP_NUM_THREADS"), "torch": torch.get_num_threads()}


def die(folder: str, times: int) -> int:
    """kill -9 of its own process, the first so many times; then how often it was called."""
    marks = Path(folder)
    (marks / f"mark-{os.getpid()}").touch()
    calls = len(list(marks.glob("mark-*")))
    if calls <= times:
        os.kill(os.getpid(), signal.SIGKILL)
    return calls


def sleep(folder: str, seconds: float) -> None:
    (Path(folder) / f"pid-{os.getpid()}").touch()
    time.sleep(seconds)
