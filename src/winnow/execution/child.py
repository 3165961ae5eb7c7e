"""A child process with a connection to it; it leaves when its parent does."""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection

# Not multiprocessing's own "spawn": that runs the user's main script again, and its environment is this process's.
_PROGRAM = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from {module} import serve; serve(int(sys.argv[2]))"
)


class Child:
    """A fresh Python process that serves a connection.

    It stands in a session of its own, so that an interruption from the keyboard reaches only its parent.

    Args:
        module: its `serve(descriptor)` is the child's program.
        environment: of the child.
        silent: drop what it prints, instead of passing it on to stderr.
    """

    def __init__(self, module: str, environment: Mapping[str, str], *, silent: bool = False) -> None:
        ours, theirs = multiprocessing.Pipe()
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-c", _PROGRAM.format(module=module), json.dumps(sys.path), str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                # Standard output belongs to the command's one result.
                stdout=subprocess.DEVNULL if silent else sys.__stderr__,
                stderr=subprocess.DEVNULL if silent else None,
                start_new_session=True,
            )
        self.connection = ours

    def stop(self, grace: float = 0.0) -> str:
        """End it and wait for its end: by SIGKILL, or after `grace` seconds of SIGTERM. How it ended, in words."""
        if grace and self.process.poll() is None:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(grace)
        self.process.kill()
        code = self.process.wait()
        self.connection.close()
        return f"killed by {_signal(-code)}" if code < 0 else f"exited with code {code}"


def leave_with_parent(connection: Connection, received: Callable[[bytes], object], grace: float = 0.0) -> None:
    """In the child: hand over each message, and end this process when the other end is gone, also by kill -9.

    With `grace` seconds it is asked by SIGTERM first, as a program needs that has processes of its own to end.
    """

    def listen() -> None:
        try:
            while True:
                received(connection.recv_bytes())
        except (EOFError, OSError):
            if grace:
                os.kill(os.getpid(), signal.SIGTERM)
                time.sleep(grace)
            os._exit(1)

    threading.Thread(target=listen, daemon=True).start()


def _signal(number: int) -> str:
    try:
        return f"signal {number} ({signal.Signals(number).name})"
    except ValueError:
        return f"signal {number}"
