"""Small tables of clinical words, of our own writing: abbreviations, broader words, words that carry no fact.

They are deliberately short. A synonym that is missing costs an abstention; a wrong one costs a wrong answer.
"""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# What is written -> the words it stands for. In this case only: in lower case it is a word or something else.
ABBREVIATIONS = {
    "HTN": "hypertension", "DM": "diabetes", "DM2": "type2 diabetes", "T2DM": "type2 diabetes",
    "T1DM": "type1 diabetes", "NIDDM": "type2 diabetes", "IDDM": "type1 diabetes",
    "MI": "myocardial infarction", "NSTEMI": "myocardial infarction", "STEMI": "myocardial infarction",
    "AMI": "myocardial infarction", "CAD": "coronary artery disease", "IHD": "ischemic heart disease",
    "CHF": "heart failure", "HF": "heart failure", "HFrEF": "heart failure", "AF": "atrial fibrillation",
    "AFib": "atrial fibrillation", "afib": "atrial fibrillation", "VT": "ventricular tachycardia",
    "CVA": "stroke", "TIA": "transient ischemic attack", "PVD": "peripheral vascular disease",
    "DVT": "deep vein thrombosis", "PE": "pulmonary embolism", "VTE": "venous thromboembolism",
    "COPD": "chronic obstructive pulmonary disease", "ILD": "interstitial lung disease", "TB": "tuberculosis",
    "OSA": "obstructive sleep apnea", "CKD": "chronic kidney disease", "ESRD": "end stage renal disease",
    "AKI": "acute kidney injury", "GERD": "gastroesophageal reflux disease", "IBD": "inflammatory bowel disease",
    "UC": "ulcerative colitis", "IBS": "irritable bowel syndrome", "BPH": "benign prostatic hyperplasia",
    "RA": "rheumatoid arthritis", "SLE": "lupus", "MS": "multiple sclerosis", "UTI": "urinary tract infection",
    "NSCLC": "nonsmallcell lung cancer", "SCLC": "smallcell lung cancer", "HCC": "hepatocellular carcinoma",
    "RCC": "renal cell carcinoma", "CRC": "colorectal cancer", "TNBC": "triple negative breast cancer",
    "DCIS": "ductal carcinoma in situ", "GBM": "glioblastoma", "AML": "acute myeloid leukemia",
    "CLL": "chronic lymphocytic leukemia", "CML": "chronic myeloid leukemia", "MDS": "myelodysplastic syndrome",
    "DLBCL": "diffuse large b cell lymphoma", "NHL": "nonhodgkin lymphoma", "GIST": "gastrointestinal stromal tumor",
    "HNSCC": "head and neck squamous cell carcinoma", "PDAC": "pancreatic ductal adenocarcinoma",
    "CABG": "coronary artery bypass grafting", "PCI": "percutaneous coronary intervention",
    "HSCT": "stem cell transplant", "ASCT": "stem cell transplant", "SCT": "stem cell transplant",
    "BMT": "bone marrow transplant", "XRT": "radiation therapy", "RT": "radiation therapy",
    "TKI": "tyrosine kinase inhibitor", "ADT": "androgen deprivation therapy", "HRT": "hormone replacement therapy",
    "ADHD": "attention deficit hyperactivity disorder", "PTSD": "posttraumatic stress disorder",
    "MDD": "major depression", "CNS": "central nervous system", "GI": "gastrointestinal", "HBV": "hepatitisb",
    "HCV": "hepatitisc", "ICH": "intracranial hemorrhage", "SAH": "subarachnoid hemorrhage",
    "AAA": "abdominal aortic aneurysm", "ICD": "defibrillator", "CVD": "cardiovascular disease",
}  # fmt: skip

# In any case.
PHRASES = {
    "heart attack": "myocardial infarction", "high blood pressure": "hypertension", "sugar diabetes": "diabetes",
    "diabetes mellitus": "diabetes", "congestive heart failure": "heart failure",
    "congestive cardiac failure": "heart failure", "cardiac failure": "heart failure", "htn": "hypertension",
    "copd": "chronic obstructive pulmonary disease", "nsclc": "nonsmallcell lung cancer",
    "cerebrovascular accident": "stroke", "cerebral infarction": "stroke",
    "mets": "metastasis", "breast feeding": "lactation",
    "breast-feeding": "lactation", "breastfeeding": "lactation", "nursing mother": "lactation",
    "small cell": "smallcell", "small-cell": "smallcell",
    "kidney": "renal", "liver": "hepatic", "lung": "pulmonary", "cardiac": "heart", "tumour": "tumor",
    "radiotherapy": "radiation therapy", "irradiation": "radiation therapy", "tobacco": "smoking",
    "cigarettes": "smoking", "cigarette": "smoking", "smoker": "smoking", "etoh": "alcohol", "ethanol": "alcohol",
    "human immunodeficiency virus": "hiv", "systemic lupus erythematosus": "lupus", "haemorrhage": "hemorrhage",
    "bleeding": "hemorrhage", "anaemia": "anemia", "leukaemia": "leukemia", "oedema": "edema",
    "oesophageal": "esophageal", "oesophagus": "esophagus", "diarrhoea": "diarrhea", "ischaemic": "ischemic",
    "stem-cell": "stem cell", "end-stage": "end stage", "hypercholesterolaemia": "hypercholesterolemia",
    "high cholesterol": "hypercholesterolemia", "seizure disorder": "epilepsy",
    "dyspnoea": "dyspnea", "shortness of breath": "dyspnea", "gravid": "pregnant",
    "short of breath": "dyspnea", "pregnancy": "pregnant", "expecting a baby": "pregnant",
}  # fmt: skip

# A word -> broader words that it also answers to; never the other way round.
BROADER = {
    "hepatitisb": "hepatitis", "hepatitisc": "hepatitis",
    "adenocarcinoma": "carcinoma cancer malignancy tumor",
    **dict.fromkeys(("carcinoma", "lymphoma", "leukemia", "melanoma", "sarcoma", "glioblastoma",
                     "myeloma", "mesothelioma", "malignancy", "neuroblastoma", "hepatoma"), "cancer malignancy tumor"),
    "cancer": "malignancy tumor", "malignant": "malignancy", "neoplasm": "tumor",
    **dict.fromkeys(("methotrexate", "azathioprine", "tacrolimus", "cyclosporine", "mycophenolate"),
                    "immunosuppressant immunosuppressive"),
    **dict.fromkeys(("fluoxetine", "sertraline", "citalopram", "escitalopram", "paroxetine"), "ssri antidepressant"),
    **dict.fromkeys(("morphine", "oxycodone", "hydrocodone", "fentanyl", "methadone", "heroin"), "opioid"),
    **dict.fromkeys(("folfox", "folfirinox", "folfiri", "capecitabine", "gemcitabine", "pemetrexed", "etoposide",
                     "fluorouracil", "irinotecan", "temozolomide", "cyclophosphamide", "r-chop"), "chemotherapy"),
    **dict.fromkeys(("metformin", "insulin"), "antidiabetic"),
    **dict.fromkeys(("lobectomy", "mastectomy", "colectomy", "resection", "nephrectomy", "appendectomy"), "surgery"),
    "pneumonia": "infection", "sepsis": "infection", "cellulitis": "infection", "tuberculosis": "infection",
}  # fmt: skip

STOP = _words(
    "a an the of in on at to for with by or and is are was were be been being has have had having any other such as "
    "this that these those who whom which it its his her their he she they patient patients subject subjects "
    "participant participants pt do does did from into per than within without no not current currently following due "
    "presence evidence known documented confirmed diagnosis diagnosed history prior previous previously past medical "
    "personal status will must may can should e.g i.e etc including include includes included individuals individual "
    "people person there clinical clinically presenting presentation present presents symptoms symptom onset signs "
    "sign experienced experiencing undergoing undergone underwent receiving received requiring typical defined "
    "criteria all both either"
)

# Words that narrow a fact: "severe asthma" is denied by "no asthma", but not claimed by "asthma".
MODIFIERS = _words(
    "severe uncontrolled active significant significantly chronic acute advanced recurrent unstable serious major "
    "symptomatic asymptomatic mild moderate poorly controlled progressive refractory newly untreated treated new "
    "locally regional early late primary secondary first second type stage grade stable ongoing concurrent "
    "concomitant systemic metastatic left right bilateral recent recently regular"
)

# A claim of nothing but these words is not looked for: "treatment" or "trial" is in every note.
GENERIC = _words(
    "trial study treatment therapy protocol disease disorder condition illness medication drug procedure test result "
    "history finding problem issue care hospital visit time assessment evaluation examination level value year month "
    "week day age other adult child"
)

# Nouns that stand for little without the word before them: "no hepatitis C" denies "hepatitis C infection".
CARRIERS = _words(
    "disease disorder condition illness infection mutation alteration rearrangement use abuse dependence exposure "
    "event episode"
)
LIGHT = GENERIC | CARRIERS

# Beside modifiers: a claim of nothing but such words names no fact. "Microsatellite stable" does not say "stable".
_EMPTY = _words(
    "blood serum plasma urine tissue sample specimen body cell line normal abnormal adequate inadequate positive "
    "negative high low pressure general local persistent relapsed measurable evaluable alive healthy able willing "
    "available sufficient dose daily weekly baseline response likely common rare appropriate eligible"
)
VAGUE = (_EMPTY | MODIFIERS | GENERIC) - {"metastatic"}
