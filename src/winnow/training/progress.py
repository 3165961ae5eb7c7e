"""Progress with time left: a bar on a terminal, plain lines elsewhere; always on stderr."""

from __future__ import annotations

import sys
import time
from typing import Protocol

_SECONDS_BETWEEN_LINES = 10.0


class Progress(Protocol):
    """What a long command tells while it works. Work is counted in steps of one network."""

    def begin(self, total: int) -> None:
        """The whole work, in steps."""
        ...

    def advance(self, steps: int, note: str) -> None:
        """More steps are done; `note` says where the work is now."""
        ...

    def skip(self, steps: int) -> None:
        """Steps that an earlier run did: they count as done, and not for the time left."""
        ...

    def end(self) -> None:
        """Nothing more will be told."""
        ...


class Silence:
    """Tells nothing."""

    def begin(self, total: int) -> None:
        """See `Progress.begin`."""

    def advance(self, steps: int, note: str) -> None:
        """See `Progress.advance`."""

    def skip(self, steps: int) -> None:
        """See `Progress.skip`."""

    def end(self) -> None:
        """See `Progress.end`."""


class Lines:
    """A plain line every ten seconds, for logs and pipes."""

    def __init__(self, every: float = _SECONDS_BETWEEN_LINES) -> None:
        self._every = every
        self._total = self._done = self._skipped = 0
        self._started = self._told = time.monotonic()

    def begin(self, total: int) -> None:
        """See `Progress.begin`."""
        self._total, self._started, self._told = total, time.monotonic(), time.monotonic()

    def advance(self, steps: int, note: str) -> None:
        """See `Progress.advance`."""
        self._done += steps
        now = time.monotonic()
        if now - self._told >= self._every:
            self._told = now
            percent = 100 * (self._done + self._skipped) / max(self._total, 1)
            print(f"{percent:5.1f} %  {note}  {clock(self._left(now))} left", file=sys.stderr, flush=True)

    def skip(self, steps: int) -> None:
        """See `Progress.skip`."""
        self._skipped += steps

    def end(self) -> None:
        """See `Progress.end`."""

    def _left(self, now: float) -> float:
        remaining = self._total - self._done - self._skipped
        return (now - self._started) / max(self._done, 1) * max(remaining, 0)


class Bar:
    """A bar with time left, on a terminal."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as RichProgress

        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
        self._bar = RichProgress(*columns, console=Console(stderr=True), transient=True)
        self._task = self._bar.add_task("starting", total=None)

    def begin(self, total: int) -> None:
        """See `Progress.begin`."""
        self._bar.update(self._task, total=total)
        self._bar.start()

    def advance(self, steps: int, note: str) -> None:
        """See `Progress.advance`."""
        self._bar.update(self._task, advance=steps, description=note)

    def skip(self, steps: int) -> None:
        """See `Progress.skip`."""
        self._bar.update(self._task, advance=steps)

    def end(self) -> None:
        """See `Progress.end`."""
        self._bar.stop()


def progress_for(stream_is_terminal: bool, quiet: bool = False) -> Progress:
    """The teller that suits where stderr goes."""
    if quiet:
        return Silence()
    return Bar() if stream_is_terminal else Lines()


def clock(seconds: float) -> str:
    """Seconds as "1:02:03" or "2:03"."""
    whole = round(seconds)
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02d}:{whole % 60:02d}" if hours else f"{minutes}:{whole % 60:02d}"
