"""Jobs on a Ray cluster. A process of its own is the cluster's driver: Ray prints on stdout, waits for minutes for an
address where nobody is, and leaves threads behind; there it can be given a time and be ended.
"""

from __future__ import annotations

import importlib.util
import os
import pickle
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from winnow.core import WinnowError
from winnow.execution.child import Child
from winnow.execution.jobs import Job, Outcome

_SECONDS_TO_CONNECT = 15.0
_SECONDS_TO_START = 90.0
SECONDS_TO_LEAVE = 10.0
_ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    # Without a limit Ray would start a job that runs out of memory for ever.
    "RAY_task_oom_retries": "3",
}
# Ray asks nobody who they are, and by default listens on every network of the machine. With this it keeps to loopback.
_OWN_CLUSTER = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}


@dataclass(frozen=True)
class RayCluster:
    """A Ray cluster whose nodes share the file system and have the same packages as this machine.

    Args:
        address: "auto" (RAY_ADDRESS, or the cluster that runs on this machine), "host:port", or "local" (a cluster of
            this machine alone, for the time of the jobs).
        jobs: how many at once at most; None: as many as the cluster has room for.
        threads: cores of each job.
        gpus: GPUs of each job.
        retries: how often a job is started again whose worker or node was lost.
        patience: seconds to wait for a node that could run a job, when there is none.
    """

    address: str = "auto"
    jobs: int | None = None
    threads: int = 1
    gpus: float = 0
    retries: int = 3
    patience: float = 300.0

    def run(self, jobs: Sequence[Job]) -> Iterator[Outcome]:
        """See `winnow.execution.run`. "running" counts one job that waits at the cluster, so that it can grow.

        Raises:
            WinnowError: WN-D07 without Ray, WN-X03 when there is no cluster at the address, or it is lost.
        """
        self.check_installed()
        return self._drive(jobs)

    def check_installed(self) -> None:
        """Raise WN-D07 when Ray is missing."""
        if importlib.util.find_spec("ray") is None:
            fix = 'Install it: pip install "winnow-lab[ray]"'
            raise WinnowError("WN-D07", "jobs on a cluster need Ray", where="ray", fix=fix)

    def _drive(self, jobs: Sequence[Job]) -> Iterator[Outcome]:
        own = _OWN_CLUSTER if self.address == "local" else {}
        child = Child("winnow.execution.ray_driver", {**os.environ, **_ENVIRONMENT, **own}, silent=True)
        grace = 0.0
        try:
            child.connection.send_bytes(pickle.dumps((self, str(Path.cwd()), sys.path, pickle.dumps(list(jobs)))))
            self._connect(child)
            grace = SECONDS_TO_LEAVE
            for _ in jobs:
                yield from self._news_to_the_end_of_one(child)
        finally:
            child.stop(grace)

    def _connect(self, child: Child) -> None:
        limit = _SECONDS_TO_START if self.address == "local" else _SECONDS_TO_CONNECT
        if not child.connection.poll(limit):
            raise self._unreachable(f"no answer within {limit:.0f} seconds")
        refused = self._receive(child)
        if refused:
            raise self._unreachable(str(refused))

    def _news_to_the_end_of_one(self, child: Child) -> Iterator[Outcome]:
        while True:
            outcome = self._receive(child)
            assert isinstance(outcome, Outcome)
            yield outcome
            if outcome.state in ("done", "failed"):
                return

    def _receive(self, child: Child) -> object:
        try:
            message = pickle.loads(child.connection.recv_bytes())
        except (EOFError, OSError):
            raise self._unreachable("the connection was lost") from None
        if isinstance(message, WinnowError):
            raise message
        return message

    def _unreachable(self, why: str) -> WinnowError:
        return WinnowError(
            "WN-X03",
            why,
            where=self.address,
            fix='Give the "host:port" that `ray start` printed, "auto" for a cluster on this machine, or "local".',
        )
