"""What a reader is shown of a chart for one claim."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from winnow.trials.answering.answer import Asked
from winnow.trials.answering.baseline.person import find_sex
from winnow.trials.retrieval import Hit, Sentence
from winnow.trials.retrieval.chart import Chart


@dataclass(frozen=True)
class View:
    """What is read for one claim: the claim, the sentences shown in the chart's order, and the hits among them."""

    claim: str
    shown: tuple[Sentence, ...]
    hits: tuple[Hit, ...]

    def pair(self, leave_out: Iterable[Sentence] = ()) -> tuple[str, str]:
        """Claim and evidence as the reader takes them."""
        out = set(leave_out)
        return self.claim, evidence_text([one.text for one in self.shown if one not in out])


def views_of(asked: Sequence[Asked], hits: Sequence[Sequence[Hit]], chart: Chart, words: int) -> list[View]:
    """What is read for each question: the whole chart when it is short, else its best sentences up to `words`.

    One sentence at least is shown, and the one that tells who the patient is comes before what was found: whether a
    criterion applies often hangs on it.
    """
    short, places = _words(chart.sentences) <= words, {one: place for place, one in enumerate(chart.sentences)}
    opening = [] if short or not chart.sentences else [_introduction(chart)]
    views = []
    for one, own in zip(asked, hits, strict=True):
        shown = chart.sentences if short else _best([*opening, *(hit.sentence for hit in own)], words)
        claim = claim_text(one.kind, one.question.statement or one.question.text)
        chosen = set(shown)
        kept = tuple(hit for hit in own if hit.sentence in chosen)
        views.append(View(claim, tuple(sorted(shown, key=places.__getitem__)), kept))
    return views


def claim_text(kind: str, statement: str) -> str:
    """A criterion's words as the reader was fitted to them."""
    return f"{kind}: {' '.join(statement.split())}"


def evidence_text(sentences: Iterable[str]) -> str:
    """Sentences as the reader was fitted to them: one after another, white space as single spaces."""
    return " ".join(" ".join(sentences).split())


def _introduction(chart: Chart) -> Sentence:
    """The sentence that tells the patient's sex, else the first."""
    found = find_sex(chart)
    return found[1] if found and found[1] in chart.sentences else chart.sentences[0]


def _best(sentences: Sequence[Sentence], words: int) -> list[Sentence]:
    """The first sentences up to so many words; two at least where there are two: who the patient is, and a finding."""
    kept: list[Sentence] = []
    for one in dict.fromkeys(sentences):
        if len(kept) >= 2 and _words([*kept, one]) > words:
            break
        kept.append(one)
    return kept


def _words(sentences: Iterable[Sentence]) -> int:
    return sum(len(one.text.split()) for one in sentences)
