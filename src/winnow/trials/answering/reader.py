"""`ReaderEngine`: engine (b), an encoder that reads the claim and the chart's best sentences together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from winnow.core import WinnowError
from winnow.trials.annotations import CLASSES
from winnow.trials.answering.answer import ANSWERED, ERROR, NOT_DOCUMENTED, Answer, Asked, Engine, Quote
from winnow.trials.answering.views import View, views_of
from winnow.trials.retrieval import Sentence
from winnow.trials.retrieval.chart import Chart

UNREAD, UNSURE = "the same without the chart", "below the confidence asked for"
_UNKNOWN = CLASSES.index("unknown")


class Reader(Protocol):
    """What reads pairs: `winnow.language.PairReader`, or anything with its `predict`."""

    def predict(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float64]:
        """Probabilities [n, 3] over `annotations.CLASSES` of (claim, evidence)."""
        ...


@dataclass(frozen=True)
class ReadingSettings:
    """How the engine reads.

    Attributes:
        abstain: "yes" or "no" is answered only when it is at least this probable.
        k: sentences searched for a claim.
        words: a chart of at most so many words is read whole; of a longer one the sentence that introduces the patient
            and the best ones up to so many.
        support: the probability of the answer must fall by at least this much without the sentences found: what a
            reader would say of any chart is no answer about this one.
    """

    abstain: float = 0.6
    k: int = 4
    words: int = 80
    support: float = 0.05


class ReaderEngine:
    """Puts each claim with its evidence to a reader; abstains below a confidence; quotes what the answer hangs on.

    A quote is the sentence without which the answer's probability falls most. Sentences that look like instructions are
    not among a chart's sentences, so they are never read. Numbers and dates are compared in code: they are left to
    `first`, and without it they stay unanswered.

    Args:
        reader: fitted to experts' answers.
        label: what the reader is called, with a mark of its weights; in answers as "reader:<label>".
        settings: how to read.
        first: asked first; its rules' answers stand, and so does all it says of numbers.
    """

    def __init__(
        self, reader: Reader, label: str, settings: ReadingSettings | None = None, first: Engine | None = None
    ) -> None:
        self._reader, self._label, self._first = reader, label, first
        self._settings = settings or ReadingSettings()

    @classmethod
    def load(
        cls, folder: Path | str, settings: ReadingSettings | None = None, first: Engine | None = None
    ) -> ReaderEngine:
        """The engine with a saved reader, labelled with its folder's name and a mark of its weights.

        Raises:
            WinnowError: WN-L09 when the folder holds no reader, or one of other classes; WN-D07 without transformers.
        """
        from winnow.language.pairs import PairReader

        reader = PairReader.load(folder)
        if reader.classes != CLASSES:
            told = f"its classes are {', '.join(reader.classes)}, not {', '.join(CLASSES)}"
            raise WinnowError("WN-L09", told, where=Path(folder).name, fix="Tune one with `winnow trials tune`.")
        return cls(reader, f"{Path(folder).resolve().name}@{reader.digest[:12]}", settings, first)

    @property
    def name(self) -> str:
        """The reader, how it reads, and what was asked first."""
        s = self._settings
        after = f" after={self._first.name}" if self._first else ""
        return f"reader:{self._label} abstain={s.abstain:g} k={s.k} words={s.words} support={s.support:g}{after}"

    def answer(self, asked: Sequence[Asked], chart: Chart) -> list[Answer]:
        """One answer a question, in order."""
        answers = self._ruled(asked, chart)
        left = [place for place in range(len(asked)) if place not in answers]
        answers.update(zip(left, self._read([asked[place] for place in left], chart), strict=True))
        return [answers[place] for place in range(len(asked))]

    def _ruled(self, asked: Sequence[Asked], chart: Chart) -> dict[int, Answer]:
        """By place: what the first engine's rules answered, and every number."""
        given = self._first.answer(asked, chart) if self._first else [None] * len(asked)
        ruled: dict[int, Answer] = {}
        for place, (one, answer) in enumerate(zip(asked, given, strict=True)):
            if answer is not None and (one.question.comparison is not None or answer.by.startswith("rule")):
                ruled[place] = answer
            elif one.question.comparison is not None:
                ruled[place] = self._without(one, NOT_DOCUMENTED, "numbers are compared in code, and no engine did")
        return ruled

    def _read(self, asked: Sequence[Asked], chart: Chart) -> list[Answer]:
        if not asked:
            return []
        hits = chart.search([one.question.statement or one.question.text for one in asked], self._settings.k)
        views = views_of(asked, hits, chart, self._settings.words)
        told = self._reader.predict([view.pair() for view in views])
        return [self._safely(one, view, row) for one, view, row in zip(asked, views, told, strict=True)]

    def _safely(self, asked: Asked, view: View, told: NDArray[np.float64]) -> Answer:
        try:
            return self._one(asked, view, told)
        except (RuntimeError, ValueError, LookupError, ArithmeticError) as error:
            # One question's failure is not the chart's; the message could hold a note's words, its type cannot.
            return self._without(asked, ERROR, type(error).__name__)

    def _one(self, asked: Asked, view: View, told: NDArray[np.float64]) -> Answer:
        choice = int(told.argmax())
        if choice == _UNKNOWN or not view.hits:
            return self._without(asked, NOT_DOCUMENTED, "the reader finds nothing that tells")
        if told[choice] < self._settings.abstain:
            return self._without(asked, NOT_DOCUMENTED, f"{CLASSES[choice]} at {told[choice]:.2f}", (UNSURE,))
        found = [hit.sentence for hit in view.hits]
        without = [view.pair([one]) for one in found]
        drops = told[choice] - self._reader.predict([*without, view.pair(found)])[:, choice]
        if drops.max() < self._settings.support:
            return self._without(asked, NOT_DOCUMENTED, f"{CLASSES[choice]} at {told[choice]:.2f}", (UNREAD,))
        return self._answered(asked, view, told, choice, drops[:-1])

    def _answered(
        self, asked: Asked, view: View, told: NDArray[np.float64], choice: int, drops: NDArray[np.float64]
    ) -> Answer:
        """The answer with its quotes: what it hangs on most, best first; else the best hit."""
        order = [int(at) for at in np.argsort(-drops, kind="stable") if drops[at] >= self._settings.support]
        quotes = tuple(_quote(view.hits[at].sentence) for at in (order or [0])[:3])
        weight = f"; without the first sentence quoted {told[choice] - drops[order[0]]:.2f}" if order else ""
        return Answer(
            asked.question.question_id,
            CLASSES[choice],
            ANSWERED,
            float(told[0] + told[_UNKNOWN] / 2),
            quotes,
            f"the reader says {CLASSES[choice]} at {told[choice]:.2f}{weight}",
            self._by,
        )

    def _without(self, asked: Asked, status: str, reason: str, flags: tuple[str, ...] = ()) -> Answer:
        return Answer(asked.question.question_id, "n/a", status, 0.5, reasoning=reason, by=self._by, flags=flags)

    @property
    def _by(self) -> str:
        return f"reader:{self._label}"


def _quote(sentence: Sentence) -> Quote:
    return Quote(sentence.note_id, sentence.start, sentence.end, sentence.text)
