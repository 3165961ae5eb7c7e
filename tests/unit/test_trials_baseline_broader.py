"""A denial of the broader fact denies the narrower one, nothing else follows; words that name no fact; invented."""

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


# A broader and a narrower fact, as a note would say them after "She has" or "She has no".
NESTED = [
    ("EGFR mutation", "activating EGFR mutation (exon 19 deletion or L858R)"),
    ("EGFR mutation", "EGFR exon 20 insertion mutation"),
    ("atrial fibrillation", "atrial fibrillation, paroxysmal"),
    ("atrial fibrillation", "paroxysmal atrial fibrillation"),
    ("brain metastases", "untreated brain metastases"),
    ("brain metastases", "symptomatic brain metastases"),
    ("metastases", "brain metastases"),
    ("lung cancer", "small cell lung cancer"),
    ("cancer", "breast cancer"),
    ("malignancy", "lymphoma"),
    ("asthma", "severe asthma"),
    ("asthma", "steroid-dependent asthma"),
    ("diabetes", "type 2 diabetes"),
    ("hepatitis", "hepatitis B"),
    ("infection", "active infection"),
    ("neuropathy", "peripheral neuropathy"),
    ("heart failure", "decompensated heart failure"),
    ("myocardial infarction", "anterior myocardial infarction"),
    ("stroke", "hemorrhagic stroke"),
    ("colitis", "ulcerative colitis"),
    ("hemorrhage", "gastrointestinal hemorrhage"),
    ("KRAS inhibitor", "KRAS G12C inhibitor"),
    ("ventricular tachycardia", "sustained ventricular tachycardia"),
    ("hypertension", "pulmonary hypertension"),
    ("seizures", "refractory seizures"),
    ("arthritis", "rheumatoid arthritis"),
    ("BRAF mutation", "BRAF V600E mutation"),
    ("anticoagulation", "warfarin"),
    ("PARP inhibitor", "olaparib"),
    ("checkpoint inhibitor", "pembrolizumab"),
    ("chemotherapy", "carboplatin"),
]


@pytest.mark.parametrize(("broad", "narrow"), NESTED)
def test_denying_the_broader_denies_the_narrower(broad: str, narrow: str) -> None:
    assert ask(narrow, f"There is no {broad}.") == "no"


@pytest.mark.parametrize(("broad", "narrow"), NESTED)
def test_affirming_the_broader_does_not_affirm_the_narrower(broad: str, narrow: str) -> None:
    assert ask(narrow, f"She has {broad}.") == "n/a"


# Behind a comma a note's words may be of the next thing in a list.
@pytest.mark.parametrize(("broad", "narrow"), [pair for pair in NESTED if "," not in pair[1]])
def test_denying_the_narrower_does_not_deny_the_broader(broad: str, narrow: str) -> None:
    assert ask(broad, f"There is no {narrow}.") == "n/a"


@pytest.mark.parametrize(
    ("asked", "note", "value"),
    [
        ("prior treatment with a KRAS G12C inhibitor", "She has not received a KRAS inhibitor.", "no"),
        ("untreated brain metastases", "Brain metastases, treated.", "n/a"),
        ("metastases", "No metastases to the brain.", "n/a"),
        ("asthma", "No asthma exacerbation.", "n/a"),
        ("pain medication", "She has no pain.", "n/a"),
        ("liver metastases", "No liver or brain metastases.", "no"),
        ("brain metastases", "No liver or brain metastases.", "no"),
        ("brain metastases", "Brain MRI without metastases.", "no"),
        ("brain metastases", "CT of the chest shows no metastases.", "n/a"),
        ("brain metastases", "Lungs: no metastases.", "n/a"),
        ("hepatitis C infection", "Negative for hepatitis C.", "no"),
        ("infection", "No pneumonia.", "n/a"),
        ("hepatitis C infection", "No signs of infection.", "n/a"),
        ("diabetes", "She takes no diabetes medication.", "n/a"),
        ("EGFR mutation", "She does not have an EGFR mutation.", "no"),
        ("HER2-positive breast cancer", "She does not have HER2-positive breast cancer.", "no"),
        ("HER2-positive gastric cancer", "Her breast cancer is HER2 positive.", "n/a"),
        ("activating EGFR mutation", "EGFR mutation detected.", "n/a"),
        ("non-small cell lung cancer", "Non-small cell lung cancer of the left lung.", "yes"),
        ("smoking", "She is a non-smoker.", "no"),
        ("pathogenic or likely pathogenic variant of BRCA2", "Pathogenic variant of BRCA2.", "yes"),
        ("pathogenic or likely pathogenic variant of BRCA2", "Likely pathogenic variant of BRCA2.", "yes"),
        ("pathogenic or likely pathogenic variant of BRCA2", "Pathogenic variant of BRCA1.", "n/a"),
        ("breast or ovarian cancer", "She has ovarian cancer.", "yes"),
        ("breast or ovarian cancer", "No breast cancer.", "n/a"),
        ("breast or ovarian cancer", "She has no cancer.", "no"),
        ("breast or ovarian cancer", "Breast pain.", "n/a"),
        ("stroke or transient ischemic attack", "No stroke or TIA.", "no"),
        ("stroke or transient ischemic attack", "No stroke.", "n/a"),
        ("chemotherapy", "She is chemotherapy-naive.", "no"),
        ("autoimmune disease", "No autoimmune disease requiring systemic treatment.", "n/a"),
        ("history of surgery", "No surgery in the last 4 weeks.", "n/a"),
    ],
)
def test_what_follows_and_what_does_not(asked: str, note: str, value: str) -> None:
    assert ask(asked, note) == value


@pytest.mark.parametrize(
    ("asked", "note"),
    [
        ("stable", "Microsatellite stable."),
        ("blood", "Blood pressure is fine."),
        ("treated", "Treated with antibiotics."),
        ("recurrent", "Recurrent otitis."),
        ("other", "Other findings are normal."),
        ("stable disease", "Stable coronary disease."),
        ("abnormal tissue", "Abnormal tissue was seen."),
        ("advanced or recurrent", "Advanced arthritis."),
        ("active treatment", "She is under active treatment."),
    ],
)
def test_words_that_name_no_fact_are_not_answered(asked: str, note: str) -> None:
    assert ask(asked, note) == "n/a"
