"""Numerals and letters that name a kind are exact: another one of the series says nothing; all notes invented."""

from __future__ import annotations

from datetime import date

import pytest

from winnow.trials.answering import Asked
from winnow.trials.answering.baseline import BaselineEngine
from winnow.trials.composition import Question
from winnow.trials.patients import Note, Patient
from winnow.trials.retrieval import open_chart

ENGINE = BaselineEngine()
DAY = date(2024, 6, 1)


def ask(statement: str, note: str) -> str:
    chart = open_chart(Patient("p", (Note("n", note, DAY),)), DAY)
    (answer,) = ENGINE.answer([Asked(Question(f"{statement}?", statement), "inclusion", statement)], chart)
    return answer.value


# Two of one series, in the place of X.
PAIRS = [
    ("type 1 diabetes mellitus", "type 2 diabetes mellitus"),
    ("type I diabetes", "type II diabetes"),
    ("type 1 diabetes", "T2DM"),
    ("grade 2 neuropathy", "grade 3 neuropathy"),
    ("grade III glioma", "grade IV glioma"),
    ("stage IV melanoma", "stage III melanoma"),
    ("stage IIIB lung cancer", "stage IIIA lung cancer"),
    ("stage 4 lung cancer", "stage IIIB lung cancer"),
    ("NYHA class III heart failure", "NYHA class II heart failure"),
    ("NYHA III heart failure", "NYHA class IV heart failure"),
    ("Child-Pugh class A cirrhosis", "Child-Pugh class B cirrhosis"),
    ("HER2 amplification", "HER3 amplification"),
    ("CDK4/6 inhibitor treatment", "CDK7 inhibitor treatment"),
    ("COVID-19 pneumonia", "influenza A pneumonia"),
    ("hepatitis A", "hepatitis B"),
    ("hepatitis C infection", "hepatitis B infection"),
    ("HCV infection", "HBV infection"),
    ("factor VIII deficiency", "factor IX deficiency"),
    ("factor 8 deficiency", "factor VII deficiency"),
    ("EGFR exon 19 deletion", "EGFR exon 20 deletion"),
    ("PD-1 inhibitor", "PD-L1 inhibitor"),
    ("KRAS G12C mutation", "KRAS G12D mutation"),
    ("EGFR T790M mutation", "EGFR C797S mutation"),
    ("BRCA1 mutation", "BRCA2 mutation"),
    ("IDH1 mutation", "IDH2 mutation"),
    ("non-small cell lung cancer", "small cell lung cancer"),
    ("non-Hodgkin lymphoma", "Hodgkin lymphoma"),
    ("multiple endocrine neoplasia type 1", "multiple endocrine neoplasia type 2"),
    ("neurofibromatosis type 1", "neurofibromatosis type 2"),
    ("vitamin D deficiency", "vitamin B12 deficiency"),
    ("IL-6 blockade", "IL-17 blockade"),
    ("HIV-1 infection", "HIV-2 infection"),
]
BOTH = PAIRS + [(other, one) for one, other in PAIRS]


@pytest.mark.parametrize(("asked", "stated"), BOTH)
def test_another_kind_says_nothing(asked: str, stated: str) -> None:
    assert ask(asked, f"She has {stated}.") == "n/a"
    assert ask(asked, f"{stated[0].upper()}{stated[1:]}, well controlled.") == "n/a"
    assert ask(asked, f"She does not have {stated}.") == "n/a"


@pytest.mark.parametrize("kind", sorted({kind for pair in PAIRS for kind in pair}))
def test_the_exact_kind_is_found(kind: str) -> None:
    assert ask(kind, f"She has {kind}.") == "yes"
    assert ask(kind, f"She does not have {kind}.") == "no"


@pytest.mark.parametrize(
    ("asked", "stated"),
    [
        ("type 2 diabetes", "type II diabetes"),
        ("type 2 diabetes", "T2DM"),
        ("stage IV lung cancer", "stage 4 lung cancer"),
        ("stage IV lung cancer", "stage IVB lung cancer"),
        ("stage III or IV lung cancer", "stage IIIA lung cancer"),
        ("type 1 or type 2 diabetes", "type 2 diabetes"),
        ("NYHA class III or IV heart failure", "NYHA class 3 heart failure"),
        ("hepatitis", "hepatitis C"),
        ("diabetes mellitus", "type 2 diabetes mellitus since 2015"),
        ("lung cancer", "non-small cell lung cancer"),
        ("non-small cell lung cancer", "NSCLC"),
    ],
)
def test_the_same_kind_written_otherwise_is_found(asked: str, stated: str) -> None:
    assert ask(asked, f"She has {stated}.") == "yes"


@pytest.mark.parametrize(
    ("asked", "stated"),
    [("stage IVB lung cancer", "stage IV lung cancer"), ("hepatitis C", "hepatitis"), ("type 2 diabetes", "diabetes")],
)
def test_the_kind_is_not_guessed(asked: str, stated: str) -> None:
    assert ask(asked, f"She has {stated}.") == "n/a"
    assert ask(asked, f"She does not have {stated}.") == "no"
