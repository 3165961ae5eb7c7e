"""How long to wait before trying again, and when to stop trying."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime

_LONGEST = 300.0


class Waits:
    """Waits between attempts: doubling, with a jitter of a quarter, never shorter than the server asks for.

    Args:
        first: seconds before the second attempt.
        seed: of the jitter, so that a test sees the same waits.
    """

    def __init__(self, first: float, seed: int) -> None:
        self._first = first
        self._random = random.Random(seed)
        self._lock = threading.Lock()

    def seconds(self, attempt: int, retry_after: str | None = None) -> float:
        """Seconds to wait after the attempt of this number, counted from 0; five minutes at most."""
        with self._lock:
            jitter = 1 + self._random.random() / 4
        own = self._first * 2**attempt * jitter
        return min(_LONGEST, max(own, _asked(retry_after)))


class Breaker:
    """Opens after `limit` failures in a row; then one call is let through every `rest` seconds to see.

    Args:
        limit: failures in a row.
        rest: seconds between calls while it is open.
        clock: seconds that never go back.
    """

    def __init__(self, limit: int, rest: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit, self._rest, self._clock = limit, rest, clock
        self._failures, self._next = 0, 0.0
        self._lock = threading.Lock()

    def lets_through(self) -> bool:
        """Whether a call may be made now."""
        with self._lock:
            if self._failures < self._limit:
                return True
            if self._clock() < self._next:
                return False
            self._next = self._clock() + self._rest
            return True

    def tell(self, worked: bool) -> None:
        """How the call went: whether the server answered at all."""
        with self._lock:
            self._failures = 0 if worked else self._failures + 1
            if self._failures == self._limit:
                self._next = self._clock() + self._rest


def _asked(header: str | None) -> float:
    """Seconds in a Retry-After header: a number or a date; 0 when it is neither."""
    if not header:
        return 0.0
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(header).timestamp() - time.time())
    except (ValueError, TypeError):
        return 0.0
