"""What a trial is here."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Trial:
    """A registered study. Every offset of a criterion counts characters of `eligibility`.

    Attributes:
        trial_id: the NCT number, or the file's name for plain text.
        title: the brief title.
        eligibility: the whole eligibility text as registered, both headings included.
        conditions, interventions, phases, keywords: as registered.
        status: overall status in the registry's words ("RECRUITING"); None when unknown.
        sex: "all", "female" or "male".
        minimum_age, maximum_age: years; None means no bound, as an absent field does.
        healthy_volunteers: None when the registry does not say.
        summary: the brief summary.
        source: the file's name or address it was read from.
    """

    trial_id: str
    title: str
    eligibility: str
    conditions: tuple[str, ...] = ()
    interventions: tuple[str, ...] = ()
    phases: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    status: str | None = None
    sex: str = "all"
    minimum_age: float | None = None
    maximum_age: float | None = None
    healthy_volunteers: bool | None = None
    summary: str = ""
    source: str = ""
