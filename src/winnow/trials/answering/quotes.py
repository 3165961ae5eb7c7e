"""Quotes checked against their notes: an answer without words to stand on is no answer.

A quote counts when it is an exact substring of a note that the chart holds. Where a quote differs from the note only in
white space (a line break inside a sentence), or its offsets are wrong, it is moved to where the words stand, and
the note's own slice takes its place. Anything else is dropped, and counted as a citation that the engine made up.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from dataclasses import dataclass

from winnow.trials.answering.answer import ANSWERED, NOT_DOCUMENTED, Answer, Quote
from winnow.trials.retrieval.chart import Chart

DEMOTED = "demoted: no such quote"
UNQUOTED = "demoted: no quote"
DROPPED = "a quote was dropped"
_LONGEST = 4000
_LETTERS = re.compile(r"\w")


@dataclass(frozen=True)
class Checked:
    """An answer whose quotes all stand in the chart's notes.

    Attributes:
        answer: demoted to "n/a", "not documented" when it had been answered and no quote was left.
        given, moved, dropped: quotes it came with, moved to their right place, and found nowhere.
    """

    answer: Answer
    given: int
    moved: int
    dropped: int


def verify_quotes(answer: Answer, chart: Chart) -> Answer:
    """The answer with the quotes that stand in the chart's notes; demoted when it was answered and none is left."""
    return check_quotes(answer, chart).answer


def check_quotes(answer: Answer, chart: Chart, invented: int = 0) -> Checked:
    """The same with counts.

    Args:
        answer: as its engine made it.
        chart: whose notes the quotes must be in. What looks like an instruction there is no evidence.
        invented: quotes that were found nowhere before offsets could be given to them; counted as dropped.
    """
    places = [_placed(quote, chart) for quote in answer.quotes]
    kept = tuple(dict.fromkeys(place for place in places if place is not None))
    moved = sum(place is not None and place != quote for place, quote in zip(places, answer.quotes, strict=True))
    dropped = places.count(None) + invented
    checked = dataclasses.replace(answer, quotes=kept)
    if answer.status == ANSWERED and not kept:
        checked = _demoted(checked, DEMOTED if dropped else UNQUOTED)
    elif dropped:
        checked = dataclasses.replace(checked, flags=_with(checked.flags, DROPPED))
    return Checked(checked, len(answer.quotes) + invented, moved, dropped)


def locate(text: str, chart: Chart, note_id: str, start: int = 0, end: int | None = None) -> Quote | None:
    """Where the words stand in a note, white space aside: within [start, end) if they do, else first in the note.

    None when the chart has no such note, when the words are not in it, when they only stand in what looks like an
    instruction, or when they are too few to be evidence (fewer than two letters or digits).
    """
    note = next((note for note in chart.notes if note.note_id == note_id), None)
    if note is None or len(text) > _LONGEST or len(_LETTERS.findall(text)) < 2:
        return None
    found = [span for span in _occurrences(text, note.text) if not _is_flagged(note_id, *span, chart)]
    if not found:
        return None
    within = [span for span in found if span[0] >= start and (end is None or span[1] <= end)]
    first, last = (within or found)[0]
    return Quote(note_id, first, last, note.text[first:last])


def _placed(quote: Quote, chart: Chart) -> Quote | None:
    for note in chart.notes:
        if note.note_id == quote.note_id and quote.text and 0 <= quote.start < quote.end:
            exact = note.text[quote.start : quote.end] == quote.text
            if exact and not _is_flagged(quote.note_id, quote.start, quote.end, chart):
                return quote
    return locate(quote.text, chart, quote.note_id, max(0, quote.start))


def _occurrences(text: str, note: str) -> Iterator[tuple[int, int]]:
    """Spans of the words in the note; a span neither begins nor ends inside a word."""
    words = text.split()
    head = r"(?<!\w)" if re.match(r"\w", words[0]) else ""
    tail = r"(?!\w)" if re.search(r"\w\Z", words[-1]) else ""
    for match in re.finditer(head + r"\s+".join(map(re.escape, words)) + tail, note):
        yield match.span()


def _is_flagged(note_id: str, start: int, end: int, chart: Chart) -> bool:
    return any(s.note_id == note_id and start < s.end and s.start < end for s in chart.flagged)


def _demoted(answer: Answer, flag: str) -> Answer:
    return dataclasses.replace(
        answer, value="n/a", status=NOT_DOCUMENTED, probability=0.5, flags=_with(answer.flags, flag)
    )


def _with(flags: tuple[str, ...], flag: str) -> tuple[str, ...]:
    return flags if flag in flags else (*flags, flag)
