"""The day that a chart reaches to, and the patient's age on a day."""

from __future__ import annotations

from datetime import date

from winnow.trials.patients.patient import Patient


def last_day(patient: Patient) -> date | None:
    """The day of the latest note: the as-of day where none is given. None when no note has a day."""
    return max((note.day for note in patient.notes if note.day), default=None)


def age_on(patient: Patient, day: date) -> float | None:
    """Age in years on a day, whole years exact on birthdays; None when the birth date is unknown or later.

    Who is born on 29 February has a birthday on 1 March in other years.
    """
    born = patient.born
    if born is None or day < born:
        return None
    whole = day.year - born.year - ((day.month, day.day) < (born.month, born.day))
    since = _birthday(born, born.year + whole)
    return whole + (day - since).days / (_birthday(born, born.year + whole + 1) - since).days


def _birthday(born: date, year: int) -> date:
    try:
        return born.replace(year=year)
    except ValueError:
        return date(year, 3, 1)
