"""Jobs on this machine: one after another in this process, or in worker processes."""

from __future__ import annotations

import contextlib
import pickle
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait

from winnow.execution.child import Child
from winnow.execution.jobs import AGAIN, FAILED, RUNNING, Job, Outcome, attempt, died
from winnow.execution.threads import environment, limited, share

_ATTEMPTS = 2


@dataclass(frozen=True)
class Local:
    """This machine.

    Args:
        jobs: how many at once; 1 runs in this process, more in as many fresh processes.
        threads: of each job; left out, the cores divided by `jobs`, or torch's own number for one job.
    """

    jobs: int = 1
    threads: int | None = None

    def run(self, jobs: Sequence[Job]) -> Iterator[Outcome]:
        """See `winnow.execution.run`. A job whose worker dies is taken up once by a new worker."""
        if self.jobs == 1:
            return _run_here(jobs, self.threads)
        count = min(self.jobs, len(jobs))
        return _Pool(count, self.threads or share(self.jobs), deque((job, 1) for job in jobs)).run()


def _run_here(jobs: Sequence[Job], threads: int | None) -> Iterator[Outcome]:
    with limited(threads):
        for job in jobs:
            yield Outcome(job.name, RUNNING)
            yield attempt(job)


@dataclass
class _Pool:
    """Workers at work. Jobs come with the number of the attempt, counted from 1."""

    count: int
    threads: int
    waiting: deque[tuple[Job, int]]
    idle: list[Child] = field(default_factory=list)
    busy: dict[Connection, tuple[Child, Job, int]] = field(default_factory=dict)

    def run(self) -> Iterator[Outcome]:
        try:
            while self.waiting or self.busy:
                while self.waiting and len(self.busy) < self.count:
                    yield self._start(*self.waiting.popleft())
                for connection in wait(list(self.busy)):
                    assert isinstance(connection, Connection)
                    yield self._end(*self.busy.pop(connection))
        finally:
            for child in [*self.idle, *(child for child, _, _ in self.busy.values())]:
                child.stop()

    def _start(self, job: Job, number: int) -> Outcome:
        message = pickle.dumps((job.name, pickle.dumps(job)))
        child = self.idle.pop() if self.idle else Child("winnow.execution.worker", environment(self.threads))
        self.busy[child.connection] = (child, job, number)
        with contextlib.suppress(OSError):  # it died while idle; the end of the connection tells so
            child.connection.send_bytes(message)
        return Outcome(job.name, RUNNING)

    def _end(self, child: Child, job: Job, number: int) -> Outcome:
        try:
            outcome: Outcome = pickle.loads(child.connection.recv_bytes())
        except (EOFError, OSError):
            error = died(job, f"its worker was {child.stop()}, attempt {number} of {_ATTEMPTS}")
            if number == _ATTEMPTS:
                return Outcome(job.name, FAILED, error=error)
            self.waiting.append((job, number + 1))
            return Outcome(job.name, AGAIN, error=error)
        self.idle.append(child)
        return outcome
