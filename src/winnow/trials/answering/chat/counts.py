"""What an engine did, in numbers."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace

from winnow.language.chat_usage import ChatUsage


@dataclass(frozen=True)
class EngineUsage:
    """Counts since the engine was made.

    Attributes:
        questions: asked of the engine.
        errors: answered with "error": no valid answer after one repair, or no answer at all.
        not_evaluated: not asked of the model, because the endpoint had failed too often in a row.
        repaired: valid at the second call only.
        cache_hits: questions answered from the cache.
        demoted: answered without a quote that stands in the notes.
        quotes, moved, dropped: quotes given, moved to where their words stand, and found nowhere.
        endpoint: calls and tokens of the endpoint, whoever asked.
    """

    questions: int = 0
    errors: int = 0
    not_evaluated: int = 0
    repaired: int = 0
    cache_hits: int = 0
    demoted: int = 0
    quotes: int = 0
    moved: int = 0
    dropped: int = 0
    endpoint: ChatUsage = ChatUsage()

    @property
    def hallucinated_citation_rate(self) -> float:
        """Share of the quotes given that stand in no note; 0 when none was given."""
        return self.dropped / self.quotes if self.quotes else 0.0


class Counter:
    """`EngineUsage` in the making; threads may count at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._usage = EngineUsage()

    def add(self, **more: int) -> None:
        """Add to the fields named."""
        with self._lock:
            self._usage = replace(self._usage, **{name: getattr(self._usage, name) + n for name, n in more.items()})

    def usage(self, endpoint: ChatUsage) -> EngineUsage:
        """The counts so far, with the endpoint's."""
        return replace(self._usage, endpoint=endpoint)
