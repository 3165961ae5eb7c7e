"""No piece of a coordination is asked that says nothing by itself; every criterion here is invented."""

from __future__ import annotations

import pytest

from winnow.trials.composition import Composed, compose, describe
from winnow.trials.composition.standing import opens_loosely, stands
from winnow.trials.criteria import Criterion


def read(text: str, kind: str = "inclusion") -> Composed:
    return compose(Criterion("T/i1", "T", kind, text, 0, len(text)))


@pytest.mark.parametrize(
    ("kind", "text", "form", "facts"),
    [
        (
            "inclusion",
            "Histologically confirmed non-small cell lung cancer, stage IV or recurrent",
            "1 or 2",
            [
                "Histologically confirmed non-small cell lung cancer, stage IV",
                "Histologically confirmed non-small cell lung cancer, recurrent",
            ],
        ),
        (
            "inclusion",
            "KRAS G12C mutation in tumor tissue or blood",
            "1 or 2",
            ["KRAS G12C mutation in tumor tissue", "KRAS G12C mutation in blood"],
        ),
        (
            "inclusion",
            "Atrial fibrillation, paroxysmal, persistent or permanent",
            "1 or 2 or 3",
            ["Atrial fibrillation, paroxysmal", "Atrial fibrillation, persistent", "Atrial fibrillation, permanent"],
        ),
        (
            "inclusion",
            "Age 65 years or older, or (younger and with at least 2 of: hypertension, diabetes, prior stroke)",
            "1 or at least 2 of (2, 3, 4)",
            ["Age 65 years or older", "hypertension", "diabetes", "prior stroke"],
        ),
        (
            "inclusion",
            "Pathogenic or likely pathogenic variant of BRCA1 or BRCA2, germline or somatic",
            "1 or 2",
            [
                "Pathogenic or likely pathogenic variant of BRCA1, germline or somatic",
                "Pathogenic or likely pathogenic variant of BRCA2, germline or somatic",
            ],
        ),
        (
            "exclusion",
            "Brain metastases, unless treated and stable for 4 weeks",
            "1 and not (2 and 3)",
            ["Brain metastases", "Brain metastases treated", "Brain metastases stable"],
        ),
        (
            "inclusion",
            "No brain metastases unless treated and stable for 4 weeks",
            "not (1 and not (2 and 3))",
            ["brain metastases", "brain metastases treated", "brain metastases stable"],
        ),
        (
            "inclusion",
            "Progression after platinum-based chemotherapy and an anti-PD-1 or anti-PD-L1 antibody, together or "
            "one after the other",
            "1 and (2 or 3)",
            [
                "Progression after platinum-based chemotherapy",
                "Progression after an anti-PD-1 antibody",
                "Progression after anti-PD-L1 antibody, together or one after the other",
            ],
        ),
        ("inclusion", "Written, informed consent", "1", ["Written, informed consent"]),
        (
            "inclusion",
            "Anemia, defined as hemoglobin < 13 g/dL in males or < 12 g/dL in females",
            "(1 and 2) or (3 and 4)",
            ["hemoglobin < 13 g/dL", "male", "hemoglobin < 12 g/dL", "female"],
        ),
        (
            "inclusion",
            "Hemoglobin >= 13 g/dL for males or >= 12 g/dL for females",
            "(1 and 2) or (3 and 4)",
            ["Hemoglobin >= 13 g/dL", "male", "Hemoglobin >= 12 g/dL", "female"],
        ),
        ("inclusion", "Patients with stage IV disease are excluded", "not 1", ["stage IV disease"]),
        ("inclusion", "Stage IV are not eligible", "not 1", ["Stage IV"]),
        ("exclusion", "Stage IV are not eligible", "1", ["Stage IV"]),
        ("inclusion", "Prior myocardial infarction is an exclusion", "not 1", ["Prior myocardial infarction"]),
        ("exclusion", "Prior myocardial infarction is an exclusion", "1", ["Prior myocardial infarction"]),
        ("inclusion", "Prior chemotherapy allowed", "always", []),
        ("exclusion", "Prior chemotherapy allowed", "never", []),
        (
            "inclusion",
            "New York Heart Association class II or III",
            "1",
            ["New York Heart Association class II or III"],
        ),
        (
            "inclusion",
            "Heart failure with New York Heart Association class II or III symptoms",
            "1 and 2",
            ["Heart failure", "New York Heart Association class II or III symptoms"],
        ),
        (
            "inclusion",
            "Recurrent or metastatic breast cancer",
            "1 or 2",
            ["Recurrent breast cancer", "metastatic breast cancer"],
        ),
        (
            "inclusion",
            "Metastatic, recurrent or persistent cervical cancer",
            "1 or 2 or 3",
            ["Metastatic cervical cancer", "recurrent cervical cancer", "persistent cervical cancer"],
        ),
        ("inclusion", "EGFR mutation or ALK rearrangement", "1 or 2", ["EGFR mutation", "ALK rearrangement"]),
        ("inclusion", "EGFR or ALK mutation", "1", ["EGFR or ALK mutation"]),
        (
            "inclusion",
            "Breast cancer, ER-positive and HER2-negative",
            "1 and 2",
            ["Breast cancer, ER-positive", "Breast cancer, HER2-negative"],
        ),
        (
            "inclusion",
            "Estrogen receptor positive, HER2 negative breast cancer",
            "1 and 2",
            ["Estrogen receptor positive breast cancer", "HER2 negative breast cancer"],
        ),
        (
            "exclusion",
            "Brain metastases treated with surgery or radiotherapy",
            "1 or 2",
            ["Brain metastases treated with surgery", "Brain metastases treated with radiotherapy"],
        ),
        (
            "exclusion",
            "Allergy or hypersensitivity to aspirin",
            "1 or 2",
            ["Allergy to aspirin", "hypersensitivity to aspirin"],
        ),
        ("exclusion", "Nausea, vomiting or diarrhea", "1 or 2 or 3", ["Nausea", "vomiting", "diarrhea"]),
        ("exclusion", "Pregnant or nursing women", "1 or 2", ["Pregnant women", "nursing women"]),
        ("exclusion", "Pregnant or breastfeeding", "1 or 2", ["Pregnant", "breastfeeding"]),
        (
            "exclusion",
            "Uncontrolled hypertension or diabetes",
            "1 or 2",
            ["Uncontrolled hypertension", "Uncontrolled diabetes"],
        ),
        (
            "inclusion",
            "Adequate bone marrow, renal and hepatic function",
            "1 and 2 and 3",
            ["Adequate bone marrow function", "Adequate renal function", "Adequate hepatic function"],
        ),
        (
            "inclusion",
            "ECOG performance status 0 or 1 and life expectancy of at least 12 weeks",
            "1 and 2",
            ["ECOG performance status 0 or 1", "life expectancy"],
        ),
        (
            "exclusion",
            "Malignancy within 5 years, except in situ cervical cancer or non-melanoma skin cancer",
            "1 and not (2 or 3)",
            ["Malignancy", "in situ cervical cancer", "non-melanoma skin cancer"],
        ),
        ("exclusion", "Malignancy, unless cured", "1 and not 2", ["Malignancy", "Malignancy cured"]),
        (
            "exclusion",
            "Hepatitis B or C, unless treated",
            "1 and not 2",
            ["Hepatitis B or C", "Hepatitis B or C treated"],
        ),
        (
            "exclusion",
            "Asthma or gout unless controlled",
            "(1 or 2) and not 3",
            ["Asthma", "gout", "Asthma or gout controlled"],
        ),
        (
            "inclusion",
            "Unresectable or metastatic melanoma, stage III or IV",
            "1",
            ["Unresectable or metastatic melanoma, stage III or IV"],
        ),
        (
            "inclusion",
            "Ischemic stroke or TIA within 90 days, symptomatic",
            "1 or 2",
            ["Ischemic stroke, symptomatic", "TIA , symptomatic"],
        ),
        (
            "exclusion",
            "Active or chronic hepatitis B or hepatitis C",
            "1 or 2",
            ["Active or chronic hepatitis B", "hepatitis C"],
        ),
        (
            "exclusion",
            "Surgery or radiotherapy for brain metastases",
            "1 or 2",
            ["Surgery for brain metastases", "radiotherapy for brain metastases"],
        ),
        ("exclusion", "Alcohol or drug abuse", "1 or 2", ["Alcohol abuse", "drug abuse"]),
        ("inclusion", "Type 1 or type 2 diabetes", "1", ["Type 1 or type 2 diabetes"]),
        (
            "inclusion",
            "Symptomatic despite beta-blockers or calcium channel blockers",
            "1 or 2",
            ["Symptomatic despite beta-blockers", "Symptomatic despite calcium channel blockers"],
        ),
        (
            "inclusion",
            "Percutaneous coronary intervention, elective or urgent",
            "1 or 2",
            ["Percutaneous coronary intervention, elective", "Percutaneous coronary intervention, urgent"],
        ),
        (
            "exclusion",
            "HIV, active hepatitis B or C, or tuberculosis",
            "1 or 2 or 3",
            ["HIV", "active hepatitis B or C", "tuberculosis"],
        ),
        (
            "inclusion",
            "Prior radiotherapy is allowed if completed 4 weeks before enrollment",
            "1",
            ["Prior radiotherapy completed"],
        ),
        (
            "exclusion",
            "Brain metastases unless they have been treated and are stable",
            "1 and not (2 and 3)",
            ["Brain metastases", "Brain metastases treated", "Brain metastases stable"],
        ),
        (
            "exclusion",
            "Cancer within 3 years, except treated basal cell carcinoma",
            "1 and not 2",
            ["Cancer", "treated basal cell carcinoma"],
        ),
        (
            "exclusion",
            "Malignancy except curatively treated skin cancer or in situ cervical cancer",
            "1 and not (2 or 3)",
            ["Malignancy", "curatively treated skin cancer", "in situ cervical cancer"],
        ),
        (
            "exclusion",
            "Squamous or basal cell carcinoma of the skin",
            "1 or 2",
            ["Squamous carcinoma of the skin", "basal cell carcinoma of the skin"],
        ),
        (
            "inclusion",
            "Carcinoma of the tongue or larynx",
            "1 or 2",
            ["Carcinoma of the tongue", "Carcinoma of larynx"],
        ),
        (
            "inclusion",
            "Prior treatment with a taxane or an anthracycline",
            "1 or 2",
            ["Prior treatment with a taxane", "Prior treatment with an anthracycline"],
        ),
        (
            "exclusion",
            "History of stroke, transient ischemic attack, or myocardial infarction within 6 months",
            "1 or 2 or 3",
            ["stroke", "transient ischemic attack", "myocardial infarction"],
        ),
        (
            "inclusion",
            "Chronic heart failure, NYHA class II-III, LVEF <= 40%",
            "1 and 2 and 3",
            ["Chronic heart failure", "NYHA class II-III", "LVEF <= 40%"],
        ),
        (
            "exclusion",
            "Systemic corticosteroids or other immunosuppressive medication",
            "1 or 2",
            ["Systemic corticosteroids", "other immunosuppressive medication"],
        ),
        (
            "exclusion",
            "Unstable angina, recent myocardial infarction or severe aortic stenosis",
            "1 or 2 or 3",
            ["Unstable angina", "recent myocardial infarction", "severe aortic stenosis"],
        ),
        (
            "inclusion",
            "HER2-positive or triple-negative breast cancer",
            "1 or 2",
            ["HER2-positive breast cancer", "triple-negative breast cancer"],
        ),
        ("exclusion", "Serious or uncontrolled infection", "1 or 2", ["Serious infection", "uncontrolled infection"]),
        (
            "exclusion",
            "Clinically significant cardiac, pulmonary or hepatic disease",
            "1 or 2 or 3",
            [
                "Clinically significant cardiac disease",
                "Clinically significant pulmonary disease",
                "Clinically significant hepatic disease",
            ],
        ),
        ("inclusion", "Measurable or evaluable disease", "1 or 2", ["Measurable disease", "evaluable disease"]),
        (
            "inclusion",
            "Stage III or IV ovarian, fallopian tube or primary peritoneal cancer",
            "1",
            ["Stage III or IV ovarian, fallopian tube or primary peritoneal cancer"],
        ),
        (
            "exclusion",
            "Active autoimmune and inflammatory diseases, such as lupus, psoriasis and arthritis",
            "1 or 2",
            ["Active autoimmune diseases", "Active inflammatory diseases, such as lupus, psoriasis and arthritis"],
        ),
        (
            "inclusion",
            "Germline mutations in BRCA1, BRCA2, BARD1 or FANCC",
            "1 or 2 or 3 or 4",
            [
                "Germline mutations in BRCA1",
                "Germline mutations in BRCA2",
                "Germline mutations in BARD1",
                "Germline mutations in FANCC",
            ],
        ),
        (
            "exclusion",
            "Severe hypersensitivity (grade 3) to aspirin or ibuprofen",
            "1 or 2",
            ["Severe hypersensitivity (grade 3) to aspirin", "Severe hypersensitivity (grade 3) to ibuprofen"],
        ),
        (
            "exclusion",
            "No adjuvant or neoadjuvant treatments are allowed",
            "1 or 2",
            ["adjuvant treatments", "neoadjuvant treatments"],
        ),
        (
            "inclusion",
            "No adjuvant or neoadjuvant treatments are allowed",
            "not (1 or 2)",
            ["adjuvant treatments", "neoadjuvant treatments"],
        ),
        ("exclusion", "Women who are pregnant or lactating", "1 or 2", ["pregnant", "lactating"]),
        (
            "inclusion",
            "ALT <= 3 x ULN unless liver metastases are present",
            "1 or 2",
            ["ALT <= 3 x ULN", "liver metastases are present"],
        ),
        (
            "inclusion",
            "Must provide a biopsy unless medically contraindicated",
            "1 or 2",
            ["provide a biopsy", "provide a biopsy medically contraindicated"],
        ),
        (
            "exclusion",
            "Mental illness, cognitive impairment, and inability to understand",
            "1 or 2 or 3",
            ["Mental illness", "cognitive impairment", "inability to understand"],
        ),
        ("exclusion", "Diabetes and nephropathy", "1 and 2", ["Diabetes", "nephropathy"]),
        (
            "inclusion",
            "Adequate organ and marrow function, recovery from surgery or radiotherapy",
            "1 and 2 and (3 or 4)",
            [
                "Adequate organ function",
                "Adequate marrow function",
                "recovery from surgery",
                "recovery from radiotherapy",
            ],
        ),
        (
            "inclusion",
            "Axillary lymph node negative, positive, or unknown",
            "1",
            ["Axillary lymph node negative, positive, or unknown"],
        ),
        (
            "exclusion",
            "History of hypersensitivity to wool, latex, or yeast",
            "1 or 2 or 3",
            ["hypersensitivity to wool", "hypersensitivity to latex", "hypersensitivity to yeast"],
        ),
        ("inclusion", "Prior statins shall not exclude patients from participation", "always", []),
        ("inclusion", "Parkinson disease", "1", ["Parkinson disease"]),
        (
            "exclusion",
            "Active alcohol or drug abuse per physician",
            "1 or 2",
            ["Active alcohol abuse per physician", "Active drug abuse per physician"],
        ),
        (
            "exclusion",
            "QTcF > 450 ms for males and > 470 ms for females",
            "(1 and 2) or (3 and 4)",
            ["QTcF > 450 ms", "male", "QTcF > 470 ms", "female"],
        ),
        (
            "exclusion",
            "Immunodeficiency or is receiving steroids",
            "1 or 2",
            ["Immunodeficiency", "receiving steroids"],
        ),
        ("inclusion", "Hodgkin lymphoma, relapsed or refractory", "1", ["Hodgkin lymphoma, relapsed or refractory"]),
        ("inclusion", "Multiple myeloma, relapsed and refractory", "1", ["Multiple myeloma, relapsed and refractory"]),
        ("inclusion", "Tumor resectable or borderline resectable", "1", ["Tumor resectable or borderline resectable"]),
        (
            "inclusion",
            "Troponin elevated in blood or serum",
            "1 or 2",
            ["Troponin elevated in blood", "Troponin elevated in serum"],
        ),
        ("inclusion", "Chronic kidney disease, stage 3 or 4", "1", ["Chronic kidney disease, stage 3 or 4"]),
        (
            "inclusion",
            "Aortic stenosis, severe or moderate, symptomatic",
            "1",
            ["Aortic stenosis, severe or moderate, symptomatic"],
        ),
        (
            "inclusion",
            "Prior myocardial infarction, stroke or peripheral artery disease",
            "1 or 2 or 3",
            ["Prior myocardial infarction", "Prior stroke", "Prior peripheral artery disease"],
        ),
        (
            "inclusion",
            "Ejection fraction <= 40% and NYHA class II, III or IV",
            "1 and 2",
            ["Ejection fraction <= 40%", "NYHA class II, III or IV"],
        ),
        (
            "inclusion",
            "PD-L1 expression in tumor cells or immune cells",
            "1 or 2",
            ["PD-L1 expression in tumor cells", "PD-L1 expression in immune cells"],
        ),
        (
            "inclusion",
            "HER2-negative, hormone receptor-positive breast cancer",
            "1",
            ["HER2-negative, hormone receptor-positive breast cancer"],
        ),
    ],
)
def test_what_is_asked(kind: str, text: str, form: str, facts: list[str]) -> None:
    composed = read(text, kind)
    assert describe(composed.form) == form
    assert [question.statement for question in composed.questions] == facts


@pytest.mark.parametrize(
    "piece",
    ["liver failure", "pregnant", "aspirin", "HbA1c > 9%", "NYHA class III", "treated basal cell carcinoma",
     "prior chemotherapy", "EGFR mutation", "stage IV melanoma", "bleeding", "(severe asthma)"],
)  # fmt: skip
def test_stands(piece: str) -> None:
    assert stands(piece)
    assert not opens_loosely(piece)


@pytest.mark.parametrize(
    "piece",
    ["blood", "tumor tissue", "stable", "stage IV", "recurrent", "paroxysmal", "somatic", "together", "BRCA2",
     "other", "stable for 4 weeks", "non-metastatic", "the larynx", "anti-PD-1", "HER2-negative", "", "within 4 weeks"],
)  # fmt: skip
def test_does_not_stand(piece: str) -> None:
    assert not stands(piece)


@pytest.mark.parametrize(
    "piece", ["treated with steroids", "in remission", "for 4 weeks", "well controlled", "stable on insulin"]
)
def test_opens_loosely(piece: str) -> None:
    assert opens_loosely(piece)


@pytest.mark.parametrize(
    ("text", "question"),
    [
        (
            "New York Heart Association class II or III",
            "Does the patient have New York Heart Association class II or III?",
        ),
        ("Parkinson disease", "Does the patient have Parkinson disease?"),
        ("Crohn's disease", "Does the patient have Crohn's disease?"),
        ("In situ cervical cancer", "Does the patient have in situ cervical cancer?"),
        ("Treated basal cell carcinoma", "Does the patient have treated basal cell carcinoma?"),
        (">= 18 years", "Is the patient's age >= 18 years?"),
        ("Expecting to conceive", "Is the patient expecting to conceive?"),
    ],
)
def test_the_question_is_english(text: str, question: str) -> None:
    assert [one.text for one in read(text).questions] == [question]


def test_a_heading_of_laboratory_values_is_a_remark() -> None:
    children = tuple(
        Criterion(f"T/i1.{place}", "T", "inclusion", text, 0, 1)
        for place, text in enumerate(("Platelets >= 100,000/mm3", "Creatinine <= 1.5 mg/dL"))
    )
    heading = "Adequate organ function, with all of the following:"
    composed = compose(Criterion("T/i1", "T", "inclusion", heading, 0, 1, children=children, connective="all"))
    assert [question.text for question in composed.questions] == [
        "Does the patient have platelets >= 100,000/mm3?",
        "Does the patient have creatinine <= 1.5 mg/dL?",
    ]
    assert composed.remarks == ("heading of the values below: Adequate organ function",)


def test_a_section_of_exclusions_is_not_denied_twice() -> None:
    assert describe(read("No adjuvant chemotherapy is allowed", "exclusion").form) == "1"
    assert describe(read("No adjuvant chemotherapy is allowed").form) == "not 1"


def test_a_sex_by_its_plural_is_the_patients_sex() -> None:
    texts = [question.text for question in read("QTc <= 450 ms (males) or <= 470 ms (females)").questions]
    assert texts[1::2] == ["Is the patient male?", "Is the patient female?"]
