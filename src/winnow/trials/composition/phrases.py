"""The words around a fact: leads that introduce it, negations before it, people it is about."""

from __future__ import annotations

import re

PEOPLE = (
    r"(?:(?:an?|all|any|eligible|adult|those|the|each|both|study|potential|prospective|enrolled|included)\s+)*"
    r"(?:patients?|subjects?|participants?|individuals?|persons?|people|volunteers?|anyone|those|he\s*/\s*she|"
    r"he\s+or\s+she|candidates?)"
)
_LEADS = tuple(
    re.compile(rf"^(?:{wording})\s*[:,]?\s+(?=\S)", re.IGNORECASE)
    for wording in (
        r"(?:key\s+)?(?:inclusion|exclusion)\s+criteri(?:a|on)\s*:?",
        rf"{PEOPLE}\s+(?:will\s+be\s+|are\s+|is\s+)?(?:included|excluded|eligible|ineligible)\s+(?:from\s+(?:the|"
        rf"this)\s+study\s+)?if\s+(?:(?:they|he/she|he\s+or\s+she|the\s+patient)\b)?",
        rf"{PEOPLE}\s+(?:who|that|which|whose)?\s*(?:must|should|shall|will|need\s+to|needs\s+to|has\s+to|have\s+to|"
        rf"is\s+required\s+to|are\s+required\s+to|may)\s+(?:also\s+)?(?:have|be|has)(?!\s+not\b)(?!\s+(?:received|"
        rf"had|been|undergone|failed|able|willing|no\b))",
        rf"{PEOPLE}\s+(?:who|that|which)?\s*(?:must|should|shall|will|need\s+to|needs\s+to|has\s+to|have\s+to|"
        rf"is\s+required\s+to|are\s+required\s+to|may)(?!\s+not\b)",
        rf"{PEOPLE}\s+(?:who\s+|that\s+|which\s+)?(?:have|has|had|is|are|was|were|be|being)(?!\s+(?:not|no|received|"
        rf"had|been|undergone|failed|never)\b)",
        rf"{PEOPLE}\s+(?:with|having|presenting(?:\s+with)?|suffering\s+from|diagnosed\s+with|presented\s+with|of|"
        rf"on|aged?(?=\s+\d))(?!\s+no\b)",
        rf"{PEOPLE}\s+(?:who|that|which|whose)",
        rf"{PEOPLE}(?=\s+(?:(?:has|have|had)\s+(?:received|had|been|undergone|failed|not|never|no)|not|without|"
        rf"unable|able|willing|unwilling|receiving|undergoing|taking|requiring|scheduled|diagnosed|treated|planned)\b)",
        r"(?:must|should|shall)\s+(?:have|be)(?!\s+(?:received|had|been|undergone|failed|no\b|not\b))",
        r"(?:must|should|shall)(?!\s+not)",
        r"(?:have|has|having|had)(?=\s+(?:a|an|any|the|known|active|had|history|adequate|measurable|histolog\w+|"
        r"evidence|diagnosis|clinical\w*|other|severe|significant|uncontrolled|current|an?y?\s|no\b|"
        r"not\b))(?!\s+(?:been|received))",
        r"(?:is|are|be|being)(?!\s+(?:not|neither))",
        r"(?:and|or|but|then|also|that|who|they|he|she)",
    )
)  # fmt: skip
NEGATION = re.compile(
    r"^(?:(?:there\s+(?:is|are|must\s+be)\s+)?no(?:t\s+any)?(?:\s+(?:any|other(?=\s+(?:contraindication)))\b)?(?!-)|"
    r"without(?:\s+any)?|never|absence\s+of(?:\s+any)?|lack\s+of|free\s+(?:of|from)|"
    r"denies|not\s+(?:presenting|having|receiving(?=\s+any))(?:\s+with)?|none\s+of(?:\s+the)?|(?:(?:has|have|had|is|"
    r"are)\s+)?neither|nor|"
    r"(?:(?:patients?|subjects?|participants?|individuals?|they|who|that|the)\s+)*"
    r"(?:(?:do|does|did|must|should|will|may|can|could|has|have|had|is|are|was|were)\s+(?:not|never)|cannot|can't|"
    r"don't|doesn't|didn't|hasn't|haven't|"
    r"(?:has|have|had|with|having|presenting)\s+no(?:\s+(?:known|prior)\b(?=\s+history))?)|"
    r"not)\s+(?:(?:to\s+)?(?:have|be|has)\s+(?!been|had|received|undergone|taken))?(?:any\s+|an?\s+(?=\w))?",
    re.IGNORECASE,
)  # fmt: skip


# "No transfusions are allowed within a week" denies them.
_ALLOWED = re.compile(r"\s+(?:(?:is|are|was|were|will\s+be)\s+)?(?:allowed|permitted|acceptable)\b", re.IGNORECASE)
_ENROLLED = re.compile(
    r"\s+(?:will|can|may|should|must)\s+be\s+(?:included|enrolled|considered|recruited|eligible)(?:\s+(?:in|into|"
    r"for)\s+(?:the\s+|this\s+)?(?:present\s+)?(?:study|trial|enrol\w+|inclusion))?$",
    re.IGNORECASE,
)  # fmt: skip


def without_lead(text: str) -> str:
    """The text without what only introduces a fact: "Patients must have", "Subjects who"."""
    changed = True
    while changed:
        changed = False
        for lead in _LEADS:
            shorter = lead.sub("", text, count=1)
            if shorter != text and re.search(r"\w", shorter):
                text, changed = shorter, True
    return text


def negation_of(text: str) -> str | None:
    """What is denied when the text starts with a negation, else None: "no prior surgery" denies "prior surgery"."""
    match = NEGATION.match(text)
    if match is None:
        return None
    rest = text[match.end() :].strip()
    auxiliary = re.search(r"\b(has|have|had)\s+(?:not|never)\s*$", match[0].strip(), re.IGNORECASE)
    if auxiliary and re.match(r"(?:been|had|received|undergone|taken|\w+ed)\b", rest):
        rest = f"has {rest}"
    return _ALLOWED.sub("", rest, count=1) or None


def tidy(text: str) -> str:
    """One line, no list marks around it, no dangling connector before or behind."""
    text = re.sub(r"\s+", " ", text).strip()
    text = re.sub(r"^(?:[-*•·\u2013—]+|\(?[a-zA-Z0-9]{1,2}[.)]|\d+\s*-(?=\s))\s+", "", text)
    text = re.sub(r"^[\s,;:.]+|[\s,;:*•]+$|(?<![A-Za-z])\.+$|(?<=\w\w)\.+$|(?<=\))\.+$", "", text)
    text = re.sub(r"(?:[\s,;]+(?:and/or|and|or|but))+$", "", text, flags=re.IGNORECASE)
    text = _ENROLLED.sub("", text)
    return re.sub(r"^(?:and/or|and|or|but)\s+", "", text, flags=re.IGNORECASE).strip()
