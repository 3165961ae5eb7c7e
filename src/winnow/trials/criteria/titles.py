"""What a heading is, and the words of which headings and empty remarks are made."""

from __future__ import annotations

import re
from dataclasses import dataclass

from winnow.trials.criteria.signs import APOSTROPHE

INCLUSION, EXCLUSION = "inclusion", "exclusion"
LONGEST = 250  # characters of a heading or of a remark such as "See Disease Characteristics"

_MARKUP = " \t\r\n\xa0*_#\\"
_GENERIC = frozenset(
    re.findall(
        r"[\w']+",
        "key main major general additional specific core primary principal other the following common study trial "
        "subject subjects patient patients patient's patients' participant participants overall all basic selected "
        "abbreviated important criteria protocol detailed summary of newly added a an and or brief list "
        "full are is include includes cohorts phases parts arms groups modules inclusion exclusion",
    )
)
_SAYS_NOTHING = re.compile(
    r"(?:see\b.{0,80}|(?:as|same as) (?:above|below)|not specified|not applicable|n/?a|none|nil|unknown|unspecified|"
    r"not (?:stated|provided)|no criteria|and|or|and/or|no (?:specific )?(?:in|ex)clusions?(?: criteria)?|"
    r"(?:please )?contact (?:the )?(?:site|investigator|study)\b.{0,80}|"
    r"(?:note:?\s*)?(?:other|additional|further|more)\b.{0,60}\b(?:in|ex)clusion\b.{0,80}\b(?:apply|protocol)\b.{0,40}|"
    r"(?:other|additional) (?:protocol[- ](?:defined|specified)|criteria)\b.{0,80}\b(?:may|could|will)?\s*apply|"
    r"some study details about the eligibility criteria are purposely omitted.*|"
    r"the .{0,80}(?:list|details?) (?:above|below) .{0,40}not (?:exhaustive|complete))\s*[.:;]*",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True)
class Heading:
    """What a heading says.

    Attributes:
        level: "section", "cohort" or "label".
        kind: "inclusion" or "exclusion" for a section; None leaves the kind as it is.
        cohort: the population named, as written; None when it names none.
        length: characters of the piece it takes; what follows is the first criterion.
    """

    level: str
    kind: str | None
    cohort: str | None
    length: int


def unmarked(text: str) -> str:
    """The text without markdown signs at its ends."""
    return text.lstrip(_MARKUP + ">").rstrip(_MARKUP)


def plain(text: str) -> str:
    """The text without markdown signs at its ends and with single spaces."""
    return " ".join(unmarked(text).split())


def is_generic(words: str) -> bool:
    """Whether every word could stand in any trial's heading ("Key", "Main study"); so of no words."""
    return all(re.sub(rf"[{APOSTROPHE}]", "'", word.lower()).strip(",:()'") in _GENERIC for word in words.split())


def says_nothing(text: str) -> bool:
    """Whether the words say that there is nothing, or that it stands elsewhere: "Not specified", "None"."""
    return len(text) <= LONGEST and bool(_SAYS_NOTHING.fullmatch(plain(text)))


def is_no_demand(text: str) -> bool:
    """Whether a piece asks nothing of a patient: "Not specified", "Key", a lone dash or number."""
    if len(text) > LONGEST:
        return False
    bare = plain(text)
    lone_mark = len(bare) < 4 and (bare.endswith((".", ")")) or not any(c.isalpha() for c in bare))
    return lone_mark or is_generic(bare) or says_nothing(text)
