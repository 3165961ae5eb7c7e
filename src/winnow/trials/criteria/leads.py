"""Lines that introduce others, and how what they introduce combines."""

from __future__ import annotations

import re

_NUMBERS = {
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
}
_COUNT = r"(?P<count>\d{1,2}|one|two|three|four|five|six|seven|eight|nine|ten)"
_OPENS = re.compile(
    r":\W*$|\b(?:the following|as follows|(?:criteria|conditions|requirements) below|"
    r"following (?:\w+ ){0,3}(?:criteria|conditions))\W*$|[,:]?\s*(?:such as|including|either|if)\s*:$",
    re.IGNORECASE,
)
_AT_LEAST = re.compile(
    rf"\b(?:at least|minimum of|≥|>=)\s*{_COUNT}(?:\s*\(\d+\))?\s+(?:or more\s+)?"
    r"(?:of\b|from\b|(?!years?|months?|weeks?|days?|hours?)\w+\s+(?:of|criteria|risk)\b)"
    rf"|\b{_COUNT.replace('count', 'more')}(?:\s*\(\d+\))? or more\b",
    re.IGNORECASE,
)
_ANY = re.compile(
    r"\b(?:any|one of|1 of|either|one or both|and/or|one or more|at least (?:one|1)|none of)\b", re.IGNORECASE
)
_ALL = re.compile(
    r"\b(?:all|both|each of|every|(?:meet(?:s|ing)?|fulfil\w*|satisf\w*) the following|as defined by|defined by|"
    r"defined as follows|as follows|according to the following)\b",
    re.IGNORECASE,
)
# Words of which a lead-in is made that asks nothing by itself.
_EMPTY = frozenset(
    re.findall(
        r"\w+",
        "patient patients subject subjects participant participants women men individual individuals he she they must "
        "should who has have with at least any one two three either both all each of the following and or more meet "
        "meets met meeting fulfil fulfill fulfills fulfilling satisfy satisfies satisfying criteria criterion "
        "condition conditions requirement requirements these be a an is are to in for below above listed as defined by "
        "follows documented if may will another other",
    )
)
_DEFINED = re.compile(
    r"\b(?:as (?:defined|evidenced|demonstrated|indicated|determined|follows|shown)|defined (?:by|as|per)|"
    r"(?:adequate|normal|acceptable|sufficient|required|satisfactory|preserved)\b.*\b(?:functions?|reserve|"
    r"values?|laboratory|parameters|tests?|counts?|status))\b",
    re.IGNORECASE,
)
_ENDS_OR = re.compile(r"(?:^|[\s,;.(])(?:and\s?/\s?or|or)[\s,:]*$", re.IGNORECASE)
_ENDS_AND = re.compile(r"(?:^|[\s,;.(])(?:and|&|plus)[\s,:]*$", re.IGNORECASE)
_STARTS_OR = re.compile(r"(?:and\s?/\s?or|or)\b", re.IGNORECASE)


def opens(text: str) -> bool:
    """Whether the words lead to something below them: they end with a colon or with "the following"."""
    own = text.rstrip("*_ ")
    return bool(_OPENS.search(own, max(0, len(own) - 100)))


def ends_with_or(text: str) -> bool:
    """Whether the words end with "or", so that the next item is an alternative."""
    return bool(_ENDS_OR.search(text))


def ends_with_and(text: str) -> bool:
    """Whether the words end with "and"."""
    return bool(_ENDS_AND.search(text)) and not ends_with_or(text)


def is_pure_lead(text: str) -> bool:
    """Whether the words ask nothing themselves: "One of the following:", "Adequate organ function, defined as:"."""
    if re.search(r"\b(?:no|not|none|without|never)\b", text, re.IGNORECASE):
        return False
    return _EMPTY.issuperset(re.findall(r"[^\W\d_]+", text.lower())) or (opens(text) and bool(_DEFINED.search(text)))


def stated_connective(lead: str, children: list[str]) -> str:
    """How the children combine: "any", "all", "at least N", or "unstated".

    The lead-in's own words go before the children's "or" and "and". Only the last clause of the lead-in counts.
    """
    clause = re.split(r"(?<=[.;])\s", lead.strip())[-1]
    counted = _AT_LEAST.search(clause)
    count = _counted(counted) if counted else 0
    if count >= 2:
        return f"at least {count}"
    if count == 1 or _ANY.search(clause):
        return "any"
    if _ALL.search(clause):
        return "all"
    return _children_connective(children)


def _counted(match: re.Match[str]) -> int:
    word = (match["count"] or match["more"]).lower()
    return _NUMBERS.get(word) or int(word)


def _children_connective(children: list[str]) -> str:
    if any(map(ends_with_or, children[:-1])) or any(_STARTS_OR.match(child) for child in children[1:]):
        return "any"
    return "all" if any(map(ends_with_and, children[:-1])) else "unstated"


def named_count(lead: str) -> int | None:
    """How many items "both of the following" or "the following two criteria" announce; None when it does not say."""
    if re.search(r"\bboth\b", lead, re.IGNORECASE):
        return 2
    match = re.search(rf"\bfollowing {_COUNT} ", lead, re.IGNORECASE)
    return (_NUMBERS.get(match["count"].lower()) or int(match["count"])) if match else None
