"""What a sentence says of a mention in it: that it holds, does not, may, might later, once did, or of whom else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from winnow.trials.answering.baseline import cues
from winnow.trials.answering.baseline.cues import BACKWARD, FORWARD, Cue

AFFIRMED = "affirmed"
_FAMILY_SECTION = re.compile(r"\bfamily\b|^\W*fhx?\b", re.IGNORECASE)
_HISTORY_SECTION = re.compile(r"\bhistory\b|^\W*(?:pmhx?|pshx?)\b", re.IGNORECASE)
_PLAN_SECTION = re.compile(
    r"^\W*(?:plan(?!\s*(?:and|&|/)\s*(?:assessment|impression))|"
    r"recommendations?|follow[- ]?up|instructions?|discharge instructions?)\b",
    re.IGNORECASE,
)
_WORD = re.compile(r"[\w/'-]+")


@dataclass(frozen=True)
class Assertion:
    """What is said of one mention.

    Attributes:
        negated, possible, hypothetical: it is denied, doubted, or only planned, feared or conditional.
        historical: it lies in the past, and may or may not go on.
        ended: it lies in the past and is over.
        person: "patient", "family" or "other person".
    """

    negated: bool = False
    possible: bool = False
    hypothetical: bool = False
    historical: bool = False
    ended: bool = False
    person: str = "patient"

    @property
    def kind(self) -> str:
        """The one word that matters most: whose it is, then whether it is real, then whether it holds, then when."""
        if self.person != "patient":
            return self.person
        for said, kind in (
            (self.hypothetical, cues.HYPOTHETICAL),
            (self.possible, cues.POSSIBLE),
            (self.negated, cues.NEGATED),
            (self.historical or self.ended, cues.HISTORICAL),
        ):
            if said:
                return kind
        return AFFIRMED


def assess(sentence: str, start: int, end: int, section: str = "") -> Assertion:
    """What `sentence` says of its characters `start` to `end`, under the section header above it."""
    text = sentence.lower().replace("\u2019", "'")
    found = {cue.meaning for cue, at, to in _cues(text, start, end) if _reaches(cue, text, at, to, start, end)}
    if _FAMILY_SECTION.search(section):
        found.add(cues.FAMILY)
    elif _HISTORY_SECTION.search(section):
        found.add(cues.HISTORICAL)
    if _PLAN_SECTION.search(section):
        found.add(cues.HYPOTHETICAL)
    person = cues.FAMILY if cues.FAMILY in found else cues.OTHER if cues.OTHER in found else "patient"
    return Assertion(
        negated=cues.NEGATED in found and cues.POSSIBLE not in found,
        possible=cues.POSSIBLE in found,
        hypothetical=cues.HYPOTHETICAL in found,
        historical=cues.HISTORICAL in found,
        ended=cues.ENDED in found,
        person=person,
    )


def _cues(text: str, start: int, end: int) -> Iterator[tuple[Cue, int, int]]:
    """Every cue of the text that touches neither the mention nor a longer cue found before it, with its place."""
    taken = [(start, end)]
    for cue in cues.PSEUDO:
        taken += [match.span() for match in cue.pattern.finditer(text) if _clear(match, taken[:1])]
    for cue in cues.CUES:
        same: list[tuple[int, int]] = []
        for match in cue.pattern.finditer(text):
            if _clear(match, taken):
                same.append(match.span())
                yield cue, match.start(), match.end()
        if cue.meaning == cues.POSSIBLE:
            taken += same  # a doubt keeps the negation inside it from firing: "cannot rule out"


def _clear(match: re.Match[str], taken: list[tuple[int, int]]) -> bool:
    return match.end() > match.start() and all(match.end() <= at or match.start() >= to for at, to in taken)


def _reaches(cue: Cue, text: str, at: int, to: int, start: int, end: int) -> bool:
    """Whether the mention lies in the cue's direction, near enough, with no end of a clause between."""
    if cue.direction == FORWARD and start >= to:
        between = text[to:start]
    elif cue.direction == BACKWARD and end <= at:
        between = text[end:at]
    else:
        return False
    return cues.TERMINATOR.search(between) is None and len(_WORD.findall(between)) <= cue.words
