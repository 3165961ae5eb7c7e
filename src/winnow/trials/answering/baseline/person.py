"""Who the patient is: age and sex from the record or the notes, and whom a question is about."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from winnow.trials.answering.baseline.assertion import assess
from winnow.trials.answering.baseline.evidence import SURE, Finding, latest_first
from winnow.trials.answering.baseline.intervals import compare
from winnow.trials.composition import Comparison, convert
from winnow.trials.retrieval import Chart, Sentence

_UNITS = {"y": 1.0, "m": 1 / 12, "w": 7 / 365.25, "d": 1 / 365.25}
_UNIT = r"(?P<unit>years?|yrs?|y\.?/?o\.?|months?|mos?|m/?o|weeks?|wks?|days?)"
_AGES = (
    re.compile(rf"(?<![\d.-])(?P<value>\d{{1,3}})[ -]?{_UNIT}[ -]*(?:old|of age)\b", re.IGNORECASE),
    re.compile(r"(?<![\d.-])(?P<value>\d{1,3})[ -]?(?P<unit>y\.?/?o\.?)(?![a-z])", re.IGNORECASE),
    re.compile(r"(?<![\d.-])(?P<value>\d{1,3})(?P<unit>)[ -]?(?:F|M|yF|yM)\b(?= |,|\.|$)"),
    re.compile(rf"\b(?:patient age|age[d]?)\s*(?:is|:|=)?\s*(?P<value>\d{{1,3}})(?:[ -]?{_UNIT})?\b", re.IGNORECASE),
)
# "Died at age 61", "diagnosed at the age of 9": an age, but not today's.
_THEN = re.compile(
    r"\b(?:at|since|from|until|before|after|by)(?: the| an?)? $|\bwhen (?:she|he) was $|"
    r"\b(?:her|his|their|whose) (?:\w+ )?$",
    re.IGNORECASE,
)
# Plurals are about groups: "three of the women" says nothing of the patient.
_FEMALE = re.compile(
    r"\b(?:woman|female|lady|girl|mrs|ms|gentlewoman|housewife|postmenopausal|premenopausal)\b", re.IGNORECASE
)
_MALE = re.compile(r"\b(?:man|male|gentleman|boy|mr)\b", re.IGNORECASE)
_SHE, _HE = re.compile(r"\b(?:she|her|hers)\b", re.IGNORECASE), re.compile(r"\b(?:he|his|him)\b", re.IGNORECASE)
_FEMALE_ONLY = re.compile(
    r"pregnan|breast[- ]?feed|lactat|nursing (?:mother|wom)|child[- ]?bearing|\bwom[ae]n\b|\bfemales?\b|menopaus|"
    r"menstru|\buter(?:us|ine)\b|ovar(?:y|ian)|cervical cancer|gravid|\bgirls?\b", re.IGNORECASE)  # fmt: skip
_MALE_ONLY = re.compile(
    r"\bprostat|\bmen\b|\bmales?\b|testic|erectile|\bboys?\b|father(?:ing)? (?:a )?child", re.IGNORECASE
)
_FERTILITY = re.compile(
    r"pregnan|breast[- ]?feed|lactat|nursing (?:mother|wom)|child[- ]?bearing|contracepti", re.IGNORECASE
)
_OTHERS = re.compile(r"\bpartners?\b", re.IGNORECASE)
_SEX = re.compile(
    r"^\W*(?:the )?(?:patients?|subjects?|participants?)?\W*(?:is|are|must be|be)?\W*(?:an?\s)?(?:adult\s)?"
    r"(?P<sex>both sexes|(?:male|man|men)s?(?: or | and |/)(?:female|woman|women)s?|"
    r"(?:female|woman|women)s?(?: or | and |/)(?:male|man|men)s?|females?|wom[ae]n|males?|m[ae]n|girls?|boys?)"
    r"(?: (?:patients?|subjects?|participants?|sex|gender))?\W*$", re.IGNORECASE)  # fmt: skip
FERTILE = (10.0, 60.0)  # years; outside of it questions of pregnancy and contraception do not arise


@dataclass(frozen=True)
class Age:
    """An age in years, between `low` and `high`, and the sentence that says it; None for a record without one."""

    low: float
    high: float
    sentence: Sentence | None


def find_age(chart: Chart) -> Age | None:
    """The patient's age on the chart's day: by the date of birth, else by the newest sentence that states it."""
    born, as_of = chart.patient.born, chart.as_of
    if born and as_of:
        years = as_of.year - born.year - ((as_of.month, as_of.day) < (born.month, born.day))
        exact = (as_of - born).days / 365.25 if years < 2 else float(years)
        return Age(exact, exact, _saying(chart, born))
    for sentence in latest_first(chart.sentences):
        for value in _stated_ages(sentence):
            passed = _years_between(sentence.day, as_of)
            # A stated age is in whole years: after 1.5 years it may have grown by one or by two.
            return Age(value + int(passed), value + (int(passed) + 1 if passed % 1 else passed), sentence)
    return None


def age_finding(comparison: Comparison, age: Age) -> Finding:
    """An age compared with a criterion's bounds; open when the passed time leaves it open."""
    holds = compare(age.low, age.high, _in_years(comparison))
    said = f"age {age.low:g}" + (f" to {age.high:g}" if age.high > age.low else "") + " years"
    flags = ("outdated",) if holds is None else ()
    return Finding(holds, (age.sentence,) if age.sentence else (), said, "rule:age", SURE, flags)


def find_sex(chart: Chart) -> tuple[str, Sentence | None] | None:
    """ "female" or "male", and the sentence that says so: the record, then the notes' nouns, then their pronouns."""
    recorded = chart.patient.sex if chart.patient.sex in ("female", "male") else None
    for female, male in ((_FEMALE, _MALE), (_SHE, _HE)):
        for sentence in chart.sentences:
            said = _sex_in(sentence, female, male)
            if said and recorded in (None, said):
                return said, sentence
    return (recorded, None) if recorded else None


def sex_finding(statement: str, sex: tuple[str, Sentence | None]) -> Finding | None:
    """The answer to a question that asks for nothing but a sex; None for any other question."""
    match = _SEX.match(statement)
    if match is None:
        return None
    asked = match["sex"].lower()
    female = bool(re.search(r"female|wom[ae]n|girl", asked))
    male = bool(re.search(r"\b(?:male|man|men|boy)s?\b", asked))
    holds = "both" in asked or (female and male) or (sex[0] == "female" if female else sex[0] == "male")
    return Finding(holds, (sex[1],) if sex[1] else (), f"the patient is {sex[0]}", "rule:sex", SURE)


def not_for_this_patient(population: str, sex: tuple[str, Sentence | None] | None, age: Age | None) -> Finding | None:
    """Why words about a population ("women of childbearing potential") cannot be about this patient, if so."""
    if _OTHERS.search(population):
        return None
    female, male = bool(_FEMALE_ONLY.search(population)), bool(_MALE_ONLY.search(population))
    why, sentence = "", None
    if sex and female != male and sex[0] == ("male" if female else "female"):
        why, sentence = f"the patient is {sex[0]}", sex[1]
    elif age and _FERTILITY.search(population) and not (FERTILE[0] <= age.high and age.low <= FERTILE[1]):
        why, sentence = f"the patient is {age.low:g} years old", age.sentence
    if not why:
        return None
    return Finding(None, (sentence,) if sentence else (), why, "rule:applicability", SURE, applies=False)


def _stated_ages(sentence: Sentence) -> Iterator[float]:
    for pattern in _AGES:
        for match in pattern.finditer(sentence.text):
            said = assess(sentence.text, match.start(), match.end(), sentence.section)
            if said.person == "patient" and not said.hypothetical and not _THEN.search(sentence.text[: match.start()]):
                yield int(match["value"]) * _UNITS[(match["unit"] or "y")[0].lower()]


def _years_between(day: date | None, as_of: date | None) -> float:
    return max((as_of - day).days, 0) / 365.25 if day and as_of else 0.0


def _in_years(comparison: Comparison) -> Comparison:
    unit = comparison.unit or "years"
    low = convert(comparison.low, unit, "years", "age")
    high = None if comparison.high is None else convert(comparison.high, unit, "years", "age")
    return Comparison("age", comparison.operator, comparison.low if low is None else low, high, "years")


def _saying(chart: Chart, born: date) -> Sentence | None:
    """The sentence that gives the date of birth, else the newest that states an age."""
    written = (born.isoformat(), born.strftime("%m/%d/%Y"), born.strftime("%d.%m.%Y"))
    for sentence in chart.sentences:
        if any(form in sentence.text for form in written):
            return sentence
    return next((s for s in latest_first(chart.sentences) if any(True for _ in _stated_ages(s))), None)


def _sex_in(sentence: Sentence, female: re.Pattern[str], male: re.Pattern[str]) -> str | None:
    """The sex of the first word that is about the patient; pronouns of relatives make no difference here."""
    found = [(m.start(), m.end(), "female") for m in female.finditer(sentence.text)]
    found += [(m.start(), m.end(), "male") for m in male.finditer(sentence.text)]
    for start, end, sex in sorted(found):
        said = assess(sentence.text, start, end, sentence.section)
        if said.person == "patient" and not said.negated and not said.hypothetical:
            return sex
    return None
