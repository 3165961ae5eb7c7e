"""A record as one line, and how it read before it was over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from winnow.trials.patients.fhir.record import When
from winnow.trials.patients.patient import STRUCTURED, Note
from winnow.trials.patients.rules import BEFORE_END


@dataclass(frozen=True)
class Line:
    """One record in words.

    Attributes:
        text: the whole line, one sentence.
        day: the day by which all that it says was so.
        before: the line as it read before its end; "" when it has no end of its own.
        before_day: the day of `before`.
    """

    text: str
    day: date | None = None
    before: str = ""
    before_day: date | None = None

    def notes(self, note_id: str, source: str) -> list[Note]:
        """The notes of this line: one, or two when its end came on a later day than its beginning.

        A therapy from January to June was not over in March: a chart of March holds "ID#start", which says no word of
        the end, and a chart of July holds "ID". `select_notes` keeps one of them.
        """
        found = [Note(note_id, self.text, self.day, STRUCTURED, source)]
        if self.before and self.day and self.before_day and self.before_day < self.day:
            found.insert(0, Note(note_id + BEFORE_END, self.before, self.before_day, STRUCTURED, source))
        return found


def sentence(head: str, what: str, facts: Sequence[str]) -> str:
    """ "Condition: Malignant neoplasm of breast (clinical status active; onset 2017-07-21)." """
    told = "; ".join(fact.rstrip(".") for fact in facts if fact)
    return f"{head}: {what} ({told})." if told else f"{head}: {what}."


def fact(label: str, words: str) -> str:
    """ "onset 2017-07-21"; "" when there are no words."""
    return f"{label} {words}".strip() if words else ""


def timed(label: str, when: When | None) -> str:
    """The fact of a time."""
    return fact(label, when.words) if when else ""


def latest(*days: date | None) -> date | None:
    """The last of the days that are known."""
    return max((day for day in days if day), default=None)
