"""What a criterion is about, by a few patterns of our own: few numbers where its words are too many to learn from."""

from __future__ import annotations

import re

_TOPICS = {
    "laboratory": (
        r"hemoglobin|platelet|creatinine|bilirubin|neutrophil|transaminase|\bALT\b|\bAST\b|\bINR\b|"
        r"\bcount\b|serum|g/dl|laborator"
    ),
    "allergy": r"allerg|hypersensitiv|intoleran|contraindicat",
    "fertility": r"pregnan|breast.?feed|lactat|child.?bearing|contracept|nursing",
    "other trial": (
        r"(?:participat|enrol|another|other|investigational).{0,40}(?:trial|stud(?:y|ies)|protocol|drug|"
        r"agent|product)"
    ),
    "judgement": r"investigator|judg|opinion|in the view|physician",
    "consent": (
        r"consent|assent|willing|able to (?:understand|comply|read)|comply|cooperat|language|speak|"
        r"english|telephone|reside|live"
    ),
    "age": r"\bage|\byears?\b|months old|elderly|child",
    "history": r"\bhistory|previous|prior|past|\bever\b|known\b",
    "treatment": (
        r"use of|treat(?:ed|ment)|therapy|medication|receiv|taking|\bdrug|steroid|antibiotic|anticoag|"
        r"chemotherapy|dose"
    ),
    "cancer": r"cancer|malignan|tumou?r|carcinoma|metasta|lymphoma|leuk",
    "mind": r"psych|dement|alcohol|abuse|addict|depress|schizo|mental|cognit|suicid|substance",
    "organ": r"renal|hepat|liver|kidney|cardiac|heart|pulmonary|respirat|infarct|stroke|coronary",
    "infection": r"infect|\bhiv\b|tubercul|sepsis",
    "surgery": r"surg|transplant|operation|resect|implant|pacemaker|device",
    "time": r"within|during|\blast\b|less than|before|prior to",
    "finding": r"diagnos|confirm|criteria|defined|scan|\bmri\b|\bct\b|biops|histolog|imaging|ultrasound|echocard",
    "survival": r"life expectancy|terminal|surviv",
    "admission": r"admit|hospitali|emergency|present|\bicu\b|intensive|ventilat",
    "negation": r"\b(?:no|not|without|absence|non)\b",
    "any": r"\bany\b",
    "other": r"\bother\b",
    "or": r"\bor\b",
    "unable": r"unable|inability|not able|refus|unwilling|lack",
    "severity": r"severe|uncontrolled|active|acute|unstable|significant",
    "normal": r"normal|adequate|healthy",
}
_PATTERNS = {name: re.compile(pattern, re.IGNORECASE) for name, pattern in _TOPICS.items()}
TOPICS = (*_TOPICS, "alternatives", "short")
# The same for a claim as a reader takes it, which begins with its kind ("exclusion: asthma").
CLAIM_PATTERNS = ("^inclusion:", *_TOPICS.values(), r"(?:,| or ).*(?:,| or )", r"^\w+:(?: \S+){1,4}$")


def topics_of(criterion: str) -> list[float]:
    """One number a topic of `TOPICS`: 1.0 where it occurs, then how many alternatives, then whether it is short."""
    found = [float(bool(pattern.search(criterion))) for pattern in _PATTERNS.values()]
    return [*found, float(criterion.lower().count(" or ") + criterion.count(",")), float(len(criterion.split()) < 5)]
