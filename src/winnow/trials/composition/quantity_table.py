"""The one table of clinical quantities: names, units and what a plausible value is.

Molar masses (g/mol) are those of the analyte as laboratories report it: haemoglobin by its monomer (Fe, 16 114.5), urea
nitrogen by its two nitrogens. Plausible ranges bound what is seen in sick people, not what is normal: they only decide
which unit a bare number is in.
"""

from __future__ import annotations

from winnow.trials.composition.quantity_kind import Kind as Kind

COUNT = "10^9/L"


def _count(name: str, names: tuple[str, ...], abbreviations: tuple[str, ...], most: float) -> Kind:
    return Kind(name, COUNT, names, abbreviations, (0.0, most), ("/mm3",), counted=True)


def _score(name: str, names: tuple[str, ...], abbreviations: tuple[str, ...], low: float, high: float) -> Kind:
    return Kind(name, None, names, abbreviations, (low, high), whole=True)


def _enzyme(name: str, names: tuple[str, ...], abbreviations: tuple[str, ...]) -> Kind:
    return Kind(name, "U/L", names, abbreviations, (0.0, 50000.0))


SCORES: tuple[Kind, ...] = (
    _score(
        "ecog",
        (
            "eastern cooperative oncology group performance status",
            "eastern cooperative oncology group",
            "eastern co-operative oncology group",
            "ecog performance status",
            "ecog performance score",
            "ecog/who performance status",
            "ecog/zubrod performance status",
            "ecog-ps",
            "ecog ps",
            "ecog",
            "who performance status",
            "who ps",
            "who/ecog",
            "zubrod performance status",
            "zubrod",
            "performance status",
            "performance score",
        ),
        ("PS",),
        0,
        5,
    ),
    Kind(
        "karnofsky",
        "%",
        ("karnofsky performance status", "karnofsky performance score", "karnofsky performance scale", "karnofsky"),
        ("KPS",),
        (0, 100),
    ),
    Kind("lansky", "%", ("lansky performance status", "lansky play-performance", "lansky"), (), (0, 100)),
    _score("asa", ("american society of anesthesiologists", "asa physical status", "asa class", "asa"), (), 1, 6),
    _score("nyha", ("new york heart association", "nyha class", "nyha"), (), 1, 4),
    _score("mmse", ("mini-mental state examination", "mini mental state examination", "mmse"), ("MMSE",), 0, 30),
    _score("moca", ("montreal cognitive assessment",), ("MoCA", "MOCA"), 0, 30),
    _score("gcs", ("glasgow coma scale", "glasgow coma score"), ("GCS",), 3, 15),
    _score("child-pugh", ("child-pugh score", "child pugh score", "child-pugh", "child pugh"), (), 5, 15),
    _score("meld", ("model for end-stage liver disease",), ("MELD",), 6, 40),
    _score("nihss", ("national institutes of health stroke scale", "nih stroke scale", "nihss"), (), 0, 42),
    _score("gleason", ("gleason score", "gleason sum", "gleason"), (), 2, 10),
    _score("phq-9", ("phq-9", "patient health questionnaire-9"), (), 0, 27),
    _score("edss", ("expanded disability status scale", "edss"), (), 0, 10),
    _score("modified rankin", ("modified rankin scale", "modified rankin score"), ("mRS",), 0, 6),
)
BLOOD: tuple[Kind, ...] = (
    Kind(
        "hemoglobin",
        "g/dL",
        ("hemoglobin", "haemoglobin", "hgb"),
        ("Hb", "HB", "HGB"),
        (2, 25),
        ("g/L", "mmol/L"),
        molar_mass=16114.5,
    ),
    Kind("hematocrit", "%", ("hematocrit", "haematocrit"), ("HCT", "Hct"), (5, 75)),
    _count(
        "neutrophils",
        (
            "absolute neutrophil count",
            "absolute neutrophils count",
            "absolute granulocyte count",
            "absolute neutrophils",
            "neutrophil count",
            "neutrophils",
            "neutrophil",
            "granulocytes",
            "granulocyte count",
        ),
        ("ANC", "AGC"),
        200,
    ),
    _count("platelets", ("platelet count", "platelets", "platelet", "thrombocytes"), ("PLT", "Plt", "plt"), 3000),
    _count(
        "leukocytes",
        ("white blood cell count", "white blood cells", "white blood cell", "leukocytes", "leucocytes"),
        ("WBC", "wbc"),
        600,
    ),
    _count("lymphocytes", ("absolute lymphocyte count", "lymphocyte count", "lymphocytes"), ("ALC",), 500),
    _count("eosinophils", ("eosinophil count", "eosinophils"), (), 100),
    Kind("cd4 count", "/mm3", ("cd4 count", "cd4+ count", "cd4 t-cell count", "cd4+ t-cell count", "cd4 cell count"),
         (), (0, 3000), (COUNT,), counted=True),
    Kind("inr", None, ("international normalized ratio", "international normalised ratio"), ("INR",), (0.5, 20)),
    Kind("prothrombin time", "sec", ("prothrombin time",), ("PT",), (5, 200)),
    Kind("partial thromboplastin time", "sec",
         ("activated partial thromboplastin time", "partial thromboplastin time", "aptt"), ("PTT", "aPTT"), (10, 300)),
    Kind("hba1c", "%", ("hemoglobin a1c", "haemoglobin a1c", "glycated hemoglobin", "glycosylated hemoglobin", "hba1c",
                        "hba 1c", "hgba1c"), ("A1C", "A1c", "a1c"), (3, 20), ("mmol/mol",)),
)  # fmt: skip
CHEMISTRY: tuple[Kind, ...] = (
    Kind("creatinine", "mg/dL", ("serum creatinine", "plasma creatinine", "creatinine", "s-creatinine"),
         ("Cr", "SCr", "sCr", "CRE"), (0.1, 25), ("umol/L",), 113.12),
    Kind("creatinine clearance", "mL/min",
         ("creatinine clearance", "estimated creatinine clearance", "calculated creatinine clearance", "crcl",
          "measured creatinine clearance"), ("CrCl", "CrCL", "CCr", "Ccr", "CLcr"), (0, 250)),
    Kind("gfr", "mL/min",
         ("estimated glomerular filtration rate", "glomerular filtration rate", "egfr by", "gfr"),
         ("eGFR", "GFR"), (0, 250)),
    Kind("bilirubin", "mg/dL", ("total serum bilirubin", "total bilirubin", "serum bilirubin", "serum total bilirubin",
                                "direct bilirubin", "bilirubin"), ("TBIL", "Tbili", "TBili", "T.bili"),
         (0.05, 60), ("umol/L",), 584.66),
    _enzyme("alt", ("alanine aminotransferase", "alanine transaminase", "alt/sgpt", "sgpt/alt", "sgpt"),
            ("ALT", "ALAT")),
    _enzyme("ast", ("aspartate aminotransferase", "aspartate transaminase", "ast/sgot", "sgot/ast", "sgot"),
            ("AST", "ASAT")),
    _enzyme("transaminases", ("transaminases", "aminotransferases", "transaminase", "ast/alt", "alt/ast",
                              "ast and alt", "alt and ast"), ()),
    _enzyme("alkaline phosphatase", ("alkaline phosphatase",), ("ALP", "Alk phos", "AP")),
    _enzyme("ldh", ("lactate dehydrogenase", "lactic dehydrogenase"), ("LDH",)),
    _enzyme("ggt", ("gamma-glutamyl transferase", "gamma glutamyl transferase"), ("GGT",)),
    _enzyme("creatine kinase", ("creatine kinase", "creatine phosphokinase"), ("CK", "CPK")),
    _enzyme("amylase", ("amylase",), ()),
    _enzyme("lipase", ("lipase",), ()),
    Kind("albumin", "g/dL", ("serum albumin", "albumin"), ("Alb",), (0.5, 7), ("g/L",), 66500.0),
    Kind("calcium", "mg/dL", ("corrected serum calcium", "corrected calcium", "serum calcium", "calcium"), (),
         (4, 20), ("mmol/L",), 40.078, valence=2),
    Kind("glucose", "mg/dL", ("fasting plasma glucose", "fasting blood glucose", "fasting glucose", "plasma glucose",
                              "blood glucose", "blood sugar", "glucose"), ("FPG", "FBG", "FBS"),
         (30, 1500), ("mmol/L",), 180.156),
    Kind("potassium", "mmol/L", ("serum potassium", "potassium"), ("K+",), (1.5, 10), molar_mass=39.098),
    Kind("sodium", "mmol/L", ("serum sodium", "sodium"), ("Na",), (90, 200), molar_mass=22.990),
    Kind("magnesium", "mg/dL", ("serum magnesium", "magnesium"), (), (0.5, 10), (), 24.305, valence=2),
    Kind("phosphate", "mg/dL", ("serum phosphate", "phosphate", "phosphorus"), (), (0.3, 20), (), 30.974),
    Kind("urea nitrogen", "mg/dL", ("blood urea nitrogen", "urea nitrogen"), ("BUN",), (1, 250), (), 28.014),
    Kind("uric acid", "mg/dL", ("uric acid", "urate"), (), (0.5, 30), ("umol/L",), 168.11),
    Kind("triglycerides", "mg/dL", ("triglycerides", "triglyceride"), (), (10, 6000), ("mmol/L",), 885.43),
    Kind("ldl cholesterol", "mg/dL", ("ldl cholesterol", "ldl-cholesterol", "ldl-c"), ("LDL",), (5, 800), ("mmol/L",),
         386.65),
    Kind("cholesterol", "mg/dL", ("total cholesterol", "serum cholesterol", "cholesterol"), (), (20, 1500), ("mmol/L",),
         386.65),
    Kind("crp", "mg/L", ("c-reactive protein", "c reactive protein"), ("CRP", "hsCRP"), (0, 600)),
    Kind("ferritin", "ng/mL", ("serum ferritin", "ferritin"), (), (0, 100000)),
    Kind("psa", "ng/mL", ("prostate-specific antigen", "prostate specific antigen", "serum psa"), ("PSA",), (0, 20000)),
    Kind("testosterone", "ng/dL", ("serum testosterone", "testosterone"), (), (0, 3000), (), 288.43),
    Kind("troponin", "ng/mL", ("troponin",), (), (0, 10000)),
    Kind("tsh", "mU/L", ("thyroid stimulating hormone", "thyroid-stimulating hormone"), ("TSH",), (0, 500)),
)  # fmt: skip
BODY: tuple[Kind, ...] = (
    Kind("age", "years", ("age at enrollment", "age at diagnosis", "age", "ages", "aged", "years of age"), (),
         (0, 120)),
    Kind("lvef", "%", ("left ventricular ejection fraction", "lv ejection fraction", "ejection fraction", "lvef"),
         ("EF",), (3, 95)),
    Kind("bmi", "kg/m2", ("body mass index", "body-mass index", "body mass index bmi", "bmi"), (), (8, 120)),
    Kind("weight", "kg", ("body weight", "bodyweight", "weighing", "weighs", "weight"), (), (0.3, 400), ("lb",)),
    Kind("height", "cm", ("body height", "height"), (), (20, 250)),
    Kind("systolic blood pressure", "mmHg", ("systolic blood pressure", "systolic bp", "systolic"), ("SBP",),
         (30, 320)),
    Kind("diastolic blood pressure", "mmHg", ("diastolic blood pressure", "diastolic bp", "diastolic"), ("DBP",),
         (10, 220)),
    Kind("blood pressure", "mmHg", ("arterial blood pressure", "blood pressure"), ("BP",), (10, 320)),
    Kind("heart rate", "bpm", ("heart rate", "pulse rate", "resting heart rate"), ("HR",), (10, 350)),
    Kind("temperature", "C", ("body temperature", "temperature"), (), (25, 45), ("F",)),
    Kind("oxygen saturation", "%", ("oxygen saturation", "o2 saturation"), ("SpO2", "SaO2", "SPO2"), (20, 100)),
    Kind("qtc", "ms", ("corrected qt interval", "qtc interval", "qtcf interval", "qt interval", "qtc", "qtcf", "qtcb"),
         ("QT",), (200, 900)),
    Kind("fev1", "%", ("forced expiratory volume in 1 second", "fev1"), ("FEV 1",), (0, 200)),
    Kind("life expectancy", "months",
         ("life expectancy", "expected survival", "estimated survival", "survival expectancy", "anticipated survival",
          "estimated life expectancy"), (), (0, 1200)),
    Kind("gestational age", "weeks", ("gestational age", "weeks of gestation", "weeks gestation", "gestation"), (),
         (0, 45)),
    Kind("prior lines", None,
         ("prior lines of therapy", "prior lines of systemic therapy", "prior lines of chemotherapy",
          "lines of prior therapy", "prior lines", "prior regimens", "prior chemotherapy regimens", "lines of therapy",
          "lines of systemic therapy", "lines of chemotherapy"), (), (0, 30), whole=True),
)  # fmt: skip

QUANTITIES: dict[str, Kind] = {kind.name: kind for kind in (*SCORES, *BLOOD, *CHEMISTRY, *BODY)}
