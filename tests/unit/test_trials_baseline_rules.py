"""Rules of the default engine: numbers with units, age, sex, consent, markers, windows; all notes invented."""

from __future__ import annotations

from datetime import date

import pytest

from winnow.trials.answering import Answer, Asked
from winnow.trials.answering.answer import NOT_APPLICABLE, NOT_DOCUMENTED
from winnow.trials.answering.baseline import BaselineEngine
from winnow.trials.answering.baseline.numbers import UNDECIDED
from winnow.trials.composition import Comparison, Question, Window
from winnow.trials.patients import Note, Patient
from winnow.trials.retrieval import open_chart

DAY = date(2024, 6, 1)
HALF_YEAR = Window(182.0, "within", "enrolment")
ENGINE = BaselineEngine()


def ask(
    statement: str,
    *notes: str | tuple[str, date | None],
    comparison: Comparison | None = None,
    window: Window | None = None,
    only_if: str = "",
    as_of: date | None = DAY,
    born: date | None = None,
    sex: str | None = None,
) -> Answer:
    dated = [note if isinstance(note, tuple) else (note, DAY) for note in notes]
    made = tuple(Note(f"n{at}", text, day) for at, (text, day) in enumerate(dated))
    chart = open_chart(Patient("p", made, born, sex), as_of)
    question = Question(f"{statement}?", statement, comparison, window)
    (answer,) = ENGINE.answer([Asked(question, "inclusion", statement, only_if)], chart)
    return answer


def number(note: str, quantity: str, operator: str, low: float, unit: str | None = None, **more: object) -> Answer:
    comparison = Comparison(quantity, operator, low, more.get("high"), unit, more.get("reference"))  # type: ignore[arg-type]
    return ask(quantity, note, comparison=comparison)


@pytest.mark.parametrize(
    ("note", "quantity", "operator", "low", "unit", "value"),
    [
        ("Hemoglobin 9.2 g/dL.", "hemoglobin", ">=", 9, "g/dL", "yes"),
        ("Hemoglobin 9.2 g/dL.", "hemoglobin", ">", 9.2, "g/dL", "no"),
        ("Hemoglobin 92 g/L.", "hemoglobin", ">=", 9, "g/dL", "yes"),
        ("Platelets 85 x 10^9/L.", "platelets", ">=", 100000, "/mm3", "no"),
        ("Platelet count 120,000/mm3.", "platelets", ">=", 100, "x 10^9/L", "yes"),
        ("Creatinine 177 umol/L.", "creatinine", "<=", 1.5, "mg/dL", "no"),
        ("ANC 1.6 x 10^9/L.", "neutrophils", ">=", 1500, "/uL", "yes"),
        ("Ejection fraction of 35%.", "lvef", ">=", 50, "%", "no"),
        ("BMI 31.4 kg/m2.", "bmi", ">", 30, "kg/m2", "yes"),
        ("ECOG performance status 1.", "ecog", "<=", 1, None, "yes"),
        ("ECOG 3.", "ecog", "<=", 2, None, "no"),
        ("Blood pressure 152/96 mmHg.", "systolic blood pressure", ">", 140, "mmHg", "yes"),
        ("Blood pressure 152/96 mmHg.", "diastolic blood pressure", ">", 100, "mmHg", "no"),
    ],
)
def test_numbers_are_compared_in_the_criterions_unit(
    note: str, quantity: str, operator: str, low: float, unit: str | None, value: str
) -> None:
    told = number(note, quantity, operator, low, unit)
    assert told.value == value
    assert told.by == "rule:number" and told.quotes[0].text == note


@pytest.mark.parametrize(
    ("note", "quantity", "low", "value"),
    [
        ("AST 2.1 x ULN.", "ast", 2.5, "yes"),
        ("AST 3 x ULN.", "ast", 2.5, "no"),
        ("AST 80 U/L (reference range 10-40).", "ast", 2.5, "yes"),
        ("AST 160 U/L (reference range 10-40).", "ast", 2.5, "no"),
        ("AST is within normal limits.", "ast", 2.5, "yes"),
        ("AST 160 U/L.", "ast", 2.5, "n/a"),
        ("AST is abnormal.", "ast", 2.5, "n/a"),
    ],
)
def test_multiples_of_a_limit_need_a_limit_in_the_text(note: str, quantity: str, low: float, value: str) -> None:
    assert number(note, quantity, "<=", low, reference="ULN").value == value


@pytest.mark.parametrize(
    "note",
    [
        "She feels well.",
        "Transfuse if hemoglobin is below 7 g/dL.",
        "Goal hemoglobin above 10 g/dL.",
        "Her mother had a hemoglobin of 6 g/dL.",
    ],
)
def test_what_was_not_measured_of_the_patient_is_not_documented(note: str) -> None:
    assert number(note, "hemoglobin", "<", 8, "g/dL").status == NOT_DOCUMENTED


def test_the_newest_number_wins() -> None:
    bound = Comparison("hemoglobin", ">=", 9.0, unit="g/dL")
    notes = ("Hemoglobin 11 g/dL.", date(2024, 1, 1)), ("Hemoglobin 8 g/dL.", date(2024, 5, 1))
    told = ask("hemoglobin", *notes, comparison=bound)
    assert (told.value, told.quotes[0].note_id) == ("no", "n1")
    assert ask("hemoglobin", *notes, comparison=bound, as_of=date(2024, 2, 1)).value == "yes"


def test_numbers_of_one_day_that_disagree_are_left_open_and_both_shown() -> None:
    bound = Comparison("hemoglobin", ">=", 9.0, unit="g/dL")
    told = ask("hemoglobin", "Hemoglobin 11 g/dL.", "Hemoglobin 8 g/dL.", comparison=bound)
    assert told.value == "n/a" and "conflict" in told.flags and len(told.quotes) == 2
    agree = ask("hemoglobin", "Hemoglobin 11 g/dL.", "Hemoglobin 10 g/dL.", comparison=bound)
    assert agree.value == "yes" and agree.flags == ()


@pytest.mark.parametrize(
    ("note", "quantity", "operator", "low", "told"),
    [
        ("ECOG 1-2.", "ecog", "<=", 1, "1 to 2"),
        ("Platelets > 50 x 10^9/L.", "platelets", ">=", 100, "50 or more"),
        ("Creatinine < 2 mg/dL.", "creatinine", "<=", 1.5, "up to 2"),
        ("ECOG 1.", "karnofsky", ">=", 75, "70 to 80"),
    ],
)
def test_a_value_on_both_sides_of_the_bound_is_quoted_and_decides_nothing(
    note: str, quantity: str, operator: str, low: float, told: str
) -> None:
    answer = number(f"She is well. {note}", quantity, operator, low)
    assert (answer.value, answer.status, answer.probability) == ("n/a", NOT_DOCUMENTED, 0.5)
    assert [quote.text for quote in answer.quotes] == [note]
    assert told in answer.reasoning and UNDECIDED in answer.reasoning and UNDECIDED in answer.flags


def test_only_the_newest_value_is_left_undecided() -> None:
    bound = Comparison("ecog", "<=", 1.0)
    earlier, later = ("ECOG 0.", date(2024, 1, 1)), ("ECOG 1-2.", date(2024, 5, 1))
    told = ask("ecog", earlier, later, comparison=bound)
    assert told.value == "n/a" and [quote.note_id for quote in told.quotes] == ["n1"]
    assert ask("ecog", later, ("ECOG 1.", date(2024, 5, 2)), comparison=bound).value == "yes"


def test_a_number_outside_the_window_does_not_count() -> None:
    bound, old = Comparison("hemoglobin", ">=", 9.0, unit="g/dL"), ("Hemoglobin 11 g/dL.", date(2023, 1, 1))
    assert ask("hemoglobin", old, comparison=bound, window=Window(28.0, "within")).status == NOT_DOCUMENTED
    assert ask("hemoglobin", old, comparison=bound).value == "yes"


def test_the_other_performance_scale_is_converted_and_flagged() -> None:
    told = number("Karnofsky 90%.", "ecog", "<=", 1)
    assert told.value == "yes" and any("converted" in flag for flag in told.flags)
    assert number("ECOG 3.", "karnofsky", ">=", 70, "%").value == "no"
    both = ask("ecog", "ECOG 2. Karnofsky 90%.", comparison=Comparison("ecog", "<=", 1.0))
    assert both.value == "no" and both.flags == ()


@pytest.mark.parametrize(
    ("note", "years"),
    [
        ("A 58-year-old woman has a cough.", 58),
        ("58 yo female with a cough.", 58),
        ("58 y/o F with a cough.", 58),
        ("Age: 58. She has a cough.", 58),
        ("Mr. Brown, aged 58, has a cough.", 58),
        ("A 6-month-old boy has a fever.", 0.5),
        ("A 3 week old girl is not feeding.", 3 / 52),
        ("A 10-day-old infant boy.", 10 / 365),
    ],
)
def test_ages_are_read_in_their_unit(note: str, years: float) -> None:
    below = ask("age", note, comparison=Comparison("age", ">=", years * 0.98, unit="years"))
    above = ask("age", note, comparison=Comparison("age", ">=", years * 1.1 + 0.01, unit="years"))
    assert (below.value, above.value) == ("yes", "no")
    assert below.by == "rule:age" and below.quotes[0].text in note


@pytest.mark.parametrize(
    "note",
    [
        "Her father died at age 61.",
        "Her 80-year-old mother is well.",
        "She was diagnosed at the age of 9.",
        "Symptoms started 12 years ago.",
        "A 20-pack-year smoker.",
    ],
)
def test_other_ages_are_not_the_patients(note: str) -> None:
    told = ask("age", note, comparison=Comparison("age", ">=", 5.0, unit="years"))
    assert told.status == NOT_DOCUMENTED


def test_months_in_a_criterion_are_months() -> None:
    infant = "A 5-month-old girl has a rash."
    assert ask("age", infant, comparison=Comparison("age", ">=", 6.0, unit="months")).value == "no"
    assert ask("age", infant, comparison=Comparison("age", "<", 1.0, unit="years")).value == "yes"


def test_the_date_of_birth_outranks_the_text_and_is_quoted() -> None:
    bound, born = Comparison("age", ">=", 60.0, unit="years"), date(1964, 6, 2)
    record, text = "Patient born 1964-06-02", "A 58-year-old man."
    told = ask("age", record, text, comparison=bound, born=born)
    assert told.value == "no" and told.quotes[0].text == record
    assert ask("age", record, text, comparison=bound, born=born, as_of=date(2024, 6, 2)).value == "yes"


def test_a_date_of_birth_without_words_to_quote_is_no_answer() -> None:
    bound = Comparison("age", ">=", 18.0, unit="years")
    told = ask("age", "She has a cough.", comparison=bound, born=date(1964, 6, 2))
    assert told.value == "n/a" and told.flags and told.probability > 0.66


def test_a_stated_age_grows_with_time_and_may_leave_it_open() -> None:
    old = ("A 63-year-old man.", date(2022, 3, 1))
    assert ask("age", old, comparison=Comparison("age", ">=", 65.0, unit="years")).value == "yes"
    assert ask("age", old, comparison=Comparison("age", ">=", 67.0, unit="years")).value == "no"
    still = ask("age", old, comparison=Comparison("age", ">=", 66.0, unit="years"))
    assert still.value == "n/a" and "outdated" in still.flags


def test_a_number_that_fits_does_not_prove_the_rest_of_the_question() -> None:
    statement, bound = "18 years or older with a subdural hematoma", Comparison("age", ">=", 18.0, unit="years")
    assert ask(statement, "A 61-year-old man.", comparison=bound).status == NOT_DOCUMENTED
    assert ask(statement, "A 6-year-old boy.", comparison=bound).value == "no"


@pytest.mark.parametrize(
    ("note", "sex"),
    [("A 58-year-old woman.", "female"), ("58 yo male.", "male"), ("Mr. Jones is well.", "male"),
     ("A girl with a rash. Her father is well.", "female"), ("He is well.", "male")],
)  # fmt: skip
def test_sex_is_read_from_clear_words(note: str, sex: str) -> None:
    assert ask("female", note).value == ("yes" if sex == "female" else "no")
    assert ask("male patients", note).value == ("yes" if sex == "male" else "no")
    assert ask("men or women", note).value == "yes"


def test_sex_is_not_guessed() -> None:
    assert ask("female", "Three of the women have a cough. The patient is tired.").status == NOT_DOCUMENTED


@pytest.mark.parametrize(
    ("statement", "only_if", "note"),
    [
        ("pregnant", "", "A 40-year-old man."),
        ("breast-feeding", "", "A 40-year-old man."),
        ("using effective contraception", "women of childbearing potential", "A 40-year-old man."),
        ("using effective contraception", "women of childbearing potential", "A 72-year-old woman."),
        ("using a condom", "men", "A 40-year-old woman."),
        ("pregnant", "", "A 6-year-old girl."),
    ],
)
def test_what_cannot_concern_the_patient_is_not_applicable(statement: str, only_if: str, note: str) -> None:
    told = ask(statement, note, only_if=only_if)
    assert (told.value, told.status) == ("n/a", NOT_APPLICABLE)
    assert told.quotes


def test_what_can_concern_the_patient_is_asked() -> None:
    assert ask("pregnant", "A 30-year-old woman.").status == NOT_DOCUMENTED
    assert ask("pregnant partner", "A 30-year-old man.").status == NOT_DOCUMENTED
    assert ask("prostate cancer", "A 70-year-old man. He has prostate cancer.").value == "yes"


@pytest.mark.parametrize(
    ("statement", "note", "value"),
    [
        ("willing to give written informed consent", "The patient will provide informed consent.", "yes"),
        ("signed informed consent", "She signed the consent form; consent was obtained.", "yes"),
        ("unable to give informed consent", "The patient will provide informed consent.", "no"),
        ("able to comply with the protocol", "He is willing to comply with the protocol.", "yes"),
        ("signed informed consent", "The patient declined to give consent.", "no"),
        ("refusal to consent", "The patient declined to give consent.", "yes"),
        ("signed informed consent", "A 40-year-old man.", "n/a"),
    ],
)
def test_consent(statement: str, note: str, value: str) -> None:
    assert ask(statement, note).value == value


@pytest.mark.parametrize(
    ("statement", "note", "value"),
    [
        ("HER2-positive", "HER2 positive by IHC.", "yes"),
        ("HER2-positive", "ER positive, HER2 negative.", "no"),
        ("ER-positive", "ER positive, HER2 negative.", "yes"),
        ("ER-positive", "ER 90%, HER2 negative.", "n/a"),
        ("PR-positive", "ER and PR positive.", "yes"),
        ("ER-positive", "ER and PR positive.", "yes"),
        ("ER-positive", "ER+/PR-/HER2- disease.", "yes"),
        ("HER2-positive", "ER+/PR-/HER2- disease.", "no"),
        ("HER2-positive", "Triple-negative breast cancer.", "no"),
        ("HIV-positive", "HIV test was negative.", "no"),
        ("HIV-positive", "Negative for HIV.", "no"),
        ("HIV-positive", "HIV testing is planned.", "n/a"),
        ("EGFR mutation", "EGFR wild-type.", "no"),
        ("BRAF V600E mutation", "BRAF V600E mutation detected.", "yes"),
        ("BRAF V600E mutation", "No BRAF V600E mutation.", "no"),
        ("ALK rearrangement", "ALK rearrangement was not identified.", "no"),
        ("pregnant", "A 30-year-old woman. Pregnancy test is negative.", "no"),
    ],
)
def test_markers_have_signs_and_variants_are_exact(statement: str, note: str, value: str) -> None:
    assert ask(statement, note).value == value


@pytest.mark.parametrize(
    ("note", "value"),
    [
        ("He had a myocardial infarction in 2011.", "no"),
        ("He had a myocardial infarction two months ago.", "yes"),
        ("He had a myocardial infarction 14 months ago.", "no"),
        ("Myocardial infarction on 2024-04-11.", "yes"),
        ("Myocardial infarction on 04/11/2023.", "no"),
        ("He had a myocardial infarction in March 2024.", "yes"),
        ("Acute myocardial infarction.", "yes"),
        ("History of myocardial infarction.", "n/a"),
        ("He had a myocardial infarction 6 months ago.", "n/a"),
        ("No myocardial infarction.", "no"),
    ],
)
def test_windows_are_evaluated_in_code(note: str, value: str) -> None:
    assert ask("myocardial infarction", note, window=HALF_YEAR).value == value


def test_a_window_counts_from_the_as_of_date_and_ago_from_the_note() -> None:
    note = ("He had a stroke two weeks ago.", date(2023, 9, 1))
    assert ask("stroke", note, window=HALF_YEAR).value == "no"
    assert ask("stroke", note, window=HALF_YEAR, as_of=date(2023, 10, 1)).value == "yes"
    assert ask("stroke", note, window=Window(182.0, "before")).value == "yes"


def test_what_is_over_is_not_current_but_happened() -> None:
    note = "Pneumonia has resolved."
    assert ask("pneumonia", note, window=Window(None, "current")).value == "no"
    assert ask("pneumonia", note, window=Window(None, "ever")).value == "yes"


def test_a_chart_without_a_date_is_answered_too() -> None:
    told = ask("stroke", ("She had a stroke two weeks ago.", None), window=HALF_YEAR, as_of=None)
    assert told.value == "yes"


def test_no_question_and_no_note_are_no_failure() -> None:
    chart = open_chart(Patient("p", ()))
    assert ENGINE.answer([], chart) == []
    (answer,) = ENGINE.answer([Asked(Question("", ""), "inclusion", "")], chart)
    assert answer.status == NOT_DOCUMENTED
