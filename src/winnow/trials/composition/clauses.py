"""Clauses that condition a fact: exceptions, conditions, populations, permissions and definitions."""

from __future__ import annotations

import re
from dataclasses import dataclass

from winnow.trials.composition.phrases import PEOPLE

# "A unless B": A and not B. "A other than B" is one fact (a second cancer beside B must still count) and stays whole.
_EXCEPTION = re.compile(
    r"\s*[,;]?\s*\b(?:unless|except(?:\s+(?:for|if|when|in(?!\s+situ)|that|those|patients?|where|as))*|"
    r"with\s+the\s+exception\s+of|excluding|"
    r"exclud(?:es|ed)\s*:|apart\s+from|aside\s+from|besides(?:\s+from)?|(?<=^)other\s+than|"
    r"with\s+the\s+exceptions?\s+(?:of|for)|but\s+not(?=\s+(?:if|when|for)\b))\b[\s:,]*",
    re.IGNORECASE,
)  # fmt: skip
_IN_PARENTHESES = re.compile(
    r"\s*[(\[]\s*(?P<inner>(?:unless|except|with\s+the\s+exception|exclud(?:ing|ed|es)|other\s+than|apart\s+from|"
    r"besides)\b[^()\[\]]*)[)\]]",
    re.IGNORECASE,
)
_SEX = (
    r"(?:females?|women|woman|males?|men|wocbp|wcbp|girls|boys|(?:female|male)\s+(?:patients?|subjects?|"
    r"participants?|partners?))"
)
_GROUP = rf"(?:{_SEX}|{PEOPLE})"
_POPULATION = (
    re.compile(rf"^(?:for|in|"
               rf"among)\s+(?P<who>(?:all\s+)?{_GROUP}\b[^,:;]{{0,120}}?)\s*[,:]\s*(?P<rest>.+)$", re.IGNORECASE),
    re.compile(
        rf"^(?P<who>{_SEX}(?:\s+(?:of|with|who|capable|in|that|able)\b[^,:;]{{0,100}}?)?)\s*,?\s+(?P<rest>(?:must|"
        rf"should|shall|agree[sd]?|are\s+required|is\s+required|need|needs|"
        r"have\s+to|has\s+to|will|may\s+not|willing|who\s+(?:agree|are\s+willing)|to\s+(?:agree|use))\b.+)$",
        re.IGNORECASE,
    ),
    re.compile(rf"^(?P<who>{PEOPLE}\s+(?:with|who|of|in|on|receiving|taking)\b[^,:;]{{2,100}}?)\s+(?P<rest>(?:must|"
               rf"should|are\s+required\s+to|need\s+to|have\s+to)\s+.+)$", re.IGNORECASE),
    re.compile(r"^(?:if|when|in\s+(?:the\s+)?case\s+of|in\s+case)\s+(?P<who>[^,:;]{2,140}?)\s*(?:,\s*(?:then\s+)?|"
               r":\s*|\s+then\s+)(?P<rest>.+)$", re.IGNORECASE),
)  # fmt: skip
_CONDITION = re.compile(
    rf"^(?P<rest>.+?)[\s,(]+(?:(?:only\s+)?(?:if|when|in\s+(?:the\s+)?(?:case|presence|event)\s+of|in\s+case\s+of|"
    rf"provided(?:\s+that)?|as\s+long\s+as)|"
    rf"(?:for|in)\s+(?=(?:all\s+)?{_GROUP}\b\s+(?:with|who|of|receiving|on|taking|in|that)\b)|(?:for|"
    rf"in)\s+(?=(?:women|females|men|males)\b))\s*(?P<who>[^;]{{3,160}}?)\)?$",
    re.IGNORECASE,
)  # fmt: skip
_PERMITTED = re.compile(
    r"^(?P<who>(?!no\b|not\b|none\b).+?)\s*,?\s+(?:(?:is|are|was|were|will\s+be|may\s+be|should\s+be)\s+(?:also\s+|"
    r"still\s+)?(?:allowed|permitted|eligible|acceptable|permissible|allowable|"
    r"not\s+(?:excluded|exclusionary|considered\s+exclusionary|an?\s+exclusion))|(?<!not\s)(?:allowed|"
    r"permitted)|(?:shall|will|does|do|would|should)\s+not\s+(?:be\s+)?(?:excluded?|preclude|disqualify)\b.*)\b(?P<rest>.*)$",
    re.IGNORECASE,
)  # fmt: skip
_MAY = re.compile(
    r"^(?:(?!\b(?:who|that|which|no|not)\b).)*\bmay\s+(?:be\s+(?:enrolled|included|eligible)|have\s+(?:received|"
    r"had)|enroll|participate|receive)\b.*$",
    re.IGNORECASE,
)
_NONE_ALLOWED = re.compile(
    r"^no\s+(?P<fact>.+?)\s+(?:is|are|will\s+be)\s+(?:allowed|permitted|eligible|acceptable)$", re.IGNORECASE
)
_FORBIDDEN = re.compile(
    r"^(?P<fact>.+?)\s*,?\s+(?:is|are|will\s+be|should\s+be|must\s+be)\s+(?P<not>not\s+(?:eligible|allowed|"
    r"permitted|acceptable)|ineligible|excluded|prohibited|exclusionary|an?\s+exclusion(?:\s+criterion)?(?![\w-])|"
    r"contraindicated|not\s+to\s+be\s+(?:included|enrolled))(?:\s+from\s+(?:this|the|participation\s+in\s+(?:this|"
    r"the))(?:\s+clinical)?\s+(?:study|trial)|\s+for\s+(?:this|the)\s+(?:study|trial))?(?P<rest>.*)$",
    re.IGNORECASE,
)  # fmt: skip
_DEFINITION = re.compile(
    r"^(?P<name>[^<>=≥≤\d]{3,90}?)[\s,]*(?:\bas\s+)?\b(?:defined\s+(?:as|by)|as\s+evidenced\s+by|as\s+defined\s+by|"
    r"as\s+follows:?)\s+(?P<rest>.*\d.*)$",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Excepted:
    """`fact` unless `unless`."""

    fact: str
    unless: str


def exception_in(text: str) -> Excepted | None:
    """The first exception of a text whose parentheses are masked: what holds, and what must not."""
    match = _EXCEPTION.search(text)
    if match is None:
        return None
    fact, unless = text[: match.start()].strip(" ,;"), text[match.end() :].strip(" ,;")
    return Excepted(fact, unless) if fact and re.search(r"[\w\ue000-\uf8ff]", unless) else None


def exception_in_parentheses(text: str) -> Excepted | None:
    """The exception of "malignancy (except of the skin)"; None when no parenthesis starts with one."""
    match = _IN_PARENTHESES.search(text)
    if match is None:
        return None
    fact = f"{text[: match.start()]} {text[match.end() :]}".strip()
    inner = _EXCEPTION.sub("", match["inner"], count=1)
    return Excepted(fact, inner.strip(" ,")) if re.search(r"\w", fact) and re.search(r"\w", inner) else None


def allowed_in_parentheses(text: str) -> Excepted | None:
    """The exception of "other cancer (cured skin cancer is allowed)"; None when no parenthesis permits something."""
    for match in re.finditer(r"\s*[(\[](?P<inner>[^()\[\]]*)[)\]]", text):
        permitted = _PERMITTED.match(match["inner"])
        fact = f"{text[: match.start()]} {text[match.end() :]}".strip()
        if permitted and re.search(r"\w", fact):
            return Excepted(fact, f"{permitted['who']} {permitted['rest']}".strip())
    return None


def population_of(text: str) -> tuple[str, str]:
    """(who, what): the people a criterion is for, "" for everybody, and what it demands of them."""
    for pattern in _POPULATION:
        if match := pattern.match(text):
            return match["who"].strip(), match["rest"].strip()
    return "", text


def condition_of(text: str) -> tuple[str, str]:
    """(condition, fact) of "A if B" and "A for patients with B"; the condition is "" when there is none."""
    match = _CONDITION.match(text)
    if match is None or (len(match["rest"].split()) < 2 and not re.search(r"[\d\ue000-\uf8ff]", match["rest"])):
        return "", text
    return match["who"].strip(), match["rest"].strip()


def permission_in(text: str) -> tuple[str, str] | None:
    """(who, condition) of "A is allowed if B"; None when the text permits nothing."""
    if match := _PERMITTED.match(text):
        rest = re.sub(
            r"^[\s,]*(?:only\s+)?(?:if|provided(?:\s+that)?|as\s+long\s+as|when|so\s+long\s+as|after|once)\b\s*",
            "",
            match["rest"],
        )
        conditional = rest != match["rest"]
        return match["who"].strip(), rest.strip(" .,") if conditional else ""
    return (text, "") if _MAY.match(text) else None


def none_allowed_in(text: str) -> str | None:
    """What "no A is allowed" forbids; None for any other text."""
    match = _NONE_ALLOWED.match(text)
    return match["fact"].strip() if match else None


def forbidden_in(text: str) -> tuple[str, str] | None:
    """(fact, rest) of "A is excluded" and "A is not eligible"; None otherwise."""
    match = _FORBIDDEN.match(text)
    return (match["fact"].strip(), match["rest"].strip(" .,")) if match else None


def definition_in(text: str) -> tuple[str, str] | None:
    """(name, numbers) of "adequate renal function, defined as creatinine <= 1.5"; None when no number defines it."""
    match = _DEFINITION.match(text)
    return (match["name"].strip(" ,("), match["rest"].strip(" )")) if match else None
