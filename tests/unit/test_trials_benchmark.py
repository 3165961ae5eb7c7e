"""The criterion-answer benchmark: measures from hand-worked examples, folds and intervals by patient, controls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from winnow.trials.annotations import CLASSES, AnswerRow, read_answer_rows
from winnow.trials.evaluation import controls, criteria, measures, paired
from winnow.trials.evaluation.coverage import save_coverage
from winnow.trials.evaluation.engine_rows import ShippedEngine, SignalCache, TunedEngine

WORDS = ("asthma", "gout", "stroke", "diabetes", "psoriasis", "anemia")


def row(patient: int, kind: str, criterion: str, label: str, model: str = "", note: Sequence[str] = ()) -> AnswerRow:
    sentences = tuple(note) or (f"A {30 + patient}-year-old woman.", "She has asthma and denies gout.")
    return AnswerRow(f"p{patient}", f"t{patient}", "a trial", kind, criterion, sentences, label, model or label, ())


def made(patients: int = 8) -> list[AnswerRow]:
    """Invented rows that a reader of notes gets right and a reader of criteria does not."""
    rows = []
    for patient in range(patients):
        has, lacks = WORDS[patient % 6], WORDS[(patient + 1) % 6]
        note = (f"A {30 + patient}-year-old woman.", f"She has {has}.", f"She denies {lacks}.")
        for word in WORDS:
            fact = "included" if word == has else "not included" if word == lacks else "not enough information"
            rows.append(row(patient, "inclusion", word, fact, note=note))
        excluded = "excluded" if has == "asthma" else "not excluded"
        rows.append(row(patient, "exclusion", f"severe {has}", excluded, note=note))
    return rows


class Oracle:
    """Answers with the label."""

    name = "oracle"

    def fit(self, rows: Sequence[AnswerRow]) -> None:
        self.seen = {row.patient_id for row in rows}

    def predict(self, rows: Sequence[AnswerRow]) -> NDArray[np.float64]:
        assert not self.seen & {row.patient_id for row in rows}
        return np.eye(3)[[CLASSES.index(row.fact) for row in rows]]


def test_measures_of_a_hand_worked_confusion() -> None:
    # yes: 3 right, 1 called no; no: 2 right; unknown: 1 right, 1 called yes.
    confusion = np.array([[3.0, 1, 0], [0, 2, 0], [1, 0, 1]])
    assert measures.accuracy(confusion) == pytest.approx(6 / 8)
    assert measures.macro_f1(confusion) == pytest.approx((6 / 8 + 4 / 5 + 2 / 3) / 3)
    assert measures.macro_f1(np.array([[5.0, 0], [5, 0]])) == pytest.approx((10 / 15 + 0) / 2)


def test_calibration_and_brier_of_hand_worked_answers() -> None:
    probabilities = np.array([[0.8, 0.1, 0.1], [0.8, 0.1, 0.1], [0.2, 0.5, 0.3], [0.2, 0.5, 0.3]])
    truth = np.array([0, 1, 1, 1])
    # In the bin of 0.8 half are right (gap 0.3), in that of 0.5 all (gap 0.5).
    assert measures.expected_calibration_error(probabilities, truth) == pytest.approx(0.5 * 0.3 + 0.5 * 0.5)
    one = 0.2**2 + 0.1**2 + 0.1**2
    two = 0.8**2 + 0.9**2 + 0.1**2
    three = 0.2**2 + 0.5**2 + 0.3**2
    assert measures.brier(probabilities, truth) == pytest.approx((one + two + 2 * three) / 4)


def test_coverage_keeps_equal_confidences_together() -> None:
    probabilities = np.array([[0.9, 0.1, 0.0], [0.6, 0.4, 0.0], [0.6, 0.4, 0.0]])
    share, right = measures.coverage_curve(probabilities, np.array([0, 0, 1]))
    assert share.tolist() == pytest.approx([1 / 3, 1, 1])
    assert right.tolist() == pytest.approx([1, 2 / 3, 2 / 3])


@given(st.lists(st.integers(0, 2), min_size=4, max_size=30))
def test_coverage_ends_at_the_accuracy_whatever_the_order(choices: list[int]) -> None:
    generator = np.random.default_rng(len(choices))
    probabilities = generator.dirichlet(np.ones(3), len(choices))
    truth = np.array(choices)
    share, right = measures.coverage_curve(probabilities, truth)
    assert (share[-1], right[-1]) == (1, pytest.approx((probabilities.argmax(axis=1) == truth).mean()))
    order = generator.permutation(len(truth))
    assert np.allclose(measures.coverage_curve(probabilities[order], truth[order])[1], right)


def test_six_labels_follow_the_kind() -> None:
    rows = [row(0, kind, "gout", "included") for kind in ("inclusion", "exclusion") for _ in range(3)]
    assert measures.six_labels(rows, [0, 1, 2, 0, 1, 2]) == [
        "included", "not included", "not enough information", "excluded", "not excluded", "not enough information",
    ]  # fmt: skip
    against = measures.disqualifying_probability(rows, np.tile([0.5, 0.3, 0.2], (6, 1)))
    assert against.tolist() == [0.3, 0.3, 0.3, 0.5, 0.5, 0.5]


def test_a_perfect_reader_is_perfect_and_never_sees_its_patients() -> None:
    (table,) = criteria.evaluate_criteria(made(), [Oracle()], folds=4, resamples=200)
    for key in ("accuracy", "macro_f1", "accuracy_6", "macro_f1_6", "disqualifier_recall", "demote_recall"):
        assert table[key] == 1, key
    assert (table["accuracy_low"], table["accuracy_high"]) == (1, 1)
    assert table["ece"] == table["brier"] == 0
    assert table["gain"] is None


def test_gains_are_paired_over_patients() -> None:
    rows = made()
    table = criteria.evaluate_criteria(
        rows, [controls.Majority(), Oracle()], folds=4, reference="majority", resamples=500
    )
    gain = table[1]["accuracy"] - table[0]["accuracy"]
    assert table[1]["gain"] == pytest.approx(gain)
    assert table[1]["gain_low"] <= gain <= table[1]["gain_high"]
    assert table[1]["gain_low"] > 0
    same = criteria.compare(rows, [criteria.out_of_fold(rows, Oracle(), 4)] * 1, reference="oracle", resamples=10)
    assert same[0]["gain"] is None


def test_intervals_are_of_patients_not_of_rows() -> None:
    rows = [row(patient, "inclusion", f"word {n}", "included") for patient in range(4) for n in range(50)]
    truth = measures.facts_of(rows)
    choice = np.array([[0 if r.patient_id in ("p0", "p1") else 1 for r in rows]])
    confusions = paired.patient_confusions(rows, truth, choice, 3)
    value, values = paired.estimates(confusions, measures.accuracy, paired.patient_draws(4, 2000))
    assert value == 0.5
    # Four patients half of whom are all right: the interval is nearly everything; 200 rows would give 0.43 to 0.57.
    assert paired.interval(values) == (0, 1)


def test_draws_repeat_and_count_every_patient_once_on_average() -> None:
    draws = paired.patient_draws(7, 3000, seed=1)
    assert (draws.sum(axis=1) == 7).all()
    assert np.allclose(draws.mean(axis=0), 1, atol=0.1)
    assert (draws == paired.patient_draws(7, 3000, seed=1)).all()


def test_majorities_are_the_training_shares() -> None:
    rows = [row(0, "inclusion", "a", "included"), row(0, "exclusion", "b", "not excluded")]
    plain, by_kind = controls.Majority(), controls.Majority(by_kind=True)
    plain.fit(rows)
    by_kind.fit(rows)
    assert plain.predict(rows).tolist() == [[0.5, 0.5, 0], [0.5, 0.5, 0]]
    assert by_kind.predict(rows).tolist() == [[1, 0, 0], [0, 1, 0]]


def test_the_words_of_a_criterion_are_all_that_its_predictor_reads() -> None:
    rows = made()
    words = controls.CriterionWords()
    words.fit(rows)
    other = [replace(r, sentences=("Nothing.",), patient_id="x") for r in rows]
    assert np.array_equal(words.predict(rows), words.predict(other))


def test_a_class_that_training_lacks_has_a_column_of_nothing() -> None:
    rows = [row(0, "inclusion", "asthma", "included"), row(1, "inclusion", "gout", "not included")]
    words = controls.CriterionWords()
    words.fit(rows)
    assert words.predict(rows).shape == (2, 3)
    assert (words.predict(rows)[:, 2] == 0).all()


def test_the_recorded_model_keeps_its_six_labels() -> None:
    rows = [row(0, "exclusion", "pregnancy", "not applicable", model="not applicable")]
    (table,) = criteria.evaluate_criteria([*rows, row(1, "inclusion", "gout", "included")], [controls.RecordedModel()],
                                          folds=2, resamples=10)  # fmt: skip
    assert table["accuracy"] == table["accuracy_6"] == 1


@pytest.mark.parametrize("seed", range(5))
def test_no_patient_keeps_its_note_when_notes_are_shuffled(seed: int) -> None:
    rows = made()
    notes = {r.patient_id: r.sentences for r in rows}
    moved = controls.shuffled(rows, seed)
    assert all(r.sentences != notes[r.patient_id] for r in moved)
    assert len({r.sentences for r in moved}) == len(notes)
    assert [(r.patient_id, r.criterion, r.label) for r in moved] == [(r.patient_id, r.criterion, r.label) for r in rows]


def test_a_closed_world_moves_what_is_unknown_of_exclusion_criteria_only() -> None:
    rows = [row(0, "inclusion", "a", "included"), row(0, "exclusion", "b", "not excluded")]

    class Half(Oracle):
        def predict(self, rows: Sequence[AnswerRow]) -> NDArray[np.float64]:
            return np.tile([0.2, 0.3, 0.5], (len(rows), 1))

    closed = controls.ClosedWorld(Half())
    closed.fit(rows)
    assert closed.predict(rows).tolist() == [[0.2, 0.3, 0.5], [0.2, 0.8, 0]]


def test_what_is_no_probability_is_refused() -> None:
    class Wrong(Oracle):
        def predict(self, rows: Sequence[AnswerRow]) -> NDArray[np.float64]:
            return np.ones((len(rows), 3))

    with pytest.raises(ValueError, match="no probabilities"):
        criteria.out_of_fold(made(), Wrong())


def test_the_engine_reads_notes_and_a_shuffled_one_shows_it() -> None:
    rows = made(12)
    signals = SignalCache()
    tuned = TunedEngine(signals)
    table = criteria.evaluate_criteria(
        rows,
        [controls.CriterionWords(), tuned, controls.ShuffledNotes(tuned), ShippedEngine()],
        folds=4,
        seeds=1,
        resamples=500,
    )
    words, own, moved, shipped = (entry["accuracy"] for entry in table)
    assert own > words + 0.1
    assert own > moved + 0.1
    assert shipped > words
    assert table[1]["gain_low"] > 0


def test_a_blind_engine_reads_no_note() -> None:
    rows = made()
    blind = TunedEngine(SignalCache(), blind=True)
    blind.fit(rows)
    assert np.array_equal(blind.predict(rows), blind.predict(controls.shuffled(rows)))


def test_no_predictor_reads_labels_or_evidence() -> None:
    rows = made()
    hidden = [replace(r, label="included", model_label="included", evidence=(0,)) for r in rows]
    for predictor in (controls.CriterionWords(), TunedEngine(SignalCache()), ShippedEngine()):
        predictor.fit(rows)
        assert np.array_equal(predictor.predict(rows), predictor.predict(hidden)), predictor.name


def test_the_figure_is_written_and_repeats(tmp_path: Path) -> None:
    rows = made()
    answered = [criteria.out_of_fold(rows, p, 4) for p in (controls.CriterionWords(), Oracle())]
    png, svg = save_coverage(rows, answered, tmp_path / "a", "coverage")
    again = save_coverage(rows, answered, tmp_path / "b", "coverage")
    assert png.read_bytes() == again[0].read_bytes() and svg.read_bytes() == again[1].read_bytes()
    assert "oracle" in svg.read_text()


def test_the_published_rows_keep_the_traps_that_are_known(shared: Path) -> None:
    rows = read_answer_rows(shared / "trials" / "criterion-answers.jsonl")
    (recorded,) = criteria.evaluate_criteria(rows, [controls.RecordedModel()], resamples=200)
    assert len({r.patient_id for r in rows}) == 42
    assert recorded["accuracy_6"] == pytest.approx(sum(r.label == r.model_label for r in rows) / len(rows))
    assert 0.85 < recorded["accuracy_6"] < recorded["accuracy"]
