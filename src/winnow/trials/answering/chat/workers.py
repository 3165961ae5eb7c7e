"""Several calls at once, in threads that never keep the process from ending."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


def run_at_once(tasks: Sequence[Callable[[], T]], width: int, stop: Callable[[], None]) -> list[T]:
    """The tasks' results in order, at most `width` under way.

    The first exception is raised once the tasks under way have ended; no further one is begun. On Ctrl-C `stop` is
    called and nothing is waited for: the threads are daemons, so a request under way dies with the process.
    """
    results: dict[int, T] = {}
    errors: list[BaseException] = []
    places, lock = iter(range(len(tasks))), threading.Lock()

    def work() -> None:
        while True:
            with lock:
                place = None if errors else next(places, None)
            if place is None:
                return
            try:
                results[place] = tasks[place]()
            except BaseException as error:  # raised again below, in the caller's thread
                errors.append(error)

    threads = [threading.Thread(target=work, daemon=True) for _ in range(min(width, len(tasks)))]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    except BaseException as interrupt:
        errors.append(interrupt)
        stop()
        raise
    if errors:
        raise errors[0]
    return [results[place] for place in range(len(tasks))]
