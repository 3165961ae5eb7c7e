"""Headings that open a section of inclusion or exclusion criteria."""

from __future__ import annotations

import re

from winnow.trials.criteria.cohorts import cohort_heading, population
from winnow.trials.criteria.signs import APOSTROPHE, COLON, DASH
from winnow.trials.criteria.titles import EXCLUSION, INCLUSION, LONGEST, Heading, is_generic, says_nothing, unmarked

_SECTION = re.compile(
    rf"(?P<before>(?:[\w{APOSTROPHE}/&,()+.\-]+\s+){{0,7}}?)"
    r"(?P<word>non-?\s?inclusions?|inclusions?|exclusions?|eligibility|ineligibility|entry|enrolle?ment)"
    r"(?P<both>\s*(?:/|and|&|or)\s*exclusions?)?"
    r"(?P<criteria>\s*(?:criteri(?:a|ons?|um)|conditions?|requirements?))?\b\*?(?P<rest>.*)",
    re.IGNORECASE | re.DOTALL,
)
_SECTION_WORD = re.compile(r"clusion|ligibility|entry|enrol", re.IGNORECASE)  # most lines are ruled out at once
_VERB = re.compile(
    r"\b(?:must|will|shall|should|were|was|has|have|had|who|not|meets?|met|fulfil\w*|satisf\w*|apply|applies)\b",
    re.IGNORECASE,
)
_NO_TITLE = re.compile(
    _VERB.pattern + r"|\b(?:with|at|per|no|allowed|consistent|defined|see|than|from|by|before)\b|[\n\r;]|[,;.]\s*$",
    re.IGNORECASE,
)
_SUFFIX = re.compile(rf"\s*(?:[{DASH}(]|for\b|are\b|include)", re.IGNORECASE)
_EXCLUDED = re.compile(
    r"\b(?:excluded?|excludes|ineligible|exclusionary|not (?:be )?(?:eligible|included|enrolled|entered)|exclusions?|"
    r"cannot (?:participate|be (?:included|enrolled))|(?:may|shall) not (?:participate|enter))\b",
    re.IGNORECASE,
)
_TAKEN_BACK = re.compile(
    r"\b(?:except\w*|unless|only if|not (?:be )?excluded|but|not exclusion\w*|not eligible for)\b", re.IGNORECASE
)
_INTRODUCES = re.compile(r"(?:\bif:?|:|\b(?:following|below)\b[^.;]{0,60}|\binclude)\s*$", re.IGNORECASE)
# A sentence is a heading only when it is made of these words: any other word asks something of the patient.
_INTRODUCTION = frozenset(
    re.findall(
        r"\w+",
        "a an the any all each every one two more least of following below listed these those such criteria criterion "
        "conditions condition reasons characteristics circumstances requirements items features are is be been will "
        "would must should shall can cannot could may might not none no to in into for from at on by if who which that "
        "meet meets met meeting fulfil fulfill fulfils fulfills fulfilled fulfilling satisfy satisfies satisfied "
        "satisfying have has having present presence apply applies applicable with only patients patient subjects "
        "subject participants participant individuals individual persons person people volunteers candidates women men "
        "adults study trial research this our protocol entry enter enrollment enrolment enrolled enroll participation "
        "participating participate taking part inclusion included include includes eligible eligibility ineligible "
        "excluded exclude exclusion exclusionary considered order before prior baseline screening time both additional "
        "specific their they he she it as follows randomization randomisation randomized or and when upon allowed "
        "permitted cause clinical current potential do does case than",
    )
)
_WANTED = re.compile(r"\b(?:eligib\w+|include\w*|inclusion|meet\w*|fulfil\w*|satisf\w*|enrol\w*)\b", re.IGNORECASE)
_NOT_ALL = re.compile(r"\b(?:any|one|two|none|no|not)\b", re.IGNORECASE)


def section_heading(text: str, introduces: bool) -> Heading | None:
    """The section that a piece opens, or None.

    Args:
        text: the piece.
        introduces: whether other pieces can stand below it, so that a sentence ("Patients are excluded if") may be a
            heading.
    """
    bare = unmarked(text)
    if says_nothing(bare):
        return None
    match = _SECTION.match(bare) if _SECTION_WORD.search(bare, 0, 120) else None
    found = _named_section(bare, match) if match else None
    if found is None and introduces:
        found = _section_sentence(bare)
    if found is None:
        return None
    length = len(text) if found.length >= len(bare) else text.find(bare) + found.length
    return Heading("section", found.kind, found.cohort, length)


def states_exclusion(text: str) -> bool:
    """Whether a line says of itself that it excludes: "Exclude ...", "Patients with ... are not eligible"."""
    return bool(_EXCLUDED.search(text))


def leads_exclusions(text: str) -> bool:
    """Whether a lead-in says that what stands below it excludes: "Patients with any of the following are excluded:"."""
    excluded = _EXCLUDED.search(text)
    if excluded is None or not _INTRODUCES.search(text) or _TAKEN_BACK.search(text):
        return False
    before = text[: excluded.start()]
    return before.count("(") <= before.count(")")


def _named_section(bare: str, match: re.Match[str]) -> Heading | None:
    """The section of a line that names it: "Key Inclusion Criteria:", "Exclusion:", "Inclusion criteria for adults"."""
    head, colon, tail = _at_colon(match["rest"])
    if not _is_title(match, head, colon, tail):
        return None
    word = match["word"].lower()
    kind = EXCLUSION if word.startswith(("exclu", "non", "inelig")) and not match["both"] else INCLUSION
    cohort = population(match["before"], head)
    if not tail.strip():
        return Heading("section", kind, cohort, len(bare))
    inner = cohort_heading(tail.strip())
    if inner and inner.length >= len(tail.strip()):
        return Heading("section", kind, inner.cohort, len(bare))
    introduction = _INTRODUCES.search(tail) and _INTRODUCTION.issuperset(re.findall(r"[^\W\d_]+", tail.lower()))
    length = match.start("rest") + len(head) + len(colon)
    return Heading("section", kind, cohort, len(bare) if introduction or is_generic(tail) else length)


def _is_title(match: re.Match[str], head: str, colon: str, tail: str) -> bool:
    """Whether the words around "inclusion" or "exclusion" are those of a title and not of a demand."""
    before, words = match["before"], len((match["before"] + head).split())
    if words > 14 or _NO_TITLE.search(before):
        return False
    if not match["criteria"]:
        named = match["word"].lower().startswith(("inclu", "exclu", "non"))
        if not named or not re.match(rf"\s*(?:[{COLON}]|$|[{DASH}]{{1,2}}\s)", match["rest"]) or not is_generic(before):
            return False
    if colon:
        return not tail.strip() or re.search(r"\b(?:apply|defined|may|listed)\b", head) is None
    return words <= 8 and not _VERB.search(head) and (not head.strip() or bool(_SUFFIX.match(head)))


def _at_colon(rest: str) -> tuple[str, str, str]:
    match = re.search(rf"[{COLON}]|[{DASH}]{{2}}\s", rest)
    return (rest[: match.start()], match[0], rest[match.end() :]) if match else (rest, "", "")


def _section_sentence(bare: str) -> Heading | None:
    """ "Patients are excluded if" or "Subjects must meet all of the following criteria:" as a section's heading."""
    if len(bare) > LONGEST or not _INTRODUCES.search(bare, max(0, len(bare) - 100)):
        return None
    words = re.findall(r"[^\W\d_]+", bare.lower())
    if len(words) < 3 or not _INTRODUCTION.issuperset(words):
        return None
    if _EXCLUDED.search(bare):
        is_met = re.search(r"\bmust (?:not )?(?:meet|fulfill?|satisfy)|\bonly if\b", bare, re.IGNORECASE)
        return Heading("section", EXCLUSION if "exclusion" in words or not is_met else INCLUSION, None, len(bare))
    wanted = _WANTED.search(bare) and not _NOT_ALL.search(bare)
    return Heading("section", INCLUSION, None, len(bare)) if wanted else None
