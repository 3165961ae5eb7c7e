"""A chat model's JSON as an answer, its quotes as places in notes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from winnow.trials.answering.answer import (
    ANSWERED,
    NOT_APPLICABLE,
    NOT_DOCUMENTED,
    Answer,
    Asked,
    Quote,
    Tokens,
)
from winnow.trials.answering.chat.prompt import INAPPLICABLE, NO, UNDOCUMENTED, YES
from winnow.trials.answering.chat.shown import Shown
from winnow.trials.answering.quotes import locate
from winnow.trials.retrieval.chart import Chart

# What "yes" with a confidence of 1 to 5 is worth as a probability: ours, not fitted. Below 3 it lies between the
# decision's thresholds (0.34 and 0.66), so a guess decides nothing.
_SURE = {1: 0.55, 2: 0.62, 3: 0.75, 4: 0.87, 5: 0.95}
_STATUS = {YES: ANSWERED, NO: ANSWERED, UNDOCUMENTED: NOT_DOCUMENTED, INAPPLICABLE: NOT_APPLICABLE}
_MOST_QUOTES = 8
_LONGEST_REASONING = 4000


def unchecked(
    value: Mapping[str, Any],
    asked: Asked,
    shown: Sequence[Shown],
    chart: Chart,
    *,
    by: str,
    flags: tuple[str, ...],
    tokens: Tokens | None,
) -> tuple[Answer, int]:
    """The answer in an object that fits the schema, not yet demoted, and how many quotes were found nowhere."""
    given = value["quotes"][:_MOST_QUOTES]
    found = [_found(quote, shown, chart) for quote in given]
    word = value["answer"]
    sure = _SURE[value["confidence"]]
    answer = Answer(
        question_id=asked.question.question_id,
        value=word if word in (YES, NO) else "n/a",
        status=_STATUS[word],
        probability={YES: sure, NO: 1 - sure}.get(word, 0.5),
        quotes=tuple(quote for quote in found if quote is not None),
        reasoning=value["reasoning"][:_LONGEST_REASONING],
        by=by,
        flags=flags,
        tokens=tokens,
    )
    return answer, found.count(None)


def _found(quote: Mapping[str, str], shown: Sequence[Shown], chart: Chart) -> Quote | None:
    """The quote's place: in the passage named, else in its note, else in another passage that was shown."""
    named = [one for one in shown if one.label == quote["chunk"].strip()]
    for one in (*named, *shown):
        chunk = one.chunk
        if place := locate(quote["text"], chart, chunk.note_id, chunk.start, chunk.end):
            return place
    return None
