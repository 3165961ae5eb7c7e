"""What the grammar makes of criteria; every one of them invented."""

from __future__ import annotations

import pytest

from winnow.trials.composition import Comparison, Composed, Window, compose, describe
from winnow.trials.criteria import Criterion


def read(text: str, kind: str = "inclusion") -> Composed:
    return compose(Criterion("T/i1", "T", kind, text, 0, len(text)))


def statements(composed: Composed) -> list[str]:
    return [question.statement for question in composed.questions]


@pytest.mark.parametrize(
    ("kind", "text", "form", "facts"),
    [
        ("inclusion", "Asthma", "1", ["Asthma"]),
        ("inclusion", "Asthma and gout", "1 and 2", ["Asthma", "gout"]),
        ("exclusion", "Asthma, gout or psoriasis", "1 or 2 or 3", ["Asthma", "gout", "psoriasis"]),
        ("exclusion", "Asthma and/or gout", "1 or 2", ["Asthma", "gout"]),
        ("inclusion", "Asthma and gout or psoriasis", "(1 and 2) or 3", ["Asthma", "gout", "psoriasis"]),
        ("inclusion", "Asthma or gout, and psoriasis", "(1 or 2) and 3", ["Asthma", "gout", "psoriasis"]),
        ("inclusion", "Asthma; gout", "1 and 2", ["Asthma", "gout"]),
        ("exclusion", "Asthma; gout", "1 or 2", ["Asthma", "gout"]),
        ("inclusion", "Either asthma or gout", "1 or 2", ["asthma", "gout"]),
        ("inclusion", "No prior surgery", "not 1", ["prior surgery"]),
        ("inclusion", "No asthma, gout, or psoriasis", "not (1 or 2 or 3)", ["asthma", "gout", "psoriasis"]),
        ("inclusion", "Has neither asthma nor gout", "not (1 or 2)", ["asthma", "gout"]),
        ("inclusion", "Patients must not be pregnant or nursing", "not (1 or 2)", ["pregnant", "nursing"]),
        ("inclusion", "Absence of asthma", "not 1", ["asthma"]),
        ("inclusion", "Psoriasis without asthma or gout", "1 and not (2 or 3)", ["Psoriasis", "asthma", "gout"]),
        ("exclusion", "Asthma unless well controlled", "1 and not 2", ["Asthma", "Asthma well controlled"]),
        ("exclusion", "Infections (except common colds)", "1 and not 2", ["Infections", "common colds"]),
        ("inclusion", "No infections except common colds", "not (1 and not 2)", ["infections", "common colds"]),
        ("exclusion", "Patients with active asthma are not eligible", "1", ["active asthma"]),
        ("inclusion", "Patients with active asthma are excluded", "not 1", ["active asthma"]),
        ("inclusion", "At least 2 of: fever, cough, and rash", "at least 2 of (1, 2, 3)", ["fever", "cough", "rash"]),
        ("inclusion", "Non-small cell lung cancer", "1", ["Non-small cell lung cancer"]),
        ("inclusion", "Asthma (e.g. mild, or severe)", "1", ["Asthma (e.g. mild, or severe)"]),
        ("exclusion", "Illness such as asthma, gout or rash", "1", ["Illness such as asthma, gout or rash"]),
        ("inclusion", "Gastric cancer, breast cancer, thyroid cancer", "1 or 2 or 3",
         ["Gastric cancer", "breast cancer", "thyroid cancer"]),
    ],
)  # fmt: skip
def test_structure(kind: str, text: str, form: str, facts: list[str]) -> None:
    composed = read(text, kind)
    assert describe(composed.form) == form
    assert statements(composed) == facts


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        ("Histologically confirmed breast, ovarian or endometrial cancer",
         ["Histologically confirmed breast cancer", "ovarian cancer", "endometrial cancer"]),
        ("History of asthma or gout", ["asthma", "gout"]),
        ("Uncontrolled asthma or gout", ["Uncontrolled asthma", "Uncontrolled gout"]),
        ("Hypersensitivity to wool or latex", ["Hypersensitivity to wool", "Hypersensitivity to latex"]),
        ("Unable to swallow or tolerate tablets", ["Unable to swallow", "Unable to tolerate tablets"]),
    ],
)  # fmt: skip
def test_what_a_row_shares_is_written_out(text: str, facts: list[str]) -> None:
    assert statements(read(text, "exclusion")) == facts


def test_a_window_at_the_end_is_everybodys() -> None:
    composed = read("Prior chemotherapy or radiotherapy within 4 weeks of randomization", "exclusion")
    assert [question.window for question in composed.questions] == [Window(28.0, "within", "randomization")] * 2
    assert statements(composed) == ["Prior chemotherapy", "Prior radiotherapy"]


def test_a_window_in_the_middle_stays_there() -> None:
    composed = read("Pregnancy, surgery within 4 weeks, or asthma", "exclusion")
    assert [question.window is not None for question in composed.questions] == [False, True, False]


def test_names_share_bounds_and_the_bounds_condition() -> None:
    composed = read("ALT and AST <= 2.5 x ULN (or <= 5 x ULN if liver metastases are present)")
    assert describe(composed.form) == "(1 or (2 and 3)) and (4 or (5 and 3))"
    found = [question.comparison for question in composed.questions]
    assert found == [
        Comparison("alt", "<=", 2.5, reference="ULN"),
        Comparison("alt", "<=", 5.0, reference="ULN"),
        None,
        Comparison("ast", "<=", 2.5, reference="ULN"),
        Comparison("ast", "<=", 5.0, reference="ULN"),
    ]


def test_a_condition_with_an_or_stays_whole() -> None:
    composed = read("Bilirubin <= 1.5 x ULN (<= 3 x ULN in the presence of Gilbert's syndrome or liver metastases)")
    assert describe(composed.form) == "1 or (2 and (3 or 4))"


@pytest.mark.parametrize(
    ("text", "comparison"),
    [
        ("Patients aged 18-75 years", Comparison("age", "between", 18.0, 75.0, "years")),
        ("ECOG performance status of 0 or 1", Comparison("ecog", "between", 0.0, 1.0)),
        ("Platelets no less than 100,000/mm3", Comparison("platelets", ">=", 100000.0, unit="/mm3")),
        ("Serum widgetin > 12 U/L", Comparison("serum widgetin", ">", 12.0, unit="U/L")),
        ("INR must be < 3", Comparison("inr", "<", 3.0)),
        ("Obesity (BMI > 30 kg/m2)", Comparison("bmi", ">", 30.0, unit="kg/m2")),
    ],
)
def test_a_comparison(text: str, comparison: Comparison) -> None:
    assert [question.comparison for question in read(text).questions] == [comparison]


def test_a_fact_with_a_number_is_both() -> None:
    composed = read("Kidney disease with a GFR < 50 mL/min", "exclusion")
    assert describe(composed.form) == "1 and 2"
    assert composed.questions[1].comparison == Comparison("gfr", "<", 50.0, unit="mL/min")


def test_numbers_that_define_a_thing_decide_it() -> None:
    composed = read(
        "Hypertension defined as systolic blood pressure >= 150 mm Hg or diastolic >= 90 mm Hg", "exclusion"
    )
    assert describe(composed.form) == "1 or 2"
    assert all("Hypertension" in question.text for question in composed.questions)


def test_a_duration_is_a_window_and_no_comparison() -> None:
    (question,) = read("Diabetes >= 6 months").questions
    assert question.comparison is None
    assert question.window == Window(6 * 30.4375, "current")


@pytest.mark.parametrize(
    ("text", "population", "facts"),
    [
        ("Women of childbearing potential must have a negative pregnancy test", "Women of childbearing potential",
         ["negative pregnancy test"]),
        ("For men: agreement to use contraception", "men", ["agreement to use contraception"]),
        ("If receiving warfarin, INR must be < 3", "receiving warfarin", ["INR < 3"]),
        ("Prior radiotherapy is allowed if completed 4 weeks before enrollment", "Prior radiotherapy",
         ["Prior radiotherapy completed"]),
        ("Stable thyroid function for patients with goitre", "patients with goitre", ["Stable thyroid function"]),
    ],
)  # fmt: skip
def test_whom_it_is_for(text: str, population: str, facts: list[str]) -> None:
    composed = read(text)
    assert composed.only_if == population
    assert statements(composed) == facts


def test_a_population_beside_other_demands_is_an_implication() -> None:
    composed = read("Bilirubin <= 1.5 mg/dL. For patients with Gilbert syndrome, bilirubin <= 3 mg/dL")
    assert describe(composed.form) == "1 and (not 2 or 3)"


def test_what_only_permits_demands_nothing() -> None:
    assert describe(read("Prior radiotherapy is allowed").form) == "always"
    assert describe(read("Prior radiotherapy is allowed", "exclusion").form) == "never"
    assert read("Prior radiotherapy is allowed").remarks
    assert describe(read("No transfusions are allowed within 1 week").form) == "not 1"


def test_a_permission_lifts_the_exclusion_before_it() -> None:
    composed = read("Hepatitis. Patients with cured hepatitis C are eligible.", "exclusion")
    assert describe(composed.form) == "1 and not 2"


def test_male_or_female_asks_for_each() -> None:
    composed = read("Male or female aged 18-75 years")
    assert describe(composed.form) == "(1 or 2) and 3"
    assert [question.text for question in composed.questions[:2]] == ["Is the patient male?", "Is the patient female?"]


def test_a_second_cancer_other_than_the_first_is_one_question() -> None:
    """A and not B would never hold of somebody with both."""
    composed = read("Malignancy other than skin cancer within 5 years", "exclusion")
    assert statements(composed) == ["Malignancy other than skin cancer"]


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("Metastatic breast cancer", "Does the patient have metastatic breast cancer?"),
        ("Able to swallow tablets", "Is the patient able to swallow tablets?"),
        ("Has received prior radiotherapy", "Has the patient received prior radiotherapy?"),
        ("Diagnosed with asthma", "Was the patient diagnosed with asthma?"),
        ("Agree to use contraception", "Does the patient agree to use contraception?"),
        ("Pregnant women", "Is the patient one of these: pregnant women?"),
        ("The tumour is resectable", "Is it true of the patient: the tumour is resectable?"),
        ("HER2-positive disease", "Does the patient have HER2-positive disease?"),
    ],
)
def test_the_question_is_english(text: str, question: str) -> None:
    assert [one.text for one in read(text).questions] == [question]


def test_too_much_structure_is_one_question_with_a_remark() -> None:
    text = " or ".join(f"illness number{place}" for place in range(60))
    composed = read(text, "exclusion")
    assert len(composed.questions) == 1
    assert "number59" in composed.questions[0].text
    assert composed.remarks


def test_a_cohort_is_in_the_population() -> None:
    criterion = Criterion("T/i1", "T", "inclusion", "Asthma", 0, 6, cohort="Part A")
    assert compose(criterion).only_if == "Part A"
