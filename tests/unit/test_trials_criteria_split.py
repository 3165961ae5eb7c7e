"""Eligibility texts of every style, split as a coordinator would. All texts are synthetic."""

from __future__ import annotations

from dataclasses import replace

import pytest

from winnow.trials.criteria import Criterion, account, leftover, split_criteria
from winnow.trials.registry import Trial


def split(text: str, **fields: object) -> tuple[Criterion, ...]:
    return split_criteria(replace(Trial("T1", "synthetic", text), **fields))


def told(text: str) -> list[tuple[str, str]]:
    """Kind and words of the top-level criteria."""
    return [(one.kind[0], one.text) for one in split(text)]


def tree(criteria: tuple[Criterion, ...]) -> list[object]:
    """Words as nested lists: a criterion with children is [words, connective, children]."""
    return [[one.text, one.connective, tree(one.children)] if one.children else one.text for one in criteria]


A_B = [("i", "Age over 40"), ("i", "Gout"), ("e", "Asthma"), ("e", "Pregnant")]


@pytest.mark.parametrize(
    "text",
    [
        "Inclusion Criteria:\n\n* Age over 40\n* Gout\n\nExclusion Criteria:\n\n* Asthma\n* Pregnant",
        "INCLUSION CRITERIA\n- Age over 40\n- Gout\nEXCLUSION CRITERIA\n- Asthma\n- Pregnant",
        "Key Inclusion Criteria:\n1. Age over 40\n2. Gout\nKey Exclusion Criteria:\n1. Asthma\n2. Pregnant",
        "Inclusion:\n(a) Age over 40\n(b) Gout\nExclusion:\n(a) Asthma\n(b) Pregnant",
        "**Inclusion**\n\n• Age over 40\n• Gout\n\n**Exclusion**\n\n• Asthma\n• Pregnant",
        "### Inclusion criteria\n\ni. Age over 40\nii. Gout\n\n### Exclusion criteria\n\ni. Asthma\nii. Pregnant",
        "Subjects must meet all of the following criteria:\n1) Age over 40\n2) Gout\n"
        "Patients are excluded if\n1) Asthma\n2) Pregnant",
        "Main inclusion criteria are:\n\u2013 Age over 40\n\u2013 Gout\n"
        "Exclusion criteria include:\n\u2013 Asthma\n\u2013 Pregnant",
        "Inclusion Criteria:\n\nAge over 40\n\nGout\n\nNon-inclusion criteria:\n\nAsthma\n\nPregnant",
        "Inclusion Criteria:\n - \u2022 Age over 40\n - \u2022 Gout\n"
        "Exclusion Criteria:\n -  (1) Asthma\n -  (2) Pregnant",
        "Inclusion Criteria:~* Age over 40~* Gout~Exclusion Criteria:~* Asthma~* Pregnant",
        "Inclusion Criteria: 1. Age over 40 2. Gout Exclusion Criteria: 1. Asthma 2. Pregnant",
        "Inclusion Criteria:\r\n\r\n\\* Age over 40\r\n\\* Gout\r\n\r\n"
        "Exclusion Criteria:\r\n\r\n\\* Asthma\r\n\\* Pregnant",
        "Patients will be eligible if:\no Age over 40\no Gout\nPatients with any of the following will be excluded:\n"
        "o Asthma\no Pregnant",
        "Criteria for inclusion:\nI-1. Age over 40\nI-2. Gout\nExclusion criteria\nE-1. Asthma\nE-2. Pregnant",
        "Inclusion Criteria: Age over 40; Gout; \nExclusion Criteria: - Asthma\n- Pregnant",
    ],
)
def test_headings_and_lists_of_many_styles_say_the_same(text: str) -> None:
    assert [(kind, words.rstrip(";")) for kind, words in told(text)] == A_B


def test_ids_follow_the_text_and_spans_give_the_words() -> None:
    text = "Exclusion Criteria:\n- Asthma\nInclusion Criteria:\n- Gout:\n  - left\n  - right"
    criteria = split(text)
    assert [one.criterion_id for one in criteria] == ["T1/i01", "T1/e01"]
    assert [child.criterion_id for child in criteria[0].children] == ["T1/i01.1", "T1/i01.2"]
    assert [text[child.start : child.end] for child in criteria[0].children] == ["left", "right"]


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (18.0, 75.0, "Age: 18 years to 75 years"),
        (0.5, None, "Age: 0.5 years or older"),
        (None, 17.0, "Age: up to 17 years"),
    ],
)
def test_the_registry_s_age_comes_first(low: float | None, high: float | None, words: str) -> None:
    criteria = split("Gout", minimum_age=low, maximum_age=high, sex="female")
    assert [(one.criterion_id, one.text) for one in criteria[:2]] == [("T1/age", words), ("T1/sex", "Sex: female")]
    assert [(one.kind, one.start, one.end) for one in criteria[:2]] == [("inclusion", -1, -1)] * 2


def test_absent_fields_of_the_registry_ask_nothing() -> None:
    assert [one.criterion_id for one in split("Gout")] == ["T1/i01"]
    assert split("") == ()


def test_without_a_heading_only_lines_that_say_so_exclude() -> None:
    text = "Gout for a year\n\nNo asthma\n\nExclude patients with hives\n\nPregnant women are not eligible"
    assert [kind for kind, _ in told(text)] == ["i", "i", "e", "e"]
    assert told("Inclusion Criteria:\n- No asthma\n- Smokers are excluded")[1][0] == "i"


def test_a_sentence_that_asks_something_is_no_heading() -> None:
    text = "Exclusion Criteria:\n\nPatients with eczema are excluded, with the following exceptions:\n\nmild eczema"
    assert tree(split(text)) == [
        ["Patients with eczema are excluded, with the following exceptions:", "unstated", ["mild eczema"]]
    ]


@pytest.mark.parametrize(
    ("lead", "connective", "pure"),
    [
        ("One of the following:", "any", True),
        ("Any of:", "any", True),
        ("Patients must meet all of the following", "all", True),
        ("At least 2 of the following:", "at least 2", True),
        ("Three or more of the following criteria:", "at least 3", True),
        ("Gout confirmed by either of the following:", "any", False),
        ("Adequate organ function, defined as:", "unstated", True),
        ("None of the following:", "any", False),
        ("Aged at least 18 years of age with:", "unstated", False),
    ],
)
def test_lead_ins_say_how_their_items_combine(lead: str, connective: str, pure: bool) -> None:
    (one,) = split(f"Inclusion Criteria:\n\n* {lead}\n\n  * Red joints\n  * Fever")
    assert (one.text, one.connective, one.lead_in) == (lead, connective, pure)
    assert [child.text for child in one.children] == ["Red joints", "Fever"]


@pytest.mark.parametrize(("word", "connective"), [("or", "any"), ("and", "all"), ("and/or", "any")])
def test_items_say_how_they_combine_when_the_lead_in_does_not(word: str, connective: str) -> None:
    (one,) = split(f"Inclusion Criteria:\n1. Joints:\n   a. red; {word}\n   b. hot")
    assert one.connective == connective


def test_nesting_by_marks_alone() -> None:
    text = "Inclusion Criteria:\n1. Gout, any of:\na. red\nb. hot:\ni. at night\nii. by day\n2. Fever"
    hot = ["hot:", "unstated", ["at night", "by day"]]
    assert tree(split(text)) == [["Gout, any of:", "any", ["red", hot]], "Fever"]


def test_a_flat_list_ends_where_its_items_do() -> None:
    text = (
        "Inclusion Criteria:\n\nAdequate organ function:\n\nPlatelets > 100\n\nHemoglobin > 9\n\nECOG 0 or 1\n\n"
        "Meets one of these criteria:\n\nred joints; or\n\nhot joints\n\nSigned consent"
    )
    assert tree(split(text)) == [
        ["Adequate organ function:", "unstated", ["Platelets > 100", "Hemoglobin > 9"]],
        "ECOG 0 or 1",
        ["Meets one of these criteria:", "any", ["red joints; or", "hot joints"]],
        "Signed consent",
    ]


def test_a_first_item_that_is_indented_by_mistake_leads_nothing() -> None:
    text = "Exclusion Criteria:\n- Gout.\n  - Asthma.\n  - Fever."
    assert told(text) == [("e", "Gout."), ("e", "Asthma."), ("e", "Fever.")]


def test_both_of_the_following_takes_two() -> None:
    text = "Inclusion Criteria:\n\nBoth of the following:\n\nRed joints\n\nHot joints\n\nSwollen joints"
    assert tree(split(text)) == [["Both of the following:", "all", ["Red joints", "Hot joints"]], "Swollen joints"]


def test_alternatives_that_stand_side_by_side_are_one_criterion() -> None:
    assert told("Inclusion Criteria:\n* WBC > 3 OR\n* ANC > 1.5\n* Gout") == [
        ("i", "WBC > 3 OR\n* ANC > 1.5"),
        ("i", "Gout"),
    ]
    assert told("Inclusion Criteria:\n\nRed joints\n\nOR\n\nHot joints")[0][1] == "Red joints\n\nOR\n\nHot joints"


def test_cohorts_reach_to_the_next_one_or_the_next_section() -> None:
    text = (
        "Inclusion Criteria:\n\nAll cohorts:\n\n* Gout\n\nCohort A:\n\n* Red\n\nPart 2 only:\n\n* Hot\n\n"
        "Inclusion criteria for healthy volunteers:\n\n* Fit\n\nExclusion Criteria:\n\n* Asthma\n* Arm B: Hives"
    )
    assert [(one.text, one.cohort) for one in split(text)] == [
        ("Gout", None),
        ("Red", "Cohort A"),
        ("Hot", "Part 2 only"),
        ("Fit", "healthy volunteers"),
        ("Asthma", None),
        ("Hives", "Arm B"),
    ]


def test_steps_that_everybody_takes_are_no_cohorts() -> None:
    assert split("PRE-REGISTRATION INCLUSION CRITERIA:\n- Gout")[0].cohort is None


NCI = (
    "DISEASE CHARACTERISTICS: Proven gout (stage I or II) No brain gout PATIENT CHARACTERISTICS: Age: 18 and over "
    "Sex: Not specified Performance status: Zubrod 0-2 Other: Not pregnant Able to walk PRIOR CONCURRENT THERAPY: "
    "Biologic therapy: Not specified Surgery: See Disease Characteristics"
)


@pytest.mark.parametrize(
    "text", [NCI, NCI.replace(": ", ":\n\n").replace(" No ", "\n\nNo ").replace(" Able", "\n\nAble")]
)
def test_the_old_cancer_institute_s_style_run_on_or_in_paragraphs(text: str) -> None:
    for word in ("PATIENT", "PRIOR", "Age", "Sex", "Performance", "Other", "Biologic", "Surgery"):
        text = text if "\n" not in text else text.replace(f" {word}", f"\n\n{word}")
    assert [(one.text, one.headings) for one in split(text)] == [
        ("Proven gout (stage I or II)", ("DISEASE CHARACTERISTICS",)),
        ("No brain gout", ("DISEASE CHARACTERISTICS",)),
        ("18 and over", ("PATIENT CHARACTERISTICS", "Age")),
        ("Zubrod 0-2", ("PATIENT CHARACTERISTICS", "Performance status")),
        ("Not pregnant", ("PATIENT CHARACTERISTICS", "Other")),
        ("Able to walk", ("PATIENT CHARACTERISTICS", "Other")),
    ]
    assert leftover(Trial("T1", "", text)) == ["Not specified", "Not specified", "See Disease Characteristics"]


def test_a_lone_paragraph_is_split_at_its_sentences() -> None:
    text = "Inclusion Criteria: Gout since e.g. childhood. Age over 40. Fever. However, mild fever is allowed."
    assert told(text) == [
        ("i", "Gout since e.g. childhood."),
        ("i", "Age over 40."),
        ("i", "Fever. However, mild fever is allowed."),
    ]


def test_an_item_with_several_sentences_stays_whole() -> None:
    assert told("* Gout. It may be old.\n* Fever") == [("i", "Gout. It may be old."), ("i", "Fever")]


def test_lists_between_semicolons_become_items() -> None:
    text = (
        "Inclusion Criteria:\n- Blood counts: platelets > 100; hemoglobin > 9 (or 8; if old); neutrophils > 1\n- Gout"
    )
    assert tree(split(text)) == [
        ["Blood counts:", "unstated", ["platelets > 100;", "hemoglobin > 9 (or 8; if old);", "neutrophils > 1"]],
        "Gout",
    ]


def test_wrapped_lines_are_joined() -> None:
    text = "Inclusion Criteria:\n  -  Gout that has been confirmed by a physician in\n     the last year\n  -  Fever"
    assert " ".join(told(text)[0][1].split()) == "Gout that has been confirmed by a physician in the last year"
    broken = "Exclusion Criteria:\n* Strong inhibitors of\n* CYP3A enzymes\n* Gout"
    assert [words for _, words in told(broken)] == ["Strong inhibitors of\n* CYP3A enzymes", "Gout"]


def test_enumerations_run_on_within_a_line() -> None:
    text = "Inclusion Criteria:\n\n4. Aged 18 5. Gout of grade 2. Stable 6. Fever\n\n7. Hives with a. rash b. wheals"
    assert tree(split(text)) == [
        "Aged 18",
        "Gout of grade 2. Stable",
        "Fever",
        ["Hives with", "unstated", ["rash", "wheals"]],
    ]


@pytest.mark.parametrize(
    "words", ["E. coli infection", "5-FU within 4 weeks", "-5 to 5 dioptres", "1.5 x ULN", "I.V. drugs"]
)
def test_what_only_looks_like_a_mark_is_kept(words: str) -> None:
    assert told(f"Gout\n\n{words}\n\nFever")[1][1] == words


def test_notes_and_exceptions_go_with_what_they_are_about() -> None:
    text = (
        "Exclusion Criteria:\n\n* Asthma\n* Note: mild asthma is none\n* Gout\n* Patients with old gout may participate"
    )
    assert [words.split("\n")[0] for _, words in told(text)] == ["Asthma", "Gout"]
    assert all("\n" in words for _, words in told(text))


def test_every_character_has_one_role() -> None:
    text = "Key Inclusion Criteria:\n\n* Gout\n\nExclusion Criteria:\n\n\u2022 None"
    told = [(text[start:end], role) for start, end, role in account(Trial("T1", "", text))]
    assert told == [
        ("Key Inclusion Criteria:", "heading"),
        ("*", "bullet"),
        ("Gout", "criterion"),
        ("Exclusion Criteria:", "heading"),
        ("\u2022", "bullet"),
        ("None", "not a demand"),
    ]


@pytest.mark.parametrize(
    "words",
    ["Not specified", "See Disease Characteristics", "N/A", "Other protocol-defined exclusion criteria may apply."],
)
def test_what_asks_nothing_is_no_criterion_but_is_told(words: str) -> None:
    text = f"Inclusion Criteria:\n\n* Gout\n\nExclusion Criteria:\n\n* {words}"
    assert told(text) == [("i", "Gout")]
    assert leftover(Trial("T1", "", text)) == [words]
