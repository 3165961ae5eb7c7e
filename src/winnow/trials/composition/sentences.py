"""A criterion's sentences, and its bounds in parentheses written out."""

from __future__ import annotations

import re

from winnow.trials.composition.phrases import tidy

_SENTENCE = re.compile(
    r"(?<=[\w)\]%][\w)\]%])(?<!\be\.g)(?<!\bi\.e)(?<!\bvs)(?<!\bSt)(?<!\bDr)(?<!\bno)\.\s+(?=[A-Z(])"
    r"|\s*\n+\s*|;\s+(?=\S)|\s+\*\s+"
)
_NOTE = re.compile(r"^\(?(?:note|notes|nb|n\.b\.|please note|\*|examples?|see|refer|definition)\b", re.IGNORECASE)
_BOUND = re.compile(
    r"\s*[(\[]\s*(?P<inner>(?:or\s+)?(?:[<>≤≥=]|up\s+to)[^()\[\]]*\b(?:if|in|for|with)\b[^()\[\]]*)[)\]]"
)
_ALTERNATIVE = re.compile(r"\s*[(\[]\s*(?=(?:and/or|or)\s)(?P<inner>[^()\[\]]*)[)\]]", re.IGNORECASE)
_WINDOW = re.compile(r"\s*[(\[]\s*(?P<inner>(?:within|in\s+the\s+(?:last|past))\s[^()\[\]]*)[)\]]$", re.IGNORECASE)


_FOR_SEX = re.compile(r"(?<=[\d%LlsH])\s*\((?:for\s+|in\s+)?(?P<sex>males?|females?|men|women)\)", re.IGNORECASE)


def sentences_of(text: str) -> list[str]:
    """The sentences of a text, and its clauses between semicolons, where no parenthesis is open."""
    pieces, begin = [], 0
    for match in _SENTENCE.finditer(text):
        before = text[: match.start()]
        if before.count("(") + before.count("[") <= before.count(")") + before.count("]"):
            pieces.append(text[begin : match.start()])
            begin = match.end()
    return [part for piece in [*pieces, text[begin:]] if re.search(r"\w", part := tidy(piece))]


def is_note(sentence: str) -> bool:
    """Whether a sentence only explains the one before it."""
    return _NOTE.match(sentence) is not None


def written_out(text: str) -> str:
    """ "<= 2.5 x ULN (<= 5 x ULN if B)" with its "or" and no parenthesis; "(within 8 days)" at the end without its,
    and "(men)" behind a bound as "for men"."""
    text = _FOR_SEX.sub(r" for \g<sex>", text)
    text = _WINDOW.sub(r" \g<inner>", text)
    return _ALTERNATIVE.sub(r", \g<inner>", _BOUND.sub(_with_or, text))


def _with_or(match: re.Match[str]) -> str:
    inner = match["inner"].strip()
    return f" {inner}" if inner.lower().startswith("or ") else f" or {inner}"
