"""Safe implications, scores without a canonical name, sections, and the evidence of it all; all notes invented."""

from __future__ import annotations

from datetime import date

import pytest

from winnow.trials.answering import Asked
from winnow.trials.answering.baseline import BaselineEngine
from winnow.trials.answering.baseline.classes import CLASSES
from winnow.trials.composition import Comparison, Question
from winnow.trials.patients import Note, Patient
from winnow.trials.retrieval import open_chart

ENGINE = BaselineEngine()
DAY = date(2024, 6, 1)


def ask(statement: str, note: str) -> str:
    chart = open_chart(Patient("p", (Note("n", note, DAY),)), DAY)
    (answer,) = ENGINE.answer([Asked(Question(f"{statement}?", statement), "inclusion", statement)], chart)
    return answer.value


IN_CLASS = [
    ("PARP inhibitor", "olaparib"), ("PD-1 inhibitor", "pembrolizumab"), ("PD-L1 inhibitor", "atezolizumab"),
    ("PD-1 or PD-L1 inhibitor", "nivolumab"), ("PD-1/PD-L1 inhibitor", "durvalumab"),
    ("immune checkpoint inhibitor", "ipilimumab"), ("EGFR tyrosine kinase inhibitor", "osimertinib"),
    ("EGFR TKI", "erlotinib"), ("CDK4/6 inhibitor", "palbociclib"), ("SGLT2 inhibitor", "empagliflozin"),
    ("statin", "rosuvastatin"), ("ACE inhibitor", "lisinopril"), ("beta-blocker", "metoprolol"),
    ("platinum-based chemotherapy", "cisplatin"), ("taxane", "paclitaxel"), ("anthracycline", "doxorubicin"),
    ("corticosteroids", "prednisone"), ("anticoagulation", "apixaban"), ("anticoagulant therapy", "rivaroxaban"),
    ("anticoagulants", "warfarin"), ("antiplatelet therapy", "clopidogrel"), ("NSAIDs", "naproxen"),
]  # fmt: skip


@pytest.mark.parametrize(("group", "drug"), IN_CLASS)
def test_a_drug_is_in_its_class_and_a_class_is_no_drug(group: str, drug: str) -> None:
    assert ask(group, f"She takes {drug} 5 mg.") == "yes"
    assert ask(f"treatment with {group}", f"She takes {drug} 5 mg.") == "yes"
    assert ask(drug, f"She takes {group}.") == "n/a"


@pytest.mark.parametrize(("group", "drug"), IN_CLASS)
def test_only_what_is_taken_counts(group: str, drug: str) -> None:
    name = drug.capitalize()
    assert ask(group, f"{name} was discussed and declined.") == "n/a"
    assert ask(group, f"{name} was stopped last month.") == "n/a"
    assert ask(drug, f"{name} was stopped last month.") == "no"
    assert ask(group, f"She is allergic to {drug}.") == "n/a"
    assert ask(group, f"Allergies: {drug}") == "n/a"
    assert ask(group, f"Her mother takes {drug}.") == "n/a"


def told(statement: str, *notes: str) -> str:
    """The answer on notes of one month after the other."""
    made = tuple(Note(f"n{at}", text, date(2024, at + 1, 1)) for at, text in enumerate(notes))
    asked = Asked(Question(statement, statement), "inclusion", statement)
    return ENGINE.answer([asked], open_chart(Patient("p", made), DAY))[0].value


def test_a_drug_stopped_later_is_no_longer_taken_and_another_one_may_be() -> None:
    assert told("warfarin", "She takes warfarin.", "Warfarin was stopped.") == "no"
    assert told("anticoagulation", "She takes warfarin.", "Warfarin was stopped.") == "n/a"
    assert told("anticoagulation", "Warfarin was stopped.", "She takes apixaban.") == "yes"
    assert told("anticoagulation", "Warfarin was stopped. She takes apixaban.") == "yes"
    assert told("warfarin", "Warfarin was stopped.", "She takes warfarin.") == "yes"


def test_every_member_of_every_class_answers_to_it() -> None:
    named = {each.word: each.pattern for each in CLASSES if each.drugs}
    written = {"egfrtki": "EGFR TKI", "cdk46inhibitor": "CDK4/6 inhibitor", "sglt2inhibitor": "SGLT2 inhibitor",
               "statin": "statin", "aceinhibitor": "ACE inhibitor", "betablocker": "beta blocker",
               "ctla4inhibitor": "CTLA-4 inhibitor", "parpinhibitor": "PARP inhibitor",
               "pd1inhibitor": "PD-1 inhibitor", "pdl1inhibitor": "PD-L1 inhibitor"}  # fmt: skip
    assert len(named) >= 15
    for each in CLASSES:
        for drug in each.drugs.split():
            assert ask(written.get(each.word, each.word), f"She takes {drug} daily.") == "yes", drug


@pytest.mark.parametrize(
    ("note", "value"),
    [
        ("Metastatic lung cancer.", "yes"),
        ("Stage IV breast cancer.", "yes"),
        ("Stage IVA melanoma.", "yes"),
        ("Lung cancer.", "n/a"),
        ("Stage II breast cancer.", "n/a"),
        ("No metastatic lung cancer.", "n/a"),
        ("Metastatic lung cancer; no evidence of disease.", "n/a"),
        ("Metastatic melanoma. She is in complete remission.", "n/a"),
        ("Possible metastatic lung cancer.", "n/a"),
        ("No cancer.", "no"),
    ],
)
def test_metastatic_cancer_is_active_unless_it_is_gone(note: str, value: str) -> None:
    assert ask("active malignancy", note) == value


SCORES = [
    ("pd-l1 tumor proportion score of", ">=", 50.0, "%", "PD-L1 tumor proportion score was 20%.", "no"),
    ("pd-l1 tumor proportion score of", ">=", 50.0, "%", "PD-L1 tumor proportion score (TPS): 80 %", "yes"),
    ("pd-l1 tumor proportion score of", ">=", 50.0, "%", "PD-L1 tumor proportion score below the cut-off.", "n/a"),
    ("pd-l1 tumor proportion score of", ">=", 50.0, "%", "PD-L1 tumor proportion score was < 1%.", "no"),
    ("pd-l1 tumor proportion score of", ">=", 50.0, "%", "PD-L1 combined score was 80%.", "n/a"),
    ("ki-67 index", ">", 20.0, "%", "Ki-67 index of 35%.", "yes"),
    ("ki-67 index", ">", 20.0, "%", "Ki67 index 12%.", "no"),
    ("ki-67 index", ">", 20.0, "%", "Ki-67 index 35.", "n/a"),
    ("combined positive score (cps) of", ">=", 10.0, None, "Combined positive score 12.", "yes"),
    ("combined positive score (cps) of", ">=", 10.0, None, "CPS was 3.", "no"),
    ("combined positive score (cps) of", ">=", 10.0, None, "CPS was 3%.", "n/a"),
    ("necrosis rate", ">", 90.0, "%", "Goal necrosis rate 95%.", "n/a"),
]  # fmt: skip


@pytest.mark.parametrize(("quantity", "operator", "low", "unit", "note", "value"), SCORES)
def test_a_score_is_read_in_the_criterions_own_words(
    quantity: str, operator: str, low: float, unit: str | None, note: str, value: str
) -> None:
    comparison = Comparison(quantity, operator, low, unit=unit)
    chart = open_chart(Patient("p", (Note("n", note, DAY),)), DAY)
    asked = Asked(Question(quantity, quantity, comparison), "inclusion", quantity)
    assert ENGINE.answer([asked], chart)[0].value == value


@pytest.mark.parametrize(
    ("header", "value"),
    [("Assessment & Plan", "yes"), ("Assessment and Plan", "yes"), ("Impression and Plan", "yes"),
     ("Plan and Impression", "yes"), ("Assessment/Plan", "yes"), ("Plan", "n/a"), ("Recommendations", "n/a")],
)  # fmt: skip
def test_an_assessment_with_a_plan_is_still_an_assessment(header: str, value: str) -> None:
    assert ask("psoriasis", f"A woman is seen.\n\n{header}:\nPsoriasis.\n") == value


NOTE = """Metastatic lung cancer. She is in remission. She takes apixaban. No cancer. Triple-negative breast cancer.
Ki-67 index of 35%. Type 2 diabetes. She has not received a KRAS inhibitor. No anticoagulation. The dog is well."""


@pytest.mark.parametrize(
    "statement",
    ["active cancer", "anticoagulation", "HER2-positive", "type 1 diabetes", "type 2 diabetes", "apixaban", "ki-67",
     "prior treatment with a KRAS G12C inhibitor", "breast or ovarian cancer"],
)  # fmt: skip
def test_a_chart_of_the_evidence_alone_gives_the_same_answer(statement: str) -> None:
    """And taking away every other sentence changes nothing."""
    asked = Asked(Question(statement, statement), "inclusion", statement)
    whole = open_chart(Patient("p", (Note("n", NOTE, DAY),)), DAY)
    (evidence,) = ENGINE.evidence_of([asked], whole)
    kept = "\n".join(sentence.text for sentence in evidence)
    part = open_chart(Patient("p", (Note("n", kept, DAY),)), DAY)
    (of_all,), (of_part,) = ENGINE.answer([asked], whole), ENGINE.answer([asked], part)
    assert (of_all.value, [q.text for q in of_all.quotes]) == (of_part.value, [q.text for q in of_part.quotes])
    assert len(evidence) < len(whole.sentences)
