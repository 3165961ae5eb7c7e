"""Words that hold an "and", an "or" or a comma and yet are one thing: they are taken out before a text is split."""

from __future__ import annotations

import re
from collections.abc import Iterator

from winnow.trials.composition.measures import read_measures
from winnow.trials.composition.windows import read_windows

_FIRST = 0xE000
_HELD = re.compile(f"[{chr(_FIRST)}-{chr(_FIRST + 0x18FF)}]")
_ORDINAL = (
    r"(?:\d+[a-c]?\b|[IV]{1,3}[A-Ca-c]?\d?\b|[A-D]\b|[TNM]\d\w*\b|mild|moderate|severe|first|second|third|fourth)"
)
_EXPRESSIONS = re.compile(
    r"\b(?:signed\s+and\s+dated|safe(?:ty)?\s+and\s+(?:effective|efficacy)|head\s+(?:and|&)\s+neck|with\s+(?:or|"
    r"and)\s+without|"
    r"whether\s+or\s+not|one\s+or\s+(?:more|both)|two\s+or\s+more|more\s+or\s+less|(?:able|willing)\s+and\s+(?:able|"
    r"willing)|(?:ability|willingness|capability)\s+(?:and|or)\s+(?:ability|willingness|capability)|"
    r""
    r"able\s+or\s+(?:un)?willing|unable\s+or\s+unwilling|unwilling\s+or\s+unable|signs\s+(?:and|or|and/or)\s+symptoms|"
    r"symptoms\s+(?:and|or)\s+signs|and\s+so\s+on|ear,\s+nose,?\s+and\s+throat|"
    r"read(?:ing)?\s+and\s+(?:understand(?:ing)?|writ(?:e|ing))|"
    r"(?:germline|somatic)\s*(?:and/or|or|and|/)\s*(?:germline|somatic)|pathogenic\s*(?:or|/)\s*likely\s+pathogenic|"
    r"between\s+(?!\d)[^,;]{3,50}?\s+and\s+\w[\w-]*|"
    r"hand\s+and\s+foot|day\s+and\s+night|bread\s+and\s+butter|activation\s+and/or\s+amplification|up\s+and\s+go|"
    r"(?:acute|chronic)\s*(?:and/or|or|and|/)\s*(?:acute|chronic)|(?:suspected|known|documented|confirmed|"
    r"proven)\s*(?:or|and|/|and/or)\s*(?:suspected|known|documented|confirmed|probable|proven)|"
    r"(?:early|late|partial|complete|primary|secondary|mild|moderate|severe|active|latent|inactive|treated|"
    r"untreated|benign|malignant|partially|completely|major|minor|"
    r"acquired|congenital|unilateral|bilateral|left|right|oral|intravenous|internal|external|pre-?|new|newly|"
    r"recurrent|elective|emergency|stable|unstable)\s*(?:or|/)\s*"
    r"(?:early|late|partial|complete|primary|secondary|mild|moderate|severe|active|latent|inactive|treated|"
    r"untreated|benign|malignant|partially|completely|major|minor|"
    r"acquired|congenital|unilateral|bilateral|left|right|oral|intravenous|internal|external|existing|recurrent|"
    r"elective|emergency|unstable)|"
    r"(?:current|recent|past|prior|previous|ongoing|active|lifetime)\s*(?:or|/|and/or)\s*"
    r"(?:current|recent|past|prior|previous|ongoing|active|planned|concurrent|historical)|"
    r"associated\s+or\s+not(?:\s+with)?|of\s+any\s+(?:gender|sex|race|ethnicity)[^;.]*|local\s+or\s+regional|"
    r"locally\s+and\s+regionally|at\s+or\s+(?:above|below|before|after)|on\s+or\s+(?:after|before)|"
    r"before\s+(?:and|or)\s+(?:after|during)|during\s+(?:and|or)\s+after|once\s+or\s+twice|"
    r"physician\s+or\s+investigator|"
    r"investigator(?:'s)?\s+(?:and|or)\s+sponsor|drug\s+and\s+food\s+administration)\b"
    rf"|\b(?:stages?|grades?|class(?:es)?|types?|hepatitis|levels?|parts?|arms?|cohorts?|child(?:-pugh)?|"
    rf"score)\s+{_ORDINAL}"
    rf"(?:\s*(?:,\s*or|,\s*and|,|or|and|-|\u2013|/|to|and/or)\s*(?:stage\s+|grade\s+|class\s+)?{_ORDINAL})+"
    rf"|\b{_ORDINAL}(?:\s*(?:to|or|and)\s*{_ORDINAL})\b(?=\s+(?:\w+\s+)?(?:disease|line|degree|grade))",
    re.IGNORECASE,
)  # fmt: skip
_EXAMPLES = re.compile(
    r",?\s*\b(?:such\s+as|including,?(?:\s+but\s+(?:is\s+|are\s+)?not\s+(?:limited|restricted)\s+to)?|"
    r"e\s*\.\s*g\s*\.?,?|i\s*\.\s*e\s*\.?,?|"
    r"for\s+(?:example|instance)|eg,|ie,|to\s+include|(?:as\s+)?(?:defined|determined|assessed|measured|judged|"
    r"documented|confirmed|"
    r"evidenced|demonstrated|indicated|evaluated|shown|deemed|considered)\s+(?:as|by|in|on|per|according\s+to|using|"
    r"via)|"
    r"as\s+per|according\s+to|in\s+the\s+(?:opinion|judg\w*)\s+of|at\s+the\s+discretion\s+of|that\s+(?:may|might|"
    r"could|would|will|can|in\s+the)\b|"
    r"which\s+(?:may|might|could|would|will|can|in\s+the|is|are)\b|because|due\s+to\s+the\s+fact|so\s+that|"
    r"in\s+order\s+to|leading\s+to|"
    r"requiring|interfer\w+\s+with|preclud\w+|(?:prevent|affect|limit|compromis|confound|impair)\w*\s+(?:the|their|"
    r"his|participation|with)|"
    r"to\s+ensure|whichever)[^;]*?(?=;|\.\s+[A-Z]|$)",
    re.IGNORECASE,
)  # fmt: skip


# How two things are given or stand to each other says nothing by itself: it stays with what is before it.
_MANNER = re.compile(
    r",?\s+(?:either\s+)?(?:alone|together|concurrent(?:ly)?|sequential(?:ly)?|simultaneous(?:ly)?|separate(?:ly)?|"
    r"in\s+(?:combination|sequence))\s*(?:,\s*)?(?:or|and/or|and)\s+(?:alone|together|concurrent(?:ly)?|separate(?:ly)?|"
    r"sequential(?:ly)?|simultaneous(?:ly)?|in\s+(?:combination|sequence)|one\s+after\s+(?:the\s+other|another)|"
    r"(?:as\s+)?monotherapy)(?:\s+(?:with|to)\b[^,;.]*)?",
    re.IGNORECASE,
)


class Masked:
    """A text in which protected spans are single private-use characters; `open` puts the words back."""

    def __init__(self, text: str) -> None:
        self._kept: list[str] = []
        self.text = self._parentheses(text)
        for spans in (_matches(_EXAMPLES), _matches(_MANNER), _windows, _measures, _matches(_EXPRESSIONS)):
            self.text = self._held(self.text, list(spans(self.text)))

    def open(self, text: str) -> str:
        """The text with every protected span back in place."""
        while _HELD.search(text):
            text = _HELD.sub(lambda match: self._kept[ord(match[0]) - _FIRST], text)
        return text

    def _keep(self, words: str) -> str:
        self._kept.append(words)
        return chr(_FIRST + len(self._kept) - 1)

    def _parentheses(self, text: str) -> str:
        """The text with every innermost-to-outermost "(...)" and "[...]" kept; unbalanced ones stay."""
        pattern = re.compile(r"\([^()\[\]]*\)|\[[^()\[\]]*\]")
        while pattern.search(text):
            text = pattern.sub(lambda match: self._keep(match[0]), text)
        return text

    def _held(self, text: str, spans: list[tuple[int, int]]) -> str:
        for start, end in sorted(spans, reverse=True):
            text = text[:start] + self._keep(text[start:end]) + text[end:]
        return text


def in_parentheses(text: str) -> bool:
    """Whether the whole text is one parenthesis."""
    if not (text.startswith(("(", "[")) and text.endswith((")", "]"))):
        return False
    depth = 0
    for place, mark in enumerate(text):
        depth += (mark in "([") - (mark in ")]")
        if depth == 0:
            return place == len(text) - 1
    return False


def is_one(text: str) -> bool:
    """Whether words hold no alternative and close every parenthesis."""
    return text.count("(") == text.count(")") and not re.search(r"\bor\b", Masked(text).text)


def _matches(pattern: re.Pattern[str]):
    return lambda text: [match.span() for match in pattern.finditer(text)]


def _windows(text: str) -> Iterator[tuple[int, int]]:
    return ((found.start, found.end) for found in read_windows(text))


def _measures(text: str) -> Iterator[tuple[int, int]]:
    """Numbers with their operator and unit: "18 years or older" and "0 or 1" hold no alternative."""
    return ((measure.start, measure.end) for measure in read_measures(text))
