"""The worklist as CSV: one row a trial, and one row a criterion."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

TRIAL_COLUMNS = (
    "patient", "place", "trial", "title", "status", "phases", "summary", "weighted", "iterative", "counting",
    "met", "assumed", "not_met", "open", "total",
)  # fmt: skip
CRITERION_COLUMNS = (
    "patient", "trial", "criterion", "kind", "tier", "text", "outcome", "reason", "assumed", "question", "answer",
    "status", "quote", "note", "start", "end", "by", "flags",
)  # fmt: skip


def trial_sheet(documents: Iterable[dict[str, Any]]) -> str:
    """One row a patient and trial, in the order of the worklists."""
    return _csv(TRIAL_COLUMNS, (_trial_row(d, t) for d in documents for t in d["trials"]))


def criterion_sheet(documents: Iterable[dict[str, Any]]) -> str:
    """One row a patient, trial, criterion and question; the first quote of each answer."""
    rows = (
        _criterion_row(d, t, c, a)
        for d in documents
        for t in d["trials"]
        for c in t["criteria"]
        for a in c["answers"] or [None]
    )
    return _csv(CRITERION_COLUMNS, rows)


def _trial_row(document: dict[str, Any], trial: dict[str, Any]) -> Sequence[Any]:
    tiers, scores = trial["tiers"], trial["scores"]
    counts = [sum(tier[name] for tier in tiers) for name in ("met", "assumed", "not_met", "open", "total")]
    first = (document["patient"]["id"], trial["place"], trial["id"], trial["title"], trial["status"])
    by = [round(scores[name], 4) for name in ("weighted", "iterative", "counting")]
    return (*first, "; ".join(trial["phases"]), trial["summary"], *by, *counts)


def _criterion_row(
    document: dict[str, Any], trial: dict[str, Any], criterion: dict[str, Any], answer: dict[str, Any] | None
) -> Sequence[Any]:
    head = (document["patient"]["id"], trial["id"], criterion["id"], criterion["kind"], criterion["tier"])
    verdict = (criterion["text"], criterion["outcome"], criterion["reason"], criterion["assumed"])
    if answer is None:
        return (*head, *verdict, *[""] * 9)
    quote = answer["quotes"][0] if answer["quotes"] else {"text": "", "note": "", "start": "", "end": ""}
    where = (quote["text"], quote["note"], quote["start"], quote["end"])
    return (
        *head,
        *verdict,
        answer["question"],
        answer["value"],
        answer["status"],
        *where,
        answer["by"],
        "; ".join(answer["flags"]),
    )


def _csv(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_cell(value) for value in row])
    return out.getvalue()


def _cell(value: Any) -> Any:
    # A spreadsheet runs text that starts like a formula, and notes are written by others.
    if isinstance(value, str) and value.lstrip()[:1] in ("=", "+", "-", "@"):
        return "'" + value
    return "" if value is None else value
