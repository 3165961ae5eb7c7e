"""Jobs and their outcomes: what the places that run them have in common."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from winnow.core import WinnowError

RUNNING, AGAIN, DONE, FAILED = "running", "again", "done", "failed"


@dataclass(frozen=True)
class Job:
    """A call under a name.

    Attributes:
        name: tells the job from the others of its sweep.
        call: a function of an importable module; other processes get it by its name.
        arguments: what it is called with, picklable.
    """

    name: str
    call: Callable[..., Any]
    arguments: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """News of a job.

    Attributes:
        name: the job's.
        state: "running", "again" (its worker died, another one takes it up), "done" or "failed".
        value: what the call returned, when done.
        error: why it failed, or what happened to its worker.
        trace: the traceback of an error that nobody foresaw.
        seconds: wall time of the call that ended it.
    """

    name: str
    state: str
    value: Any = None
    error: WinnowError | None = None
    trace: str = ""
    seconds: float = 0.0


class Place(Protocol):
    """Where jobs run."""

    def run(self, jobs: Sequence[Job]) -> Iterator[Outcome]:
        """See `run`."""
        ...


def run(jobs: Sequence[Job], where: Place) -> Iterator[Outcome]:
    """Run all jobs; news of them as they come.

    A job that fails, or whose worker dies, ends as "failed"; the others go on. Closing the iterator, also by an
    interruption, stops the workers at once.

    Args:
        jobs: what to run; names differ.
        where: `Local` or `RayCluster`.

    Raises:
        WinnowError: when the place itself cannot be used: WN-D07, WN-X03.
    """
    if len({job.name for job in jobs}) < len(jobs):
        raise ValueError("two jobs have one name")
    return where.run(jobs)


def attempt(job: Job) -> Outcome:
    """Call it in this process. An interruption goes through; every other error is the outcome."""
    begin = time.monotonic()
    try:
        value = job.call(*job.arguments)
    except WinnowError as error:
        return Outcome(job.name, FAILED, error=error, seconds=time.monotonic() - begin)
    except (Exception, SystemExit) as error:
        what = f"{type(error).__name__}: {error}"
        coded = WinnowError("WN-X02", what, where=job.name, fix="This is no mistake of yours; report it, please.")
        return Outcome(job.name, FAILED, error=coded, trace=traceback.format_exc(), seconds=time.monotonic() - begin)
    return Outcome(job.name, DONE, value, seconds=time.monotonic() - begin)


def died(job: Job, how: str) -> WinnowError:
    """The error of a job whose worker died."""
    return WinnowError(
        "WN-X01",
        how,
        where=job.name,
        fix="Often memory ran out: run fewer jobs at once. What was done is kept; running again goes on from there.",
    )
