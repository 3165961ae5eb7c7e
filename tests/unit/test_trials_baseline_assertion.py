"""What a sentence says of a mention: every sentence here is invented."""

from __future__ import annotations

import pytest

from winnow.trials.answering.baseline.assertion import assess

# sentence, mention, what is said of it
AFFIRMED = [
    ("She has type 2 diabetes.", "diabetes"),
    ("Hypertension, well controlled on lisinopril.", "Hypertension"),
    ("He presents with chest pain radiating to the jaw.", "chest pain"),
    ("No increase in seizures since the last visit.", "seizures"),
    ("No change in the lung nodule.", "lung nodule"),
    ("No interval change in ascites.", "ascites"),
    ("Without improvement of her psoriasis.", "psoriasis"),
    ("Not only gout but also tophi were found.", "gout"),
    ("The asthma is not well controlled.", "asthma"),
    ("Her depression did not respond to sertraline.", "sertraline"),
    ("He did not tolerate metformin.", "metformin"),
    ("She denies fever but has a cough.", "cough"),
    ("No rash, however he reports joint pain.", "joint pain"),
    ("No chills, and has a sore throat.", "sore throat"),
    ("Denies tobacco use; drinks alcohol daily.", "alcohol"),
    ("There is no doubt about the lymphoma.", "lymphoma"),
    ("Gram-negative sepsis.", "sepsis"),
    ("His mother reports wheezing at night.", "wheezing"),
    ("Brought in by his father with fever.", "fever"),
    ("Her husband says she is confused at night.", "confused"),
    ("No other complaints except headache.", "headache"),
    ("A review of systems is negative apart from fatigue.", "fatigue"),
    ("Biopsy shows adenocarcinoma.", "adenocarcinoma"),
    ("Positive for hepatitis C.", "hepatitis C"),
    ("The parents deny trauma; the child is vomiting.", "vomiting"),
    ("She takes warfarin.", "warfarin"),
    ("No masses were felt, but edema is present.", "edema"),
]
NEGATED = [
    ("She denies diabetes.", "diabetes"),
    ("Denies fever, chills, night sweats, or weight loss.", "weight loss"),
    ("No history of stroke.", "stroke"),
    ("No known liver disease.", "liver disease"),
    ("There is no evidence of metastasis.", "metastasis"),
    ("CT of the head without hemorrhage.", "hemorrhage"),
    ("Without evidence of recurrence.", "recurrence"),
    ("Negative for hepatitis B.", "hepatitis B"),
    ("Absence of peripheral edema.", "edema"),
    ("He has never smoked and does not drink alcohol.", "alcohol"),
    ("Neither nausea nor vomiting.", "vomiting"),
    ("Free of pain.", "pain"),
    ("Scans failed to show tumor.", "tumor"),
    ("Myocardial infarction was ruled out.", "Myocardial infarction"),
    ("Pulmonary embolism has been excluded.", "Pulmonary embolism"),
    ("The HIV test was negative.", "HIV"),
    ("Troponin elevation was not seen.", "Troponin elevation"),
    ("Lymphadenopathy is absent.", "Lymphadenopathy"),
    ("Lymphoma is unlikely.", "Lymphoma"),
    ("Allergies: none", "Allergies"),
    ("Diabetes: no", "Diabetes"),
    ("Hepatitis B surface antigen: negative.", "Hepatitis B surface antigen"),
    ("ER (-) tumor.", "ER"),
    ("Biopsy rules out celiac disease.", "celiac disease"),
    ("He is not pregnant.", "pregnant"),
    ("She isn't anemic.", "anemic"),
    ("Patient lacks insight.", "insight"),
    ("The exam is unremarkable for ascites.", "ascites"),
    ("No prior chemotherapy.", "chemotherapy"),
    ("Murmur was not appreciated.", "Murmur"),
    ("She declined anticoagulation.", "anticoagulation"),
    ("No signs of infection.", "infection"),
]
POSSIBLE = [
    ("We cannot rule out pulmonary embolism.", "pulmonary embolism"),
    ("Can not exclude malignancy.", "malignancy"),
    ("Sarcoidosis cannot be ruled out.", "Sarcoidosis"),
    ("Possible pneumonia on the left.", "pneumonia"),
    ("Suspected appendicitis.", "appendicitis"),
    ("She may have lupus.", "lupus"),
    ("Concern for meningitis.", "meningitis"),
    ("Findings suggestive of cirrhosis.", "cirrhosis"),
    ("Rule out deep vein thrombosis.", "deep vein thrombosis"),
    ("The differential diagnosis includes sarcoma.", "sarcoma"),
    ("Osteomyelitis has not been ruled out.", "Osteomyelitis"),
]
HYPOTHETICAL = [
    ("If bleeding occurs, come back.", "bleeding"),
    ("At high risk for stroke.", "stroke"),
    ("Return to the ED for fever.", "fever"),
    ("Will start rituximab next month.", "rituximab"),
    ("She is scheduled for mastectomy.", "mastectomy"),
    ("Plan to give cisplatin.", "cisplatin"),
    ("Considering dialysis.", "dialysis"),
    ("We discussed transplantation with her.", "transplantation"),
    ("Screening for colon cancer.", "colon cancer"),
    ("Chemotherapy is planned.", "Chemotherapy"),
    ("Prophylaxis against malaria.", "malaria"),
    ("Evaluation for anemia.", "anemia"),
]
HISTORICAL = [
    ("History of breast cancer.", "breast cancer"),
    ("Past medical history is significant for asthma.", "asthma"),
    ("He had a myocardial infarction in 2011.", "myocardial infarction"),
    ("S/p appendectomy.", "appendectomy"),
    ("Previously treated with tamoxifen.", "tamoxifen"),
    ("Pneumonia has resolved.", "Pneumonia"),
    ("Her leukemia is in remission.", "leukemia"),
    ("Former smoker.", "smoker"),
    ("Insulin was discontinued.", "Insulin"),
    ("Underwent radiation of the chest.", "radiation"),
    ("Seizures as a child.", "Seizures"),
    ("He used to take prednisone.", "prednisone"),
]
FAMILY = [
    ("Family history of colon cancer.", "colon cancer"),
    ("Her mother had breast cancer.", "breast cancer"),
    ("Ovarian cancer in her maternal aunt.", "Ovarian cancer"),
    ("Two brothers with hemophilia.", "hemophilia"),
    ("Heart disease (father).", "Heart disease"),
    ("His father died of stroke.", "stroke"),
    ("Grandmother was diabetic.", "diabetic"),
    ("Denies a family history of sudden death.", "sudden death"),
    ("FH: glaucoma", "glaucoma"),
]
OTHER = [
    ("His wife has tuberculosis.", "tuberculosis"),
    ("Exposure to a person with measles.", "measles"),
    ("The donor had hepatitis B.", "hepatitis B"),
]
GROUPS = {
    "affirmed": AFFIRMED, "negated": NEGATED, "possible": POSSIBLE, "hypothetical": HYPOTHETICAL,
    "historical": HISTORICAL, "family": FAMILY, "other person": OTHER,
}  # fmt: skip
CASES = [(sentence, mention, kind) for kind, group in GROUPS.items() for sentence, mention in group]


@pytest.mark.parametrize(("sentence", "mention", "kind"), CASES, ids=[f"{k}: {s}" for s, _, k in CASES])
def test_what_is_said_of_a_mention(sentence: str, mention: str, kind: str) -> None:
    start = sentence.index(mention)
    assert assess(sentence, start, start + len(mention)).kind == kind


def test_there_are_enough_sentences_of_every_kind() -> None:
    assert len(CASES) >= 80
    assert all(len(group) >= 3 for group in GROUPS.values())


@pytest.mark.parametrize(
    ("section", "kind"),
    [("Family History", "family"), ("FHx", "family"), ("Past Medical History", "historical"), ("Plan", "hypothetical"),
     ("Assessment", "affirmed"), ("", "affirmed")],
)  # fmt: skip
def test_the_section_header_counts(section: str, kind: str) -> None:
    assert assess("Breast cancer.", 0, 13, section).kind == kind


def test_a_denied_family_history_is_the_familys_and_denied() -> None:
    sentence = "She denies smoking, diabetes, or a family history of heart disease."
    relatives = assess(sentence, sentence.index("heart"), sentence.index(".") - 1)
    own = assess(sentence, sentence.index("diabetes"), sentence.index(", or"))
    assert (relatives.person, relatives.negated) == ("family", True)
    assert (own.person, own.negated) == ("patient", True)


def test_curly_apostrophes_are_apostrophes() -> None:
    assert assess("She isn\u2019t anemic.", 10, 16).negated
