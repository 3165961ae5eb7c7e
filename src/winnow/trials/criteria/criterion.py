"""What a criterion is: a span of a trial's eligibility text, or one of the registry's own fields."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Criterion:
    """One demand of a trial, with what is nested below it.

    Attributes:
        criterion_id: `<trial_id>/i03`, `/e01` in order of the text; `/age`, `/sex`, `/condition` for the registry's
            fields.
        trial_id: whose it is.
        kind: "inclusion" or "exclusion".
        text: its own words without bullet: `eligibility[start:end]`, or a sentence made of a registry's field.
        start, end: characters of the eligibility text; both -1 for a registry's field.
        headings: the headings above it, outermost first, as written ("DISEASE CHARACTERISTICS").
        cohort: the cohort, arm or part it belongs to, as written; None when it is for everybody.
        children: nested criteria, in order; their spans lie after this one's own words.
        connective: how the children combine: "all", "any" or "at least N"; "unstated" when the text does not say.
        lead_in: True when the own words only introduce the children ("One of the following:").
    """

    criterion_id: str
    trial_id: str
    kind: str
    text: str
    start: int = -1
    end: int = -1
    headings: tuple[str, ...] = ()
    cohort: str | None = None
    children: tuple[Criterion, ...] = ()
    connective: str = "unstated"
    lead_in: bool = False

    @property
    def whole_text(self) -> str:
        """Its own words and its children's, a line each, two spaces of indentation a level."""
        lines = [self.text]
        for child in self.children:
            lines += ["  " + line for line in child.whole_text.splitlines()]
        return "\n".join(lines)
