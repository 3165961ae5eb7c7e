"""What a mark moves: by a trial before signing, and told after it."""

from __future__ import annotations

import secrets
from typing import Any

from winnow.ownership.marking import MarkReport, mark
from winnow.ownership.sources import Source
from winnow.ownership.terms import Terms

_KEY_BYTES, _PAYLOAD = 32, 16


def trial(source: Source, terms: Terms) -> MarkReport:
    """What marking would move: done once with keys that are thrown away."""
    ticket = source.ticket
    keys = [secrets.token_bytes(_KEY_BYTES) for _ in range(terms.keys)]
    payloads = [secrets.token_bytes(_PAYLOAD) for _ in keys]
    dense = source.dense.trained if source.dense else None
    _, report = mark(ticket, terms.layout(ticket.mask), keys, payloads, margin=terms.margin, dense=dense)
    return report


def counted(report: MarkReport) -> dict[str, Any]:
    """What marking moved, for people."""
    switched = sum(report.switched.values())
    return {"weights_moved": switched, "weights_kept": report.kept, "moved_percent": 100 * switched / report.kept}
