"""What a denial denies: no EGFR mutation is no activating one; no symptomatic metastases may be others.

A denied phrase answers a claim only when it is the same or broader: its head is the claim's and each of its words is
the claim's own or broader than one of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from winnow.trials.answering.baseline.assertion import assess
from winnow.trials.answering.baseline.lexicon import LIGHT
from winnow.trials.answering.baseline.words import Term, stem, terms
from winnow.trials.retrieval import Sentence

if TYPE_CHECKING:
    from winnow.trials.answering.baseline.mentions import Claim

_LIGHT = frozenset(stem(word) for word in LIGHT)
_BREAK = re.compile(
    r"[(,;:]|\b(?:of|in|with|to|for|from|on|at|by|after|during|requiring|that|which|who|within|despite|due|under)\b",
    re.IGNORECASE,
)
_ADJACENT = re.compile(r"[\s-]*")
_COORDINATED = re.compile(r"(?:\s*,)?\s*(?:or|and|nor|/|,)\s*", re.IGNORECASE)
_COMPLEMENT = re.compile(
    r"\s*\(?\s*(?:of|in|to|from|with|involving|affecting)\s+(?:(?:the|an?|his|her|their|any)\s+)*", re.IGNORECASE
)
# Verbs, adverbs and times beside a denied phrase are no part of it.
_NO_PART = re.compile(
    r"(?:tak|us|drink|drunk|smok|show|reveal|need|requir|develop|report|tolerat|consum|demonstrat|start|endors|feel|"
    r"felt|see|seen|appear|want|get|gets|given|giv|found|noted?|palpa|appreciat|identif|detect|observ|treat|know|"
    r"chang|ever|yet|today|now|since|year|month|week|day|last|ago|time|exam|scan|imaging|ct|mri|pet|x-?ray|biopsy|"
    r"childhood|complain|admit|den[iy]|evident|visible|suspicious|consistent|personal|remain|return|came|com)"
    r"(?:es|e|s|ing|ed|en|ion|able|t)?|\w+ly|\w{3,}ed|(?:19|20)\d\d",
    re.IGNORECASE,
)


def head_stems(statement: str) -> tuple[str, ...]:
    """The stems of the noun that a statement is about; where it stands for little, also of the word before it.

    "prior treatment with a KRAS G12C inhibitor" is about an inhibitor, "hepatitis C infection" about hepatitis C too.
    """
    found = terms(statement)
    for segment in _segments(statement, found):
        nouns = [term for term in segment if not term.modifier and not set(term.stems) <= _LIGHT]
        if nouns:
            at = segment.index(nouns[-1])
            return tuple(dict.fromkeys(stem for term in segment[at:] for stem in term.stems[-1:]))
    return ()


def _segments(statement: str, found: Sequence[Term]) -> Iterator[list[Term]]:
    segment: list[Term] = []
    for term in found:
        if segment and _BREAK.search(statement[segment[-1].end : term.start]):
            yield segment
            segment = []
        segment.append(term)
    yield segment


def denials(sentence: Sentence, claim: Claim) -> Iterator[Term]:
    """The words of a sentence whose denial denies the claim."""
    found = terms(sentence.text)
    for at, term in enumerate(found):
        if not set(term.stems) & claim.denied_by or not set(term.stems) <= claim.wide:
            continue
        if assess(sentence.text, term.start, term.end, sentence.section).negated and is_broad(
            sentence.text, found, at, claim
        ):
            yield term


def is_broad(text: str, found: Sequence[Term], at: int, claim: Claim) -> bool:
    """Whether the phrase around a word has only words of the claim or broader ones, and not only light ones."""
    phrase = [found[at], *_left(text, found, at, claim), *_right(text, found, at)]
    stems = {stem for term in phrase for stem in term.stems}
    return stems <= claim.wide | _LIGHT and not stems <= _LIGHT


def _left(text: str, found: Sequence[Term], at: int, claim: Claim) -> Iterator[Term]:
    """The words right before it; "no liver or brain metastases" are no liver metastases: a sibling is stepped over."""
    while at > 0:
        before, gap = found[at - 1], text[found[at - 1].end : found[at].start]
        if not _ADJACENT.fullmatch(gap) or _NO_PART.fullmatch(text[before.start : before.end]):
            return
        if not set(before.stems) <= claim.wide and at > 1 and not before.modifier:
            sibling = found[at - 2]
            between = text[sibling.end : before.start]
            if _COORDINATED.fullmatch(between) and set(sibling.stems) <= claim.wide:
                at -= 1
                yield sibling
                continue
        yield before
        at -= 1


def _right(text: str, found: Sequence[Term], at: int) -> Iterator[Term]:
    """The words right behind it, and its complement: "no metastases to the brain" may leave others."""
    for place in range(at + 1, len(found)):
        after, gap = found[place], text[found[place - 1].end : found[place].start]
        joined = _ADJACENT.fullmatch(gap) or _COMPLEMENT.fullmatch(gap)
        if not joined or _NO_PART.fullmatch(text[after.start : after.end]):
            return
        yield after
