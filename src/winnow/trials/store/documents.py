"""Contract types as canonical JSON and back. A field that this Winnow does not know is passed over."""

from __future__ import annotations

import dataclasses
import json
from datetime import date
from typing import Any, TypeVar

from winnow.trials.answering import Answer, Quote, Tokens
from winnow.trials.composition.question import Comparison, Question, Window
from winnow.trials.patients import Unread
from winnow.trials.registry import Trial

_T = TypeVar("_T")


def answer_from(document: str) -> Answer:
    """The answer of its canonical JSON."""
    raw = json.loads(document)
    raw["quotes"] = tuple(_known(Quote, quote) for quote in raw["quotes"])
    raw["flags"] = tuple(raw["flags"])
    raw["tokens"] = raw["tokens"] and _known(Tokens, raw["tokens"])
    return _known(Answer, raw)


def trial_from(document: str) -> Trial:
    """The trial of its canonical JSON."""
    return _known(Trial, {name: _tupled(value) for name, value in json.loads(document).items()})


def question_from(document: str) -> Question:
    """The question of its canonical JSON."""
    raw = json.loads(document)
    raw["comparison"] = raw["comparison"] and _known(Comparison, raw["comparison"])
    raw["window"] = raw["window"] and _known(Window, raw["window"])
    return _known(Question, raw)


def unread_from(document: str) -> tuple[Unread, ...]:
    """What was not understood, of its canonical JSON."""
    return tuple(_known(Unread, raw) for raw in json.loads(document))


def day_text(day: date | None) -> str | None:
    """ISO 8601, for documents."""
    return None if day is None else day.isoformat()


def _tupled(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _known(kind: type[_T], raw: dict[str, Any]) -> _T:
    names = {field.name for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    return kind(**{name: value for name, value in raw.items() if name in names})
