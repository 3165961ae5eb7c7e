"""One statement as the claims that each make it true: an "or" inside it, and the few safe implications.

Every alternative keeps all words but the other side of the "or", so a wrong split asks for too much, never for too
little.
"""

from __future__ import annotations

import re
from functools import lru_cache

from winnow.trials.answering.baseline.words import terms
from winnow.trials.composition import Question

_INSIDE = re.compile(r"\s*\(([^()]+?) or ([^()]+?)\)")
_AGAIN = re.compile(r"\b(type|stage|grade|class|exon|hepatitis) (\w+)(,? (?:and/)?or) \1 ", re.IGNORECASE)
_OR = re.compile(
    r"(?P<before>.*?)(?P<one>[^\s,;]+),? (?:and/)?or (?P<other>(?:(?:likely|possibly|probably|poorly|newly) )?[^\s,;]+)"
    r"(?P<rest>.*)",
    re.IGNORECASE | re.DOTALL,
)
_BOTH = re.compile(r"\b(?P<gene>brca) ?1/2\b", re.IGNORECASE)
_EXAMPLES = re.compile(r"\s*\((?:e\.g\.|i\.e\.|for example|such as|including)[^()]*\)", re.IGNORECASE)

# "Treatment with a PARP inhibitor" is found where the inhibitor is.
_LEAD = re.compile(
    r"\b(?:treatment|therapy|treated|use|exposure|administration|intake|receipt)\s+(?:with|of|to)\b", re.IGNORECASE
)

# What also says that a cancer is active, unless it is gone: each row is a way of writing it.
_ACTIVE = re.compile(r"\bactive (?=(?:\w+ ){0,3}(?:cancers?|malignanc(?:y|ies)|neoplasms?|tumou?rs?)\b)", re.IGNORECASE)
_AS_ACTIVE = ("metastatic ", "stage IV ")
GONE = re.compile(
    r"\bno (?:clinical |radiographic |radiologic |current )*evidence of (?:\w+ ){0,2}"
    r"(?:disease|cancer|malignancy|recurrence)\b|\bNED\b|\bremission\b|\bdisease[- ]free\b|\bcured\b",
    re.IGNORECASE,
)


@lru_cache(maxsize=4096)
def alternatives(statement: str) -> tuple[str, ...]:
    """The statements of which one is enough; only itself when it has no "or"."""
    statement = _LEAD.sub(" ", _EXAMPLES.sub(" ", statement))
    if inside := _INSIDE.search(statement):
        start, end = inside.span()
        return tuple(f"{statement[:start]} {inside[at]}{statement[end:]}" for at in (1, 2))
    if both := _BOTH.search(statement):
        return tuple(f"{statement[: both.start()]}{both['gene']}{at}{statement[both.end() :]}" for at in (1, 2))
    found = _OR.fullmatch(_AGAIN.sub(r"\1 \2\3 ", statement))
    if found is None:
        return (statement,)
    before, rest = found["before"], found["rest"]
    return f"{before}{found['one']}{rest}", f"{before}{found['other']}{rest}"


@lru_cache(maxsize=4096)
def sides(statement: str) -> tuple[str, ...]:
    """Both whole sides of the "or": whoever has neither a stroke nor a transient ischemic attack has not "either".

    For denials only: "breast" of "breast or ovarian cancer" may be denied with the rest, but claims nothing.
    """
    both = re.split(r",? (?:and/)?or ", _LEAD.sub(" ", _EXAMPLES.sub(" ", statement)), flags=re.IGNORECASE)
    return tuple(both) if len(both) > 1 and "(" not in statement else ()


@lru_cache(maxsize=4096)
def implied_by(statement: str) -> tuple[str, ...]:
    """What else would make it true: metastatic cancer is active cancer. Their denial says nothing."""
    if not _ACTIVE.search(statement):
        return ()
    return tuple(_ACTIVE.sub(each, statement, count=1) for each in _AS_ACTIVE)


def stems_read(question: Question) -> list[str]:
    """The stems of a question, of what implies it and of its number, with the broader ones a denial may have."""
    own, quantity = question.statement, question.comparison.quantity if question.comparison else ""
    said = (own, quantity, *alternatives(own), *sides(own), *implied_by(own))
    return [stem for text in said for term in terms(text) for stem in (*term.stems, *term.broader)]
