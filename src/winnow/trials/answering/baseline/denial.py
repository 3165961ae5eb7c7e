"""What a denial denies: no EGFR mutation is no activating one; no symptomatic metastases may be others.

A denied phrase answers a claim only when it is the same or broader: its head is the claim's and each of its words is
the claim's own or broader than one of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from winnow.trials.answering.baseline.assertion import assess
from winnow.trials.answering.baseline.lexicon import CARRIERS, LIGHT
from winnow.trials.answering.baseline.words import Term, stem, terms
from winnow.trials.retrieval import Sentence

if TYPE_CHECKING:
    from winnow.trials.answering.baseline.mentions import Claim

_LIGHT = frozenset(stem(word) for word in LIGHT)
_CARRIERS = frozenset(stem(word) for word in CARRIERS)
_BREAK = re.compile(
    r"[(,;:]|\b(?:of|in|with|to|for|from|on|at|by|after|during|requiring|that|which|who|within|despite|due|under)\b",
    re.IGNORECASE,
)
_ADJACENT = re.compile(r"[\s-]*")
_COORDINATED = re.compile(r"(?:\s*,)?\s*(?:or|and|nor|/|,)\s*", re.IGNORECASE)
_COMPLEMENT = re.compile(
    r"\s*\(?\s*(?:of|in|to|from|with|involving|affecting|requiring|needing|despite)\s+(?:(?:the|an?|his|her|their|any)\s+)*",
    re.IGNORECASE,
)
# Verbs, adverbs and times beside a denied phrase are no part of it.
_NO_PART = re.compile(
    r"(?:tak|us|drink|drunk|smok|show|reveal|need|requir|develop|report|tolerat|consum|demonstrat|start|endors|feel|"
    r"felt|see|seen|appear|want|get|gets|given|giv|found|noted?|palpa|appreciat|identif|detect|observ|know|"
    r"chang|ever|never|yet|today|now|since|year|month|week|day|last|ago|time|exam|scan|imaging|ct|mri|pet|x-?ray|biopsy|"
    r"childhood|complain|admit|den[iy]|evident|non|naive|na\u00efve|free|visible|suspicious|consistent|personal|remain|return|came|com)"
    r"(?:es|e|s|ing|ed|en|ion|able|t)?|(?:19|20)\d\d",
    re.IGNORECASE,
)
_LOOKED = re.compile(
    r"\b(?:ct|mri|mr|pet|scans?|x-?rays?|radiograph\w*|ultraso\w*|sonogra\w*|imaging|biops\w+|exam\w*|\w+scopy|"
    r"\w*mammogra\w*|echo\w*|cultures?|smear|aspirat\w+)\b|^\W*\w+(?: \w+)?:",
    re.IGNORECASE,
)
_SAID_BEHIND = re.compile(r"\w+ly|\w{3,}ed", re.IGNORECASE)  # in front of it they narrow: "untreated metastases"


def head_stems(statement: str) -> tuple[str, ...]:
    """The stems of the noun that a statement is about; where it stands for little, also of the word before it.

    "prior treatment with a KRAS G12C inhibitor" is about an inhibitor, "hepatitis C infection" about hepatitis C too,
    "pain medication" about medication alone.
    """
    found = terms(statement)
    for segment in _segments(statement, found):
        nouns = [term for term in segment if not term.modifier]
        if all(set(term.stems) <= _LIGHT for term in nouns):
            continue
        least = next(at for at, noun in enumerate(reversed(nouns), 1) if not set(noun.stems) <= _CARRIERS)
        return tuple(dict.fromkeys(term.stems[-1] for term in nouns[-least:]))
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
        said = assess(sentence.text, term.start, term.end, sentence.section)
        if said.negated and is_broad(sentence.text, found, at, claim) and not _elsewhere(sentence, found, at, claim):
            yield term


def _elsewhere(sentence: Sentence, found: Sequence[Term], at: int, claim: Claim) -> bool:
    """Whether an examination that names none of the claim's other words was looking at something else.

    "CT of the chest: no metastases" says nothing of the brain.
    """
    said = {stem for term in found for stem in (*term.stems, *term.broader)}
    return bool(_LOOKED.search(sentence.text)) and not set(claim.heads) <= said | set(found[at].stems) | claim.denied_by


def is_broad(text: str, found: Sequence[Term], at: int, claim: Claim) -> bool:
    """Whether the phrase around a word has only words of the claim or broader ones, and not only light ones."""
    phrase = [found[at], *_left(text, found, at, claim), *_right(text, found, at)]
    stems = {stem for term in phrase for stem in term.stems}
    light = stems <= _LIGHT and not set(claim.heads) <= _CARRIERS
    return stems <= claim.wide | _CARRIERS and not light


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
        word = text[after.start : after.end]
        if not joined or _NO_PART.fullmatch(word) or _SAID_BEHIND.fullmatch(word):
            return
        yield after
