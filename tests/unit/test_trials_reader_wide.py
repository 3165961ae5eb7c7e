"""The reader's wide part on experts' rows: it never sees a note, and offsets come from patients it did not see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import text_cases as cases
from winnow.core import WinnowError
from winnow.trials.annotations import CLASSES, AnswerRow
from winnow.trials.answering import Asked
from winnow.trials.answering.reader import ReaderEngine
from winnow.trials.composition import Question
from winnow.trials.evaluation.controls import ShuffledNotes, shuffled
from winnow.trials.evaluation.engine_rows import RulesFirst
from winnow.trials.evaluation.reader import ReaderPredictor, WideAlone
from winnow.trials.tuning.reader import (
    ReaderTuning,
    claims_of,
    fit_wide_part,
    pairs_of,
    tune_reader,
    unseen_logits,
)
from winnow.trials.tuning.rows import chart_of

pytestmark = pytest.mark.usefixtures("one_thread")

TOPICS = ("active chemotherapy", "known allergy", "pregnant women", "consent")


def rows(count: int = 24) -> list[AnswerRow]:
    """Rows of six invented patients; what is answered hangs on the criterion more than on the note."""
    made = []
    for place in range(count):
        topic, treated = TOPICS[place % 4], place % 3 == 0
        label = "included" if place % 4 < 2 else "not enough information"
        label = "not included" if topic == TOPICS[0] and not treated else label
        note = ("age eighteen years", "prior chemotherapy" if treated else "no chemotherapy", f"allergy {place % 6}")
        made.append(AnswerRow(f"p{place % 6}", f"t{place}", "", "inclusion", topic, note, label, label, ()))
    return made


@pytest.fixture(scope="module")
def tuning(tmp_path_factory: pytest.TempPathFactory) -> ReaderTuning:
    folder = cases.tiny_encoder(tmp_path_factory.mktemp("reader") / "tiny")
    fitting = {"epochs": 4.0, "max_tokens": 24, "batch": 4, "learning_rate": 1e-2}
    return ReaderTuning(start=f"hf:{folder}", fitting=fitting)


def test_the_wide_part_takes_the_claims_that_the_reader_is_asked() -> None:
    given = rows()
    assert claims_of(given) == [claim for claim, _ in pairs_of(given)]


def test_a_patient_s_own_labels_have_no_part_in_its_offsets() -> None:
    given = rows()
    before = unseen_logits(given, folds=6)
    for patient in ("p0", "p3"):
        own = np.array([row.patient_id == patient for row in given])
        turned = [replace(row, label="excluded") if row.patient_id == patient else row for row in given]
        after = unseen_logits(turned, folds=6)
        np.testing.assert_array_equal(after[own], before[own])
        assert not np.array_equal(after[~own], before[~own])


def test_one_patient_is_too_few() -> None:
    with pytest.raises(WinnowError) as caught:
        unseen_logits([row for row in rows() if row.patient_id == "p0"])
    assert caught.value.code == "WN-D06"


def test_the_wide_part_alone_is_blind_to_notes() -> None:
    given = rows()
    alone = WideAlone()
    alone.fit(given)
    told = alone.predict(given)
    np.testing.assert_allclose(told.sum(axis=1), 1)
    np.testing.assert_array_equal(alone.predict(shuffled(given, 0)), told)


def test_a_tuned_reader_has_its_wide_part_of_all_rows_and_without_one_none(tuning: ReaderTuning) -> None:
    given = rows()
    reader = tune_reader(given, tuning)
    whole = fit_wide_part(given, range(len(given)))
    assert reader.wide is not None
    np.testing.assert_array_equal(reader.wide.logits(claims_of(given)), whole.logits(claims_of(given)))
    assert tune_reader(given, replace(tuning, wide=False)).wide is None
    settings = {ReaderPredictor(one).settings for one in (tuning, replace(tuning, wide=False))}
    assert len(settings) == 2


def test_a_reader_whose_encoder_has_no_share_answers_nothing_of_a_chart(tuning: ReaderTuning, tmp_path: Path) -> None:
    given = rows()
    reader = tune_reader(given, tuning)
    reader.deep_share, reader.temperature = 0.0, 0.25
    engine = ReaderEngine.load(reader.save(tmp_path / "deaf"))
    asked = [Asked(Question(f"{topic}?", topic), "inclusion", topic) for topic in TOPICS]
    answers = engine.answer(asked, chart_of(given[0]))
    # What the words of a question alone suggest is no answer about this patient.
    assert {answer.status for answer in answers} == {"not documented"}


class Fixed:
    """The same answer to every row."""

    name = "fixed"

    def fit(self, rows: Sequence[AnswerRow]) -> None: ...

    def predict(self, rows: Sequence[AnswerRow]) -> NDArray[np.float64]:
        return np.tile([0.2, 0.3, 0.5], (len(rows), 1))


def test_what_the_rules_decide_stands_and_the_rest_is_the_predictor_s() -> None:
    note = ("A 58-year-old woman has a cough.",)
    asked = ("Age 18 years or older", "Age 70 years or older", "asthma")
    given = [AnswerRow("p", "t", "", "inclusion", text, note, "included", "included", ()) for text in asked]
    ruled = RulesFirst(Fixed())
    ruled.fit(given)
    told = ruled.predict(given)
    assert [CLASSES[row.argmax()] for row in told] == ["yes", "no", "unknown"]
    np.testing.assert_array_equal(told[2], [0.2, 0.3, 0.5])
    assert ruled.name == "fixed, after the rules"
    other = [replace(row, patient_id="q", sentences=("A 75-year-old man.",)) for row in given]
    swapped = ShuffledNotes(ruled).predict([*given, *other])
    assert [CLASSES[row.argmax()] for row in swapped] == ["yes", "yes", "unknown", "yes", "no", "unknown"]
