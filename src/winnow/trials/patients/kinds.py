"""Kinds of notes: what hospitals call them, in Winnow's few words."""

from __future__ import annotations

import re

# The first kind with a matching word wins: a "molecular pathology report" is sequencing.
_WORDS: tuple[tuple[str, str], ...] = (
    ("sequencing", r"ngs|sequencing|molecular|genomics?|genetics?|mutation|biomarkers?|cytogenetics?"),
    ("pathology", r"path|patholog\w*|histolog\w*|cytolog\w*|biops(?:y|ies)"),
    ("imaging", r"imaging|radiolog\w*|ct|mri?|pet|x-?ray|ultrasound|mammogra\w*|scans?|scintigra\w*|echo\w*"),
    ("laboratory", r"labs?|laborator\w*|chemistry|ha?ematology panel|cbc|bloods?"),
    (
        "clinical",
        r"clinic(?:al)?|progress|consult(?:ation)?s?|visits?|oncology|history|h&p|hp|discharge|admission|operative|"
        r"surgery|surgical|nursing|follow-?up|soap|referral|telephone|encounter|physician|evaluation",
    ),
)
_PATTERNS = tuple((kind, re.compile(rf"(?<![a-z])(?:{words})(?![a-z])", re.IGNORECASE)) for kind, words in _WORDS)


def known_kind(words: str) -> str | None:
    """The kind that these words name ("pathology_report", "2. CT chest"); None when none is recognised."""
    spaced = words.replace("_", " ")
    return next((kind for kind, pattern in _PATTERNS if pattern.search(spaced)), None)


def kind_of(words: object) -> str:
    """The kind that a source states: one of Winnow's words, else the source's own in lower case, else "unknown"."""
    text = " ".join(str(words if words is not None else "").split())
    return known_kind(text) or text.lower() or "unknown"
