"""Parts of the default engine: dates, words, the head's file, and what fitting it keeps."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from winnow.core import WinnowError
from winnow.trials.annotations import AnswerRow
from winnow.trials.answering import Asked
from winnow.trials.answering.baseline import BaselineEngine, Head
from winnow.trials.answering.baseline.dates import find_dates, in_window, nearest
from winnow.trials.answering.baseline.features import FEATURES
from winnow.trials.answering.baseline.intervals import compare
from winnow.trials.answering.baseline.words import stem, terms
from winnow.trials.composition import Comparison, Question, Window
from winnow.trials.patients import Note, Patient
from winnow.trials.retrieval import open_chart
from winnow.trials.tuning.head import fit_head
from winnow.trials.tuning.rows import criterion_of, simple_evidence

TODAY = date(2024, 6, 15)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("on 2024-02-03", date(2024, 2, 3), date(2024, 2, 3)),
        ("on 02/03/2024", date(2024, 2, 3), date(2024, 2, 3)),
        ("on 25/03/2024", date(2024, 3, 25), date(2024, 3, 25)),
        ("on 2/3/24", date(2024, 2, 3), date(2024, 2, 3)),
        ("on February 3, 2024", date(2024, 2, 3), date(2024, 2, 3)),
        ("on 3 Feb 2024", date(2024, 2, 3), date(2024, 2, 3)),
        ("in February 2024", date(2024, 2, 1), date(2024, 2, 29)),
        ("in 02/2024", date(2024, 2, 1), date(2024, 2, 29)),
        ("in 2019", date(2019, 1, 1), date(2019, 12, 31)),
        ("last year", date(2023, 1, 1), date(2023, 12, 31)),
        ("yesterday", date(2024, 6, 14), date(2024, 6, 14)),
        ("two days ago", date(2024, 6, 12), date(2024, 6, 13)),
        ("a week earlier", date(2024, 6, 4), date(2024, 6, 12)),
    ],
)
def test_times_are_intervals_of_days(text: str, first: date, last: date) -> None:
    (when,) = find_dates(f"She fell {text}.", TODAY)
    assert first <= when.first <= when.last <= last
    assert text.endswith(f"She fell {text}."[when.start : when.end])


@pytest.mark.parametrize("text", ["13/45/2024", "BP 120/80", "2024 patients", "a 3/6 murmur", "room 2019"])
def test_what_is_no_date_is_none(text: str) -> None:
    assert find_dates(text, TODAY) == []


@given(st.integers(1, 400), st.sampled_from(["day", "week", "month", "year"]))
def test_ago_contains_the_day_it_names(count: int, unit: str) -> None:
    days = {"day": 1, "week": 7, "month": 30.4375, "year": 365.25}[unit]
    if count * days > 365 * 100:
        return
    (when,) = find_dates(f"{count} {unit}s ago", TODAY)
    assert when.first <= TODAY - timedelta(days=round(count * days)) <= when.last <= TODAY


def test_the_nearest_time_is_the_mentions() -> None:
    text = "Stroke in 2011 and myocardial infarction in 2020."
    when = nearest(find_dates(text, TODAY), text.index("myocardial"), text.index(" in 2020"))
    assert when is not None and when.first.year == 2020
    assert nearest([], 0, 5) is None


@given(st.integers(0, 2000), st.integers(0, 100), st.integers(1, 1500))
def test_within_and_before_never_both_hold(back: int, length: int, days: int) -> None:
    last = TODAY - timedelta(days=back)
    first = last - timedelta(days=length)
    within = in_window(first, last, Window(float(days), "within"), TODAY)
    before = in_window(first, last, Window(float(days), "before"), TODAY)
    assert {within, before} in ({True, False}, {None})


@given(
    st.floats(-50, 50), st.floats(0, 20), st.floats(-50, 50), st.floats(0, 20),
    st.sampled_from(["<", "<=", ">", ">=", "=", "between"]), st.floats(0, 1),
)  # fmt: skip
def test_an_interval_answers_only_when_every_value_in_it_does(
    low: float, wide: float, bound: float, further: float, operator: str, share: float
) -> None:
    comparison = Comparison("x", operator, bound, bound + further if operator == "between" else None)
    inside = compare(low + share * wide, low + share * wide, comparison)
    assert compare(low, low + wide, comparison) in (inside, None)


@pytest.mark.parametrize(
    ("one", "other"),
    [("metastases", "metastatic"), ("diabetic", "diabetes"), ("infections", "infected"), ("allergies", "allergic"),
     ("transplantation", "transplanted"), ("leukemia", "leukemic"), ("smoker", "smoking")],
)  # fmt: skip
def test_forms_of_a_word_are_one_word(one: str, other: str) -> None:
    assert {s for t in terms(one) for s in t.stems} == {s for t in terms(other) for s in t.stems}


def test_codes_are_exact_and_abbreviations_case_sensitive() -> None:
    assert stem("G12C") == "g12c" and stem("g12v") != stem("g12c")
    spelled = {s for t in terms("myocardial infarction") for s in t.stems}
    assert {s for t in terms("MI") for s in t.stems} == spelled
    assert "myocardi" not in {s for t in terms("do re mi") for s in t.stems}


@given(st.text(max_size=200))
def test_terms_point_into_any_text(text: str) -> None:
    for term in terms(text):
        assert 0 <= term.start < term.end <= len(text) and term.stems


def head(yes: float = 4.0) -> Head:
    weights = np.zeros((3, len(FEATURES)))
    weights[0, FEATURES.index("claimed")] = yes
    weights[1, FEATURES.index("denied")] = yes
    return Head(weights, np.zeros(3), 1.0, "by hand")


def test_a_saved_head_reads_back_and_names_its_engine(tmp_path: Path) -> None:
    head().save(tmp_path / "head.json")
    read = Head.load(tmp_path / "head.json")
    features = np.random.default_rng(0).random((5, len(FEATURES)))
    assert np.array_equal(read.probabilities(features), head().probabilities(features))
    assert np.allclose(read.probabilities(features).sum(axis=1), 1)
    assert BaselineEngine.load(tmp_path / "head.json").name == BaselineEngine(head()).name
    assert len({BaselineEngine().name, BaselineEngine(head()).name, BaselineEngine(head(2.0)).name}) == 3
    assert BaselineEngine(head(), threshold=0.9).name != BaselineEngine(head()).name


@pytest.mark.parametrize(
    ("content", "code"),
    [("{", "WN-L09"), ("{}", "WN-L09"), (None, "WN-D01"), ("features", "WN-L09")],
)
def test_what_is_no_head_is_refused(content: str | None, code: str, tmp_path: Path) -> None:
    path = tmp_path / "head.json"
    if content == "features":
        head().save(path)
        path.write_text(json.dumps({**json.loads(path.read_text()), "features": ["cosine"]}))
    elif content is not None:
        path.write_text(content)
    with pytest.raises(WinnowError) as caught:
        Head.load(path)
    assert caught.value.code == code


def answer(engine: BaselineEngine, statement: str, note: str) -> tuple[str, str]:
    chart = open_chart(Patient("p", (Note("n", note, TODAY),)))
    (given,) = engine.answer([Asked(Question(statement, statement), "inclusion", statement)], chart)
    return given.value, given.by


def test_the_head_answers_only_where_sentences_hold_half_the_claim_and_it_is_sure() -> None:
    engine = BaselineEngine(head(8.0))
    assert answer(engine, "severe asthma", "She has asthma.") == ("yes", "head")
    assert answer(engine, "severe asthma", "She has gout.")[0] == "n/a"
    assert answer(BaselineEngine(head(0.1)), "severe asthma", "She has asthma.")[0] == "n/a"
    always = Head(np.zeros((3, len(FEATURES))), np.array([0.0, 9.0, 0.0]))
    assert answer(BaselineEngine(always), "severe asthma", "She has asthma.")[0] == "n/a"


def rows(count: int) -> list[AnswerRow]:
    made = []
    for at in range(count):
        denied, claimed = at % 3 == 0, at % 3 == 1
        said = "She has no asthma." if denied else "She has asthma."
        label = "not included" if denied else "included" if claimed else "not enough information"
        made.append(
            AnswerRow(f"p{at}", "t", "a trial", "inclusion", "severe asthma exacerbation", (said,), label, label, ())
        )
    return made


def test_fitting_keeps_rows_of_one_open_question_and_repeats() -> None:
    decided = AnswerRow("p", "t", "", "inclusion", "asthma", ("She has asthma.",), "included", "included", ())
    silent = AnswerRow("p", "t", "", "inclusion", "gout", ("She has asthma.",), "included", "included", ())
    kept, features, truth = simple_evidence([decided, silent, *rows(12)])
    assert decided not in kept and silent not in kept
    assert features.shape == (len(kept), len(FEATURES)) and len(truth) == len(kept)
    assert len(kept) >= 10
    one, other = fit_head(rows(15)), fit_head(rows(15))
    assert one.identity == other.identity and one.temperature > 0


def test_too_few_rows_fit_no_head() -> None:
    with pytest.raises(ValueError, match="too few"):
        fit_head(rows(2))


def test_a_row_without_a_criterion_is_an_empty_one() -> None:
    (row,) = rows(1)
    empty = AnswerRow(**{**row.__dict__, "criterion": None})
    assert criterion_of(empty).text == ""
