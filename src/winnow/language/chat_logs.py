"""Log lines of HTTP packages kept back while a note is being sent: at DEBUG they would hold the whole prompt."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_PREFIXES = ("openai", "httpx", "httpcore", "h11", "h2", "hpack", "urllib3", "asyncio")
_sending: ContextVar[bool] = ContextVar("winnow_sending_notes", default=False)


@contextmanager
def nothing_logged() -> Iterator[None]:
    """Within it, in this thread, the HTTP packages' loggers drop every record, whatever their level."""
    for name in list(logging.root.manager.loggerDict):
        # A filter of a logger does not hold for the loggers below it, so each gets its own.
        if name.startswith(_PREFIXES):
            logging.getLogger(name).addFilter(_kept_back)
    token = _sending.set(True)
    try:
        yield
    finally:
        _sending.reset(token)


def _kept_back(record: logging.LogRecord) -> bool:  # noqa: ARG001  the protocol of a filter
    return not _sending.get()
