"""Engine (a) on the benchmark: as it is shipped, and with a criterion-level model fitted on the training folds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from winnow.trials.annotations import CLASSES, AnswerRow
from winnow.trials.answering.answer import NOT_APPLICABLE
from winnow.trials.answering.baseline import BaselineEngine
from winnow.trials.evaluation.controls import ClosedWorld, CriterionWords, Majority, RecordedModel, ShuffledNotes
from winnow.trials.evaluation.criteria import Predictor
from winnow.trials.evaluation.measures import facts_of, six_labels
from winnow.trials.retrieval import Encoder
from winnow.trials.scoring.probability import probability
from winnow.trials.tuning.criterion_model import CriterionModel
from winnow.trials.tuning.rows import RowAnswers, work_through
from winnow.trials.tuning.signals import bounds, row_signals, without_patient

Floats = NDArray[np.float64]
# What an abstention says of a fact: nothing, but that it is not documented.
_ABSTAINS = (0.05, 0.05, 0.9)


class SignalCache:
    """The signals of rows, computed once for each pair of note and criterion; shared by the rows of a table.

    Args:
        engine: whose answers are signals; rules and assertions alone by default.
        encoder: for cosines.
    """

    def __init__(self, engine: BaselineEngine | None = None, encoder: Encoder | None = None) -> None:
        self._engine, self._encoder = engine or BaselineEngine(), encoder
        self._known: dict[tuple[object, ...], Floats] = {}

    def __call__(self, rows: Sequence[AnswerRow]) -> Floats:
        """The signals [n, signals]."""
        new = {_key(row): row for row in rows if _key(row) not in self._known}
        if new:
            fresh = row_signals(list(new.values()), self._engine, self._encoder)
            self._known |= dict(zip(new, fresh, strict=True))
        return np.stack([self._known[_key(row)] for row in rows])


class TunedEngine:
    """The full path of engine (a), criterion to answers, and the criterion-level model on top.

    Args:
        signals: shared with other rows of the table.
        blind: the same model without any signal of the patient: what its criterion features alone are worth.
    """

    def __init__(self, signals: SignalCache, blind: bool = False) -> None:
        self.name = "criterion only, engine (a)'s model" if blind else "engine (a), tuned"
        self._signals, self._blind = signals, blind
        self._model = CriterionModel()

    def fit(self, rows: Sequence[AnswerRow]) -> None:
        """Fit the model to the training rows."""
        self._model = CriterionModel().fit(rows, self._of(rows), facts_of(rows))

    def predict(self, rows: Sequence[AnswerRow]) -> Floats:
        """Probabilities [n, 3]."""
        return self._model.predict(rows, self._of(rows))

    def _of(self, rows: Sequence[AnswerRow]) -> Floats:
        return without_patient(self._signals(rows)) if self._blind else self._signals(rows)


class ShippedEngine:
    """Engine (a) as it answers without tuning: what its form and answers decide, and "unknown" for the rest."""

    def __init__(self, engine: BaselineEngine | None = None, encoder: Encoder | None = None) -> None:
        self.name = "engine (a), rules and assertion"
        self._engine, self._encoder = engine or BaselineEngine(), encoder

    def fit(self, rows: Sequence[AnswerRow]) -> None:
        """Nothing to learn."""

    def predict(self, rows: Sequence[AnswerRow]) -> Floats:
        """Probabilities [n, 3]."""
        return np.array([_decided(own) for own in work_through(rows, self._engine, self._encoder)])

    def labels(self, rows: Sequence[AnswerRow]) -> list[str]:
        """The six-way labels, "not applicable" where a rule says so."""
        worked = work_through(rows, self._engine, self._encoder)
        named = six_labels(rows, [int(np.argmax(_decided(own))) for own in worked])
        return ["not applicable" if _elsewhere(own) else label for own, label in zip(worked, named, strict=True)]


class RulesFirst:
    """A predictor after engine (a)'s rules, as `winnow trials match` asks it: what they decide stands.

    Args:
        of: asked for the rest.
        engine: the rules.
    """

    def __init__(self, of: Predictor, engine: BaselineEngine | None = None) -> None:
        self.name = f"{of.name}, after the rules"
        self._of, self._rules = of, ShippedEngine(engine)

    def fit(self, rows: Sequence[AnswerRow]) -> None:
        """Fit the predictor."""
        self._of.fit(rows)

    def predict(self, rows: Sequence[AnswerRow]) -> Floats:
        """The rules' probabilities where they decide, else the predictor's, [n, 3]."""
        ruled, told = self._rules.predict(rows), self._of.predict(rows)
        open_ = (ruled == np.array(_ABSTAINS)).all(axis=1)
        return np.where(open_[:, None], told, ruled)


def _decided(worked: RowAnswers) -> tuple[float, ...]:
    if not worked.answers:
        return _ABSTAINS
    low, high = bounds(worked.composed.form, worked.answers)
    if low != high:
        return _ABSTAINS
    chance = probability(worked.composed.form, lambda question, _: worked.answers[question].probability)
    value, sure = ("yes", chance) if low else ("no", 1 - chance)
    spread = np.full(len(CLASSES), (1 - max(sure, 0.5)) / 2)
    spread[CLASSES.index(value)] = max(sure, 0.5)
    return tuple(spread.tolist())


def _elsewhere(worked: RowAnswers) -> bool:
    return _decided(worked) == _ABSTAINS and any(answer.status == NOT_APPLICABLE for answer in worked.answers)


def _key(row: AnswerRow) -> tuple[object, ...]:
    return row.kind, row.criterion, row.trial_title, row.sentences


def table_predictors(encoder: Encoder | None = None) -> list[Predictor]:
    """The rows of the published table, in its order: controls, engine (a) as shipped and tuned, and GPT-4's record."""
    signals, shipped = SignalCache(encoder=encoder), ShippedEngine()
    tuned = TunedEngine(signals)
    return [
        Majority(),
        Majority(by_kind=True),
        CriterionWords(),
        TunedEngine(signals, blind=True),
        ShuffledNotes(tuned),
        ShuffledNotes(tuned, training=True),
        shipped,
        ClosedWorld(shipped),
        tuned,
        RecordedModel(),
    ]
