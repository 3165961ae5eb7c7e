"""Engine (b) on the benchmark of criterion answers, fold by fold, so that a run that was killed goes on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from winnow.core import digest
from winnow.storage import read_json, write_json
from winnow.trials.annotations import CLASSES, AnswerRow
from winnow.trials.evaluation.controls import shuffled
from winnow.trials.evaluation.criteria import Predictor
from winnow.trials.retrieval import Encoder
from winnow.trials.tuning.made import Line
from winnow.trials.tuning.reader import ReaderTuning, claims_of, fit_wide_part, pairs_of, pretune, tune_reader

if TYPE_CHECKING:
    from winnow.language.pair_start import PairStart
    from winnow.language.pairs import PairReader

Floats = NDArray[np.float64]
Rows = Sequence[AnswerRow]


class ReaderPredictor:
    """The reader as a predictor: tuned to the training rows, asked for the rest.

    Args:
        tuning: how it is tuned; chosen before the test rows are seen.
        lines: criterion lines for made pairs, of a corpus that is not the benchmark; none when not given.
        start: an encoder that has seen made pairs already, instead of `lines`.
        encoder: for the search for evidence.
        folder: where the reader of made pairs is kept, so that a run that goes on need not fit it again.
        name: in the table.
    """

    def __init__(
        self,
        tuning: ReaderTuning | None = None,
        *,
        lines: Sequence[Line] = (),
        start: PairStart | None = None,
        encoder: Encoder | None = None,
        folder: Path | None = None,
        name: str = "engine (b): reader",
    ) -> None:
        self.name = name
        self._tuning, self._lines = tuning or ReaderTuning(), lines
        self._given = self._start = start
        self._encoder, self._folder = encoder, folder
        self._reader: PairReader | None = None

    @property
    def settings(self) -> str:
        """What the predictions hang on beside the rows, as a digest."""
        encoder = self._encoder.name if self._encoder else ""
        start = self._given.digest if self._given else digest([asdict(line) for line in self._lines])
        return digest({"tuning": asdict(self._tuning), "start": start, "encoder": encoder})

    def fit(self, rows: Rows) -> None:
        """Tune a reader to these rows; the made pairs are learnt once for all folds."""
        if self._start is None and self._lines:
            self._start = self._read_made().as_start()
        self._reader = tune_reader(rows, self._tuning, start=self._start, encoder=self._encoder)

    def predict(self, rows: Rows) -> Floats:
        """Calibrated probabilities [n, 3]."""
        if self._reader is None:
            raise RuntimeError("fit comes first")
        return self._reader.predict(pairs_of(rows, self._tuning.reading, self._encoder))

    def _read_made(self) -> PairReader:
        """The reader of made pairs, from its folder where it is kept."""
        if self._folder is None:
            return pretune(self._lines, self._tuning)
        from winnow.language.pairs import PairReader

        t = self._tuning
        of = digest([[asdict(line) for line in self._lines], t.start, t.made, t.made_rate, t.seed])
        place = self._folder / f"made-{of[:16]}"
        if not place.is_dir():
            pretune(self._lines, t).save(place)
        return PairReader.load(place)


class WideAlone:
    """The reader's wide part without its encoder: it never sees the patient, and the reader starts as it."""

    name = "engine (b)'s wide part alone, no patient"

    def fit(self, rows: Rows) -> None:
        """Fit to the training rows."""
        self._wide = fit_wide_part(rows, range(len(rows)))

    def predict(self, rows: Rows) -> Floats:
        """Probabilities [n, 3]."""
        return np.exp(self._wide.logits(claims_of(rows)))


class Kept:
    """A predictor whose predictions are kept in a folder: what was predicted before is read, and nothing is fitted.

    Only probabilities are written, under a digest of the settings, the training rows and the rows asked for. When a
    fold is predicted, so are its shuffled notes: the control then costs no second fitting.

    Args:
        of: the predictor; `settings` is asked of it where it has any.
        folder: where to keep them.
        also: made from the rows of a fold and predicted beside them.
    """

    def __init__(
        self,
        of: Predictor,
        folder: Path,
        also: Sequence[Callable[[Rows], Rows]] = (partial(shuffled, seed=0),),
    ) -> None:
        self.name = of.name
        self._of, self._folder, self._also = of, folder, also
        self._settings = getattr(of, "settings", of.name)
        self._training: Rows = ()
        self._fitted = False

    def fit(self, rows: Rows) -> None:
        """Remember the rows; the predictor is fitted when something is asked that was not kept."""
        self._training, self._fitted = rows, False

    def predict(self, rows: Rows) -> Floats:
        """Probabilities [n, 3], kept or new."""
        if (kept := self._read(rows)) is not None:
            return kept
        if not self._fitted:
            self._of.fit(self._training)
            self._fitted = True
        for other in [make(rows) for make in self._also]:
            self._write(other, self._of.predict(other))
        told = self._of.predict(rows)
        self._write(rows, told)
        return told

    def _place(self, rows: Rows) -> Path:
        # Order matters in both: a fitting follows the order of its rows.
        key = digest([self._settings, [_content(row, True) for row in self._training], [_content(r) for r in rows]])
        return self._folder / f"{key[:24]}.json"

    def _read(self, rows: Rows) -> Floats | None:
        place = self._place(rows)
        if not place.is_file():
            return None
        told = np.asarray(read_json(place)["probabilities"], dtype=np.float64)
        return told if told.shape == (len(rows), len(CLASSES)) else None

    def _write(self, rows: Rows, told: Floats) -> None:
        write_json(self._place(rows), {"predictor": self.name, "probabilities": told.tolist()})


class Pooled:
    """Several predictors' answers as one: the weighted geometric mean of their probabilities.

    Equal weights are nobody's choice: none is fitted, so nothing can be fitted to the test rows.

    Args:
        of: the predictors.
        name: in the table.
    """

    def __init__(self, of: Sequence[Predictor], name: str) -> None:
        self.name, self._of = name, of

    def fit(self, rows: Rows) -> None:
        """Fit them all."""
        for one in self._of:
            one.fit(rows)

    def predict(self, rows: Rows) -> Floats:
        """The mean of the log-probabilities, made to sum to one, [n, 3]."""
        logs = [np.log(np.clip(one.predict(rows), 1e-6, None)) for one in self._of]
        mean = np.exp(np.mean(logs, axis=0))
        return mean / mean.sum(axis=1, keepdims=True)


def _content(row: AnswerRow, labels: bool = False) -> list[object]:
    own: list[object] = [row.patient_id, row.trial_id, row.kind, row.criterion, row.sentences]
    return [*own, row.label, row.model_label] if labels else own
