"""Facts in words: every mention votes, the window is checked, and the latest note that decides wins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from winnow.trials.answering.baseline.dates import find_dates, in_window, nearest
from winnow.trials.answering.baseline.evidence import CONFLICTED, LIKELY, LONG_AGO, Finding, written_on
from winnow.trials.answering.baseline.lexicon import GENERIC
from winnow.trials.answering.baseline.mentions import Claim, Mention, StemIndex, mention_in
from winnow.trials.answering.baseline.words import stem
from winnow.trials.composition import Question, Window
from winnow.trials.retrieval import Sentence

# For charts without a single date: only differences count, so any day will do; it never leaves this module.
_SOME_DAY = date(2001, 1, 1)
_GENERIC = frozenset(stem(word) for word in GENERIC) | frozenset("0123456789")


@dataclass(frozen=True)
class Vote:
    """What one sentence says to a question: the fact holds or not; `outside` when it did, outside the window."""

    holds: bool
    sentence: Sentence
    why: str
    outside: bool = False


def find_fact(question: Question, index: StemIndex, as_of: date | None) -> Finding | None:
    """The answer that the chart's sentences give to a question in words; None when none decides."""
    claim = Claim.of(question.statement)
    if set(claim.heads) <= _GENERIC:
        return None
    found = [mention for s in index.holding(claim.heads) if (mention := mention_in(s, claim)) and mention.heads == 1]
    votes = [vote for mention in found if (vote := _vote(mention, claim, question.window, as_of))]
    return _decide(votes) if votes else None


def _vote(mention: Mention, claim: Claim, window: Window | None, as_of: date | None) -> Vote | None:
    said = mention.assertion
    if (said.person == "family") != claim.of_family or said.person == "other person":
        return None
    if said.possible or (said.hypothetical and not claim.planned):
        return None
    if said.negated:
        return Vote(False, mention.sentence, "it is denied")
    if mention.share < 1:
        return None  # "asthma" does not claim "severe asthma"
    if said.ended and not _of_any_time(claim, window):
        return Vote(False, mention.sentence, "it is over", outside=True)
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
