"""A reader fitted to experts' answers: made pairs, then the experts' rows, then a temperature on held-out patients.

Wide and deep: a linear model of the claim's words is fitted first, and the encoder is fitted to what that model does
not tell (see `winnow.language.wide`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from winnow.core import WinnowError, derive_seed
from winnow.trials.annotations import CLASSES, FACT, AnswerRow, patient_folds
from winnow.trials.answering import Asked
from winnow.trials.answering.reader import ReadingSettings
from winnow.trials.answering.views import claim_text, views_of
from winnow.trials.retrieval import Encoder
from winnow.trials.tuning.made import Line, make_pairs
from winnow.trials.tuning.rows import chart_of, whole_question
from winnow.trials.tuning.topics import CLAIM_PATTERNS

if TYPE_CHECKING:
    from winnow.language.pair_start import PairStart
    from winnow.language.pairs import PairReader
    from winnow.language.wide import WideModel

Pair = tuple[str, str]
_FITTING: Mapping[str, Any] = {"epochs": 3.0, "max_tokens": 160, "frozen": 3, "learning_rate": 1e-4}


@dataclass(frozen=True, kw_only=True)
class ReaderTuning:
    """How a reader is tuned.

    Attributes:
        start: "minilm", "hf:FOLDER_OR_ID" or a ticket's folder.
        made: made pairs before the experts' rows, seen once.
        made_rate: their learning rate.
        held_out: share of the patients whose rows set the temperature and are not fitted to.
        second_opinion: weight of the language model's recorded label beside the expert's (which keeps the rest): with
            few rows a soft label tells more than a hard one. Only training rows' labels are ever read.
        fitting: settings of the reader (`winnow.language.ReaderSettings`) that differ from its own.
        reading: which evidence is shown.
        wide: fit the encoder on top of a linear model of the claims' words; else alone.
        seed: of all draws.
    """

    start: str = "minilm"
    made: int = 4200
    made_rate: float = 1e-4
    held_out: float = 0.1
    second_opinion: float = 0.25
    fitting: Mapping[str, Any] = field(
        default_factory=lambda: {"epochs": 3.0, "max_tokens": 192, "learning_rate": 1.5e-4}
    )
    reading: ReadingSettings = field(default_factory=ReadingSettings)
    wide: bool = True
    seed: int = 0


def pretune(lines: Sequence[Line], tuning: ReaderTuning | None = None) -> PairReader:
    """A reader of made pairs: it reads, and knows nothing yet of how experts answer; its `as_start` is the next start.

    No benchmark row is used, so one serves every fold.

    Raises:
        WinnowError: WN-C01 with fewer than four lines; those of the encoder.
    """
    from winnow.language.pairs import PairReader, ReaderSettings

    tuning = tuning or ReaderTuning()
    if len(lines) < 4:
        raise WinnowError("WN-C01", "made pairs need four criterion lines or more", where="lines")
    pairs = make_pairs(lines, tuning.made, derive_seed(tuning.seed, "made"))
    # Made pairs are short.
    tokens = min(128, int(tuning.fitting.get("max_tokens", 128)))
    settings = ReaderSettings(max_tokens=tokens, epochs=1.0, learning_rate=tuning.made_rate, seed=tuning.seed)
    reader = PairReader(CLASSES, tuning.start, settings)
    claims = [(claim_text(pair.line.kind, pair.line.text), pair.evidence) for pair in pairs]
    return reader.fit(claims, [CLASSES.index(pair.label) for pair in pairs])


def tune_reader(
    rows: Sequence[AnswerRow],
    tuning: ReaderTuning | None = None,
    *,
    start: PairStart | None = None,
    encoder: Encoder | None = None,
) -> PairReader:
    """A reader fitted to the rows, its temperature set on some of their patients that it was not fitted to.

    Args:
        rows: the rows to learn from, of two or more patients; none that it will be measured on.
        tuning: how.
        start: an encoder instead of the one named, such as that of `pretune`.
        encoder: for the search for evidence.

    Raises:
        WinnowError: WN-D06 with too few rows; those of the encoder.
    """
    from winnow.language.pairs import PairReader, ReaderSettings

    tuning = tuning or ReaderTuning()
    pairs = pairs_of(rows, tuning.reading, encoder)
    held = _held_out(rows, tuning)
    fitted = sorted(set(range(len(rows))) - set(held))
    wide = fit_wide_part(rows, fitted) if tuning.wide else None
    settings = ReaderSettings(**{"seed": tuning.seed, **tuning.fitting})
    reader = PairReader(CLASSES, start or tuning.start, settings, wide)
    chosen = [rows[place] for place in fitted]
    claims, labels, weights = _labelled(chosen, [pairs[place] for place in fitted], tuning.second_opinion)
    # Each pair is there once a label.
    offsets = np.tile(unseen_logits(chosen), (len(claims) // len(chosen), 1)) if tuning.wide else None
    reader.fit(claims, labels, weights, offsets)
    reader.calibrate([pairs[place] for place in held], [CLASSES.index(rows[place].fact) for place in held])
    if tuning.wide:  # the share is set: nothing is left that these patients would have to be kept from
        reader.wide = fit_wide_part(rows, range(len(rows)))
    return reader


def pairs_of(
    rows: Sequence[AnswerRow], reading: ReadingSettings | None = None, encoder: Encoder | None = None
) -> list[Pair]:
    """Claim and evidence of each row, as the engine would read them; labels and evidence positions are not read."""
    reading = reading or ReadingSettings()
    by_chart: dict[tuple[str, tuple[str, ...]], list[int]] = {}
    for place, row in enumerate(rows):
        by_chart.setdefault((row.patient_id, row.sentences), []).append(place)
    pairs: dict[int, Pair] = {}
    for places in by_chart.values():
        chart = chart_of(rows[places[0]], encoder)
        asked = [Asked(whole_question(rows[place]), rows[place].kind, "") for place in places]
        hits = chart.search([one.question.statement for one in asked], reading.k)
        views = views_of(asked, hits, chart, reading.words)
        pairs.update({place: view.pair() for place, view in zip(places, views, strict=True)})
    return [pairs[place] for place in range(len(rows))]


def fit_wide_part(rows: Sequence[AnswerRow], places: Iterable[int]) -> WideModel:
    """What criteria of such words are answered with, from the rows at these places; no note is read."""
    from winnow.language.wide import fit_wide

    chosen = [rows[place] for place in places]
    return fit_wide(claims_of(chosen), [CLASSES.index(row.fact) for row in chosen], len(CLASSES), CLAIM_PATTERNS)


def claims_of(rows: Sequence[AnswerRow]) -> list[str]:
    """The claim of each row, as the reader takes it."""
    return [claim_text(row.kind, row.criterion or "") for row in rows]


def unseen_logits(rows: Sequence[AnswerRow], folds: int = 5) -> NDArray[np.float64]:
    """The wide part's logits [N, 3] of rows of patients that it was not fitted to.

    With logits of rows that it was fitted to, the encoder would learn to trust it too much.

    Raises:
        WinnowError: WN-D06 with rows of fewer than two patients.
    """
    patients = len({row.patient_id for row in rows})
    if patients < 2:
        raise WinnowError("WN-D06", f"rows of {patients} patients: a reader is tuned to two or more")
    logits = np.zeros((len(rows), len(CLASSES)))
    for held in patient_folds(list(rows), min(folds, patients), seed=0):
        rest = np.setdiff1d(np.arange(len(rows)), held)
        logits[held] = fit_wide_part(rows, rest).logits(claims_of([rows[place] for place in held]))
    return logits


def _held_out(rows: Sequence[AnswerRow], tuning: ReaderTuning) -> list[int]:
    """Places of the rows to calibrate on: all rows of some patients, and never of all."""
    patients = sorted({row.patient_id for row in rows})
    count = min(round(tuning.held_out * len(patients)), len(patients) - 1)
    order = np.random.default_rng(derive_seed(tuning.seed, "held out")).permutation(len(patients))
    held = {patients[at] for at in order[:count]}
    return [place for place, row in enumerate(rows) if row.patient_id in held]


def _labelled(
    rows: Sequence[AnswerRow], pairs: Sequence[Pair], second: float
) -> tuple[list[Pair], list[int], list[float]]:
    """Every pair with the expert's label, and with the recorded one where that has a weight."""
    expert = [CLASSES.index(row.fact) for row in rows]
    if not second:
        return list(pairs), expert, [1.0] * len(rows)
    model = [CLASSES.index(FACT[row.model_label]) for row in rows]
    return [*pairs, *pairs], [*expert, *model], [1 - second] * len(rows) + [second] * len(rows)
