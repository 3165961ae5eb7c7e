"""Everything that CI checks, in order; stops at the first failure. Give names of steps to run only those."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

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


def main() -> int:
    """The exit code of the first step that fails, else 0."""
    chosen = sys.argv[1:] or list(STEPS)
    for name in chosen:
        begin = time.monotonic()
        print(f"== {name}", flush=True)
        for command in STEPS[name]:
            code = subprocess.run(
                [str(word) for word in command], cwd=ROOT, env=_environment(command), check=False
            ).returncode
            if code:
                print(f"== {name} failed", flush=True)
                return code
        # pytest's own closing line is the last line of a whole run.
        if name != "pytest":
            print(f"== {name} took {time.monotonic() - begin:.0f} s", flush=True)
    return 0


def _environment(command: list[str | Path]) -> dict[str, str]:
    """Tests that run two at a time have one core each."""
    return {**os.environ, "OMP_NUM_THREADS": "1"} if "-n" in command else dict(os.environ)


if __name__ == "__main__":
    sys.exit(main())
