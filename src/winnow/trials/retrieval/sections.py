"""Section headers of clinical notes: which words are one, and which section tells of relatives."""

from __future__ import annotations

import re

_FAMILY = re.compile(r"\bfam(?:ily)?\s*(?:\w+\s+)?(?:history|hx)\b|\bfamhx\b|\bfhx?\b|^\W*family\W*$", re.IGNORECASE)
# Headers that notes write on the line of their first sentence ("Family History: mother had ...").
_KNOWN = re.compile(
    r"""(?:(?:past|prior|pertinent|relevant|other)\s)?(?:
    (?:family|medical|surgical|social|oncolog(?:ic|y|ical)|gynecologic(?:al)?|obstetric(?:al)?|interval|treatment|
       medication|clinical|cancer)\s(?:history|hx)
    |(?:pmhx?|pshx?|shx?|fhx?|hpi|ros|a/p)
    |history\sof\s(?:the\s)?present(?:ing)?\sillness|history\sof\spresent\sillness|history|chief\scomplaints?
    |(?:drug\s|known\s)?allerg(?:y|ies)(?:\sand\sintolerances)?|(?:current\s|home\s|active\s|discharge\s)?medications?|meds
    |assessment(?:\s(?:and|&|/)\splan)?|(?:treatment\s|follow-?up\s)?plan|impressions?|recommendations?|findings?|results?
    |review\sof\ssystems|physical\sexam(?:ination)?|vital\ssigns|vitals|labs?|laborator(?:y|ies)(?:\s(?:data|results))?
    |imaging|pathology|diagnos[ei]s|(?:final|primary|microscopic|clinical)\sdiagnos[ei]s|comments?|technique|indication
    |comparison|procedures?|disposition|follow-?up|problem\slist|hospital\scourse|conclusions?|summary|gross\sdescription
    )""",
    re.IGNORECASE | re.VERBOSE,
)
_RELATIVES = re.compile(
    r"(?:maternal|paternal|mother|father|brother|sister|siblings?|aunt|uncle|grand\w+|children|son|daughter)\b.*",
    re.IGNORECASE,
)
_SMALL_WORDS = "a an and at by for from in of on or per the to with & / -"
_SMALL = frozenset(_SMALL_WORDS.split())
_MOST_WORDS = 8


def is_family_history(section: str) -> bool:
    """Whether a section of this name tells of relatives and not of the patient."""
    return bool(_FAMILY.search(section))


def is_known(name: str) -> bool:
    """Whether these words are a header that notes commonly have."""
    return bool(_KNOWN.fullmatch(" ".join(name.split())))


def is_relative(name: str) -> bool:
    """Whether the words name relatives: below "Family History" they open no section of their own."""
    return bool(_RELATIVES.fullmatch(name.strip()))


def looks_like_title(name: str) -> bool:
    """Whether words before a line's closing colon are a title ("Hospital Course") and not a sentence's beginning."""
    words = name.split()
    if not words or len(words) > _MOST_WORDS:
        return False
    return is_known(name) or all(not word[0].islower() or word.lower() in _SMALL for word in words)
