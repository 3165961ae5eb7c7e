"""One FHIR resource while it is put into words: its dates, its values, and complaints about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from winnow.trials.patients.days import read_range
from winnow.trials.patients.fhir.concepts import items, joined, one_line
from winnow.trials.patients.fhir.fields import READ_EXTENSIONS, extension_name
from winnow.trials.patients.fhir.pool import Entry, Pool
from winnow.trials.patients.fhir.values import quantity_words, range_words


class NotReadError(Exception):
    """A record that may not be put into words; its text says why, without the record's content."""


@dataclass(frozen=True)
class When:
    """A time as FHIR states it.

    Attributes:
        words: "2017-07-21", "2018-01-11 to 2018-03-01", "at the age of 45 years".
        known: the first day by which it had begun for certain: the last day of a date that is only a month or a year.
        ended: the day by which a period was over; None when it was a point, a day or is open.
        begun: how a period read before it was over.
    """

    words: str
    known: date | None = None
    ended: date | None = None
    begun: str = ""


@dataclass
class Record:
    """A resource, where it stands, and what is odd about it.

    Attributes:
        entry: the resource.
        pool: all resources that came with it, for references.
        complaints: what was not understood, without the resource's content.
    """

    entry: Entry
    pool: Pool
    complaints: list[str] = field(default_factory=list)

    @property
    def body(self) -> dict[str, Any]:
        """The resource itself."""
        return self.entry.body

    def word(self, key: str) -> str:
        """A code field such as `status`, in lower case; "" when it is absent."""
        return one_line(self.body.get(key)).lower()

    def when(self, stem: str, body: dict[str, Any] | None = None) -> When | None:
        """The time in `<stem>DateTime`, `Period`, `Instant`, `Age`, `Range`, `String`, or `<stem>` itself."""
        own = self.body if body is None else body
        for key in (f"{stem}DateTime", f"{stem}Instant", f"{stem}Date", stem):
            if isinstance(own.get(key), str):
                return self._moment(own[key])
        period = own.get(f"{stem}Period", own.get(stem))
        if isinstance(period, dict) and ("start" in period or "end" in period):
            return self._period(period)
        age = own.get(f"{stem}Age")
        if isinstance(age, dict):
            return When(f"at the age of {quantity_words(age)}")
        if isinstance(own.get(f"{stem}Range"), dict):
            return When(f"at the age of {range_words(own[f'{stem}Range'])}")
        text = one_line(own.get(f"{stem}String"))
        return When(text) if text else None

    def _moment(self, text: str) -> When | None:
        days = read_range(text)
        if days is None:
            self.complaints.append("a date that cannot be read")
            return None
        return When(days.first.isoformat() if days.first == days.last else text.strip(), days.last)

    def _period(self, period: dict[str, Any]) -> When | None:
        start, end = (self._moment(str(period[key])) if period.get(key) else None for key in ("start", "end"))
        if start and end and start.words != end.words:
            if start.known and end.known and end.known < start.known:
                self.complaints.append("a period that ends before it starts")
            return When(f"{start.words} to {end.words}", start.known, end.known, f"from {start.words}")
        if start:
            return start if end else When(f"from {start.words}", start.known)
        return When(f"until {end.words}", end.known) if end else None

    def extensions(self) -> list[str]:
        """What the extensions that are read add: "histology Ductal carcinoma", "intent palliative"."""
        told: list[str] = []
        for extension in items(self.body.get("extension")):
            label = READ_EXTENSIONS.get(extension_name(extension.get("url")))
            words = joined(extension.get("valueCodeableConcept"))
            if label and words:
                told.append(f"{label} {words}")
        return told

    def notes(self) -> str:
        """The words of the resource's `note` annotations, on one line."""
        return " ".join(one_line(note.get("text")) for note in items(self.body.get("note"))).strip()
