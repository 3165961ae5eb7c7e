"""Everything that CI checks, in order; stops at the first failure. Give names of steps to run only those.

Types take a core for two minutes and are checked beside the tests that run two at a time; what is wrong with them is
told at the end.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path
from typing import IO

ROOT = Path(__file__).parents[1]
BIN = Path(sysconfig.get_path("scripts"))
STEPS = {
    "ruff": [[BIN / "ruff", "check", "."], [BIN / "ruff", "format", "--check", "."]],
    "pyright": [[BIN / "pyright", "--pythonpath", sys.executable]],
    "imports": [[BIN / "lint-imports"]],
    "pytest": [
        [sys.executable, "-m", "pytest", "-m", "threads"],
        [sys.executable, "-m", "pytest", "-m", "not threads", "-n", "2", "--dist", "loadfile"],
    ],
}


BESIDE = "pyright"


def main() -> int:
    """The exit code of the first step that fails, else 0."""
    chosen = sys.argv[1:] or list(STEPS)
    together = {BESIDE, "pytest"} <= set(chosen)
    for name in chosen:
        if not (together and name == BESIDE):
            code = _step(name, beside=BESIDE if together and name == "pytest" else None)
            if code:
                return code
    return 0


def _step(name: str, beside: str | None) -> int:
    """Run a step's commands; another step runs beside the last of them."""
    begin = time.monotonic()
    print(f"== {name}" + (f", {beside} beside it" if beside else ""), flush=True)
    *first, last = STEPS[name]
    for command in first:
        if code := _run(command):
            return _failed(name, code)
    with tempfile.TemporaryFile("w+") as told:
        other = _start(STEPS[beside][0], told) if beside else None
        if code := _run(last):
            if other:
                other.terminate()
            return _failed(name, code)
        if other and (code := other.wait()):
            told.seek(0)
            print(told.read(), flush=True)
            return _failed(beside or name, code)
    # pytest's own closing line is the last line of a whole run.
    if name != "pytest":
        print(f"== {name} took {time.monotonic() - begin:.0f} s", flush=True)
    return 0


def _run(command: list[str | Path]) -> int:
    return subprocess.run([str(word) for word in command], cwd=ROOT, env=_environment(command), check=False).returncode


def _start(command: list[str | Path], told: IO[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen([str(word) for word in command], cwd=ROOT, stdout=told, stderr=subprocess.STDOUT)


def _failed(name: str, code: int) -> int:
    print(f"== {name} failed", flush=True)
    return code


def _environment(command: list[str | Path]) -> dict[str, str]:
    """Tests that run two at a time have one core each.

    Compiled modules are kept whatever the caller's shell says: of a hundred processes each would compile its own.
    """
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "OMP_NUM_THREADS": "1"} if "-n" in command else kept


if __name__ == "__main__":
    sys.exit(main())
