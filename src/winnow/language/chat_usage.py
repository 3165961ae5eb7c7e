"""What an endpoint was asked, in numbers."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class ChatUsage:
    """What an endpoint was asked so far: tokens as the server counted them.

    Attributes:
        calls: completions asked for, the probe too; each may take several attempts.
        attempts: HTTP requests sent.
        failures: calls that gave no completion.
        prompt, completion, cached: tokens sent, made, and read from the server's prefix cache.
    """

    calls: int = 0
    attempts: int = 0
    failures: int = 0
    prompt: int = 0
    completion: int = 0
    cached: int = 0


class UsageCounter:
    """`ChatUsage` in the making; threads may count at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.usage = ChatUsage()

    def add(self, **more: int) -> None:
        """Add to the fields named."""
        with self._lock:
            self.usage = replace(self.usage, **{name: getattr(self.usage, name) + n for name, n in more.items()})
