"""Consent and willingness: what a patient agreed to, in so many words."""

from __future__ import annotations

import re
from collections.abc import Sequence

from winnow.trials.answering.baseline.evidence import LIKELY, Finding, latest_first
from winnow.trials.retrieval import Sentence

_UNWILLING = re.compile(
    r"\b(?:un(?:able|willing)|inability|not (?:able|willing)|refus\w+|declin\w+|non-?complian\w+|lack of|cannot|"
    r"does not|do not|without|fail\w*|missing|absen\w+|unreliab\w+|interfer\w+|poor|doubt\w*|"
    r"risk|impair\w*|prevent\w*)\b", re.IGNORECASE)  # fmt: skip
_CONSENT = re.compile(r"\b(?:consent(?:s|ed|ing)?|assent)\b", re.IGNORECASE)
_COMPLY = re.compile(
    r"\b(?:(?:able|unable|willing|unwilling|willingness|ability|inability|agree\w*)(?: and (?:able|willing))? to "
    r"(?:comply|adhere|follow|complete|undergo|participate|return|attend|cooperate|understand)|"
    r"comply with|complian(?:t|ce) with (?:the )?(?:study|protocol|trial|treatment|follow)|non-?complian\w+|"
    r"adhere to (?:the )?(?:study|protocol))\b", re.IGNORECASE)  # fmt: skip
_GAVE_CONSENT = re.compile(
    r"\b(?:will|has|have|did|agreed to|agrees to|willing to)?\s*(?:provid\w+|gave|give[ns]?|sign\w*|obtained)\b"
    r".{0,30}\bconsent\b|"
    r"\bconsent(?:ed)? (?:was |has been )?(?:obtained|signed|given|to)\b|\bconsented\b", re.IGNORECASE)  # fmt: skip
_COMPLIES = re.compile(
    r"\b(?:will|agrees to|willing to|able to|intends to)\s+(?:\w+ ){0,2}(?:comply|adhere|follow|participate)\b",
    re.IGNORECASE,
)
_REFUSED = re.compile(
    r"\b(?:declin\w+|refus\w+|withdr\w+|does not|not|un(?:able|willing))\b.{0,40}\b(?:consent|participat\w+|comply)",
    re.IGNORECASE,
)


def asks_agreement(statement: str) -> bool:
    """Whether a question is about consent or willingness."""
    return bool(_CONSENT.search(statement) or _COMPLY.search(statement))


def tells_agreement(sentence: str) -> bool:
    """Whether a sentence says that the patient agrees or does not."""
    return any(pattern.search(sentence) for pattern in (_REFUSED, _GAVE_CONSENT, _COMPLIES))


def find_agreement(statement: str, sentences: Sequence[Sentence]) -> Finding | None:
    """The answer to a question about consent or willingness; None for any other, or when the notes are silent.

    A statement such as "unable to consent" holds when the patient did not agree.
    """
    asks_consent, asks_comply = bool(_CONSENT.search(statement)), bool(_COMPLY.search(statement))
    if not (asks_consent or asks_comply):
        return None
    unwilling = bool(_UNWILLING.search(statement))
    for sentence in latest_first(sentences):
        refused = bool(_REFUSED.search(sentence.text))
        gave = (asks_consent and _GAVE_CONSENT.search(sentence.text)) or (
            asks_comply and _COMPLIES.search(sentence.text)
        )
        if refused or gave:
            said = "the patient does not agree" if refused else "the patient agrees"
            return Finding(refused == unwilling, (sentence,), said, "rule:consent", LIKELY)
    return None
