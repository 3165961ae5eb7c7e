"""Headings that name for whom the criteria below them are."""

from __future__ import annotations

import re

from winnow.trials.criteria.signs import COLON, DASH
from winnow.trials.criteria.titles import Heading, is_generic, unmarked

_NAME = (
    r"(?:(?:dose|safety|lead)[- ](?:escalation|expansion|finding|run-?in|in)\s+)?"
    r"(?:cohorts?|arms?|parts?|phases?|groups?|strat(?:um|a)|sub-?stud(?:y|ies)|modules?|categor(?:y|ies))\s*"
    rf"(?:[{DASH}#]\s*)?(?:[A-Z0-9]{{1,3}}|[IVX]+[ab]?|[a-z]|one|two|three|four)\b"
    r"(?:\s*(?:,|and|&|or|/|\+)\s*(?:\w+\s)?[A-Z0-9]{1,3}[a-z]?\b)*"
    r"|(?:[\w-]+\s+){0,4}(?:cohorts?|arms?|groups?|sub-?stud(?:y|ies))"
    r"|dose[- ](?:escalation|expansion)(?: (?:phase|part|cohorts?))?"
    r"|(?:healthy|normal|control)\s+(?:volunteers?|controls?|subjects?|participants?|individuals?|adults?|children|donors?)"
    r"|(?:controls?|caregivers?|donors?|parents?|siblings?|carers?|partners?|providers?|clinicians?|staff)"
)
_COHORT = re.compile(
    rf"(?:(?:for|in|additional(?: \w+)? (?:for|in))\s+)?(?:the\s+)?(?:{_NAME})"
    r"(?P<tail>\s*(?:only|patients|participants|subjects)?\s*(?:\([^)]*\))?\s*(?:only)?)\s*"
    rf"(?P<colon>[{COLON}]|$|[{DASH}]\s)",
    re.IGNORECASE,
)
_COHORT_WORD = re.compile(
    r"cohort|arm|part|phase|group|strat|stud|module|categor|dose|volunteer|healthy|normal|control|caregiver|donor|parent|"
    r"sibling|carer|partner|provider|clinician|staff",
    re.IGNORECASE,
)
_EVERYBODY = re.compile(
    r"\b(?:all|both|any|each|every)\b.*\b(?:cohorts?|phases?|patients|parts?|participants|subjects|arms?|groups?|modules?|"
    r"stages?|volunteers)\b",
    re.IGNORECASE,
)
_STEP = re.compile(r"\b(?:pre|re)?-?\s?(?:registration|randomi[sz]ation|screening|enrolle?ment|step)\b", re.IGNORECASE)
_NOBODY = re.compile(
    r"^(?:and|from)\b|\b(?:version|outcomes?|must|will|should|were|has|have|who|not|meets?|met|apply|applies|following|"
    r"below)\b|:$",
    re.IGNORECASE,
)
_LINK = re.compile(r"^\W*(?:for|of|in|are|includes?|apply|to|the|following)\b|[\s:]+$", re.IGNORECASE)
# Words before "criteria" that name a topic and no population.
_TOPIC = re.compile(
    r"specific\b|\b(?:medical|cns|central nervous|trial|entry|treatment|safety|laborator\w+|clinical|cancer|disease|"
    r"tumou?r|imaging|mri|biopsy|other|prior|justification)\b",
    re.IGNORECASE,
)


def cohort_heading(text: str) -> Heading | None:
    """The cohort that a piece names at its start ("Cohort A:", "Part 2 only:"), or None.

    "All cohorts:" is a heading too; it names everybody, so its cohort is None.
    """
    bare = unmarked(text)
    match = _COHORT.match(bare) if _COHORT_WORD.search(bare, 0, 120) else None
    if match is None:
        return None
    if not match["colon"].strip() and not (match["tail"].strip() or (len(bare.split()) <= 3 and bare[:1].isupper())):
        return None
    name = bare[: match.start("colon")].strip()
    length = len(text) if match.end() >= len(bare) else text.find(bare) + match.end()
    return Heading("cohort", None, None if _EVERYBODY.search(name) else name, length)


def population(before: str, after: str) -> str | None:
    """The cohort in "Control group inclusion criteria" or "Inclusion criteria for healthy volunteers"; or None.

    Args:
        before, after: the words around "inclusion criteria".
    """
    words = before.split()
    while words and is_generic(words[-1]):
        words.pop()
    name = " ".join(words)
    if not is_generic(name):
        return None if _names_nobody(name) or _TOPIC.search(name) else name
    name = _LINK.sub("", after.strip())
    name = re.sub(rf"^[\s({DASH}]+(?:for\s+)?|\W*\bincludes?$", "", name).strip()
    name = name[:-1] if name.endswith(")") and name.count(")") > name.count("(") else name
    return None if is_generic(name) or _names_nobody(name) else name


def _names_nobody(name: str) -> bool:
    """Whether the words name everybody, a step that everybody takes, or no population at all."""
    return any(pattern.search(name) for pattern in (_EVERYBODY, _STEP, _NOBODY))
