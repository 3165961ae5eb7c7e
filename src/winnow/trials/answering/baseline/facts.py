"""Facts in words: every mention votes, the window is checked, and the latest note that decides wins."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from winnow.trials.answering.baseline.alternatives import GONE, alternatives, implied_by, sides
from winnow.trials.answering.baseline.assertion import Assertion, assess
from winnow.trials.answering.baseline.dates import find_dates, in_window, nearest
from winnow.trials.answering.baseline.denial import denials
from winnow.trials.answering.baseline.evidence import CONFLICTED, LIKELY, LONG_AGO, Finding, written_on
from winnow.trials.answering.baseline.lexicon import VAGUE
from winnow.trials.answering.baseline.mentions import ALLERGY, Claim, Mention, StemIndex, mention_in
from winnow.trials.answering.baseline.words import stem
from winnow.trials.composition import Question, Window
from winnow.trials.retrieval import Sentence

# For charts without a single date: only differences count, so any day will do; it never leaves this module.
_SOME_DAY = date(2001, 1, 1)
# "No surgery in the last month" does not deny that there ever was one.
_LATELY = re.compile(r"\b(?:in|within|over|during|for) (?:the |these )?(?:last|past|previous)\b", re.IGNORECASE)
_VAGUE = frozenset(stem(word) for word in VAGUE) | frozenset("0123456789")


@dataclass(frozen=True)
class Vote:
    """What one sentence says to a question.

    Attributes:
        holds: whether the fact does.
        sentence: which.
        why: in words.
        outside: it held, outside the window.
        open: a narrower fact is over ("warfarin was stopped"): no denial of the broader, yet it may no longer hold.
    """

    holds: bool
    sentence: Sentence
    why: str
    outside: bool = False
    open: bool = False


def find_fact(question: Question, index: StemIndex, as_of: date | None) -> Finding | None:
    """The answer that the chart's sentences give to a question in words; None when none decides.

    One alternative of an "or" is enough for yes; for no a sentence must deny each.
    """
    split = alternatives(question.statement)
    claims = [Claim.of(statement) for statement in split]
    more = [Claim.of(question.statement)] if len(split) > 1 else []
    halves = [Claim.of(statement) for statement in sides(question.statement)]
    votes: list[Vote] = []
    for sentence in index.sentences_for((*claims, *more, *halves)):
        said = [_said(sentence, claim, question.window, as_of) for claim in claims]
        also = [_said(sentence, claim, question.window, as_of) for claim in more]
        apart = [_said(sentence, claim, question.window, as_of) for claim in halves]
        votes += _of_sentence(said, also, apart)
    return _weighed(votes) if votes else _or_implied(question, index, as_of)


def _of_sentence(said: list[Vote | None], also: list[Vote | None], apart: list[Vote | None]) -> list[Vote]:
    """A sentence's vote: yes by any alternative, no when it denies every one or both sides; else none."""
    for vote in (*said, *also):
        if vote and vote.holds:
            return [vote]
    for each in (said, apart):
        told = [vote for vote in each if vote and not vote.holds]
        if each and len(told) == len(each):
            return told[:1]
    return []


def _weighed(votes: Sequence[Vote]) -> Finding | None:
    """The votes decided; nothing when the newest only says that one member of a class is over."""
    firm = [vote for vote in votes if not vote.open]
    latest = max((_day(vote) for vote in votes if vote.open), default=LONG_AGO)
    return _decide(firm) if firm and max(map(_day, firm)) >= latest else None


def _or_implied(question: Question, index: StemIndex, as_of: date | None) -> Finding | None:
    """What a safe implication gives; nothing once a note as new or newer says that the disease is gone."""
    claims = [Claim.of(statement) for statement in implied_by(question.statement)]
    found = [
        vote
        for sentence in index.sentences_for(claims)
        for claim in claims
        if (vote := _said(sentence, claim, question.window, as_of)) and vote.holds
    ]
    gone = max((s.day or LONG_AGO for s in index.sentences if GONE.search(s.text)), default=None)
    votes = [vote for vote in found if gone is None or _day(vote) > gone]
    return _decide(votes) if votes else None


def _said(sentence: Sentence, claim: Claim, window: Window | None, as_of: date | None) -> Vote | None:
    """What a sentence says of one claim; nothing of a claim that names no fact."""
    if set(claim.stems) <= _VAGUE or _bears_not(sentence, claim):
        return None
    ever = window.relation == "ever" if window else claim.ever
    lately = ever and bool(_LATELY.search(sentence.text))
    for term in () if lately else denials(sentence, claim):
        said = assess(sentence.text, term.start, term.end, sentence.section)
        if _counts(said, claim):
            return Vote(False, sentence, "it is denied")
    mention = mention_in(sentence, claim)
    if mention and mention.assertion.negated and lately:
        return None
    return _vote(mention, claim, window, as_of) if mention and mention.share == 1 else None


def _bears_not(sentence: Sentence, claim: Claim) -> bool:
    """Whether a sentence only lists what the patient does not bear: an allergy to aspirin is no aspirin."""
    return not claim.of_allergy and bool(ALLERGY.search(sentence.text) or ALLERGY.search(sentence.section))


def _counts(said: Assertion, claim: Claim) -> bool:
    """Whether it is said of whom the claim is about, and as a fact."""
    of_whom = (said.person == "family") == claim.of_family and said.person != "other person"
    return of_whom and not said.possible and (claim.planned or not said.hypothetical)


def _vote(mention: Mention, claim: Claim, window: Window | None, as_of: date | None) -> Vote | None:
    said = mention.assertion
    if not _counts(said, claim):
        return None
    if said.negated:
        return Vote(False, mention.sentence, "it is denied") if mention.denied else None
    if said.ended and not _of_any_time(claim, window):
        return Vote(False, mention.sentence, "it is over", open=mention.narrower)
    inside = _in_window(mention, window, as_of)
    return None if inside is None else Vote(inside, mention.sentence, _why(inside, said.kind), outside=not inside)


def _of_any_time(claim: Claim, window: Window | None) -> bool:
    return window.relation != "current" if window else claim.ever


def _why(inside: bool, kind: str) -> str:
    return f"it is stated ({kind})" if inside else "it lies outside the window"


def _in_window(mention: Mention, window: Window | None, as_of: date | None) -> bool | None:
    """Whether the mention's time lies in the window. A fact stated as present has its note's day."""
    if window is None or window.days is None or window.relation not in ("within", "before"):
        return True
    today = as_of or mention.sentence.day or _SOME_DAY
    spoken = written_on(mention.sentence, as_of) or today
    when = nearest(find_dates(mention.sentence.text, spoken), mention.start, mention.end)
    if when is not None:
        if when.since and not mention.assertion.ended:
            return window.relation == "within" or in_window(when.first, when.last, window, today)
        return in_window(when.first, when.last, window, today)
    said = mention.assertion
    return None if said.historical or said.ended else in_window(spoken, spoken, window, today)


def _decide(votes: Sequence[Vote]) -> Finding:
    """The latest note that decides wins; what fell outside the window counts only when nothing lies inside."""
    inside = [vote for vote in votes if not vote.outside] or list(votes)
    last = max(_day(vote) for vote in inside)
    newest = [vote for vote in inside if _day(vote) == last]
    holds = any(vote.holds for vote in newest)
    same_day = any(vote.holds != holds for vote in newest)
    earlier = any(vote.holds != holds for vote in inside if _day(vote) != last)
    flags = ("conflict",) * same_day + ("superseded",) * earlier
    order = sorted(newest, key=lambda vote: vote.holds != holds)
    confidence = CONFLICTED if same_day else LIKELY
    return Finding(holds, tuple(vote.sentence for vote in order), order[0].why, "assertion", confidence, flags)


def _day(vote: Vote) -> date:
    return vote.sentence.day or LONG_AGO
