"""Clinical text cut into sentences: abbreviations, lists, tables, wrapped lines, and the sections they stand in."""

from __future__ import annotations

import pytest

from winnow.trials.retrieval import is_family_history, split_text


def sentences(text: str) -> list[str]:
    return [text[own.start : own.end] for own in split_text(text) if own.role == "sentence"]


def sections(text: str) -> dict[str, str]:
    return {text[own.start : own.end]: own.section for own in split_text(text) if own.role == "sentence"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Dr. Ode saw her. She is well.", ["Dr. Ode saw her.", "She is well."]),
        ("Takes 5 mg. daily of it. Denies pain.", ["Takes 5 mg. daily of it.", "Denies pain."]),
        ("Staged as pT1c. Margins clear.", ["Staged as pT1c.", "Margins clear."]),
        ("Drugs, e.g. Aspirin, were stopped. OK.", ["Drugs, e.g. Aspirin, were stopped.", "OK."]),
        ("Mass of 2.5 cm. Hb 11.2 g/dL.", ["Mass of 2.5 cm.", "Hb 11.2 g/dL."]),
        ("Her ECOG was 1. She walks.", ["Her ECOG was 1.", "She walks."]),
        ("She has hepatitis C. No cirrhosis.", ["She has hepatitis C.", "No cirrhosis."]),
        ("Seen by John A. Smith today.", ["Seen by John A. Smith today."]),
        ("denies pain. she walks approx. five km", ["denies pain.", "she walks approx. five km"]),
        ("Fever? No! Well.", ["Fever?", "No!", "Well."]),
        ('He said "stop." Then left.', ['He said "stop."', "Then left."]),
        ("**Stage IV.** On *capecitabine*. Well.", ["**Stage IV.**", "On *capecitabine*.", "Well."]),
    ],
)
def test_stops_that_end_a_sentence_are_told_from_others(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


def test_list_items_and_values_end_with_their_line() -> None:
    text = "1. Aspirin\n2) Letrozole 2.5 mg\n- [x] fatigue\n• nausea\nECOG: 1\nWeight: 70 kg\r\nHeight: 1.8 m"
    assert sentences(text) == [
        *("Aspirin", "Letrozole 2.5 mg", "[x] fatigue", "nausea"),
        *("ECOG: 1", "Weight: 70 kg", "Height: 1.8 m"),
    ]


def test_wrapped_lines_are_joined_and_short_ones_are_not() -> None:
    wrapped = (
        "The patient is a 61 year old woman with a history of a\nmass in the left breast. She came\r\nto us today."
    )
    assert sentences(wrapped) == [wrapped.split(". ")[0] + ".", "She came\r\nto us today."]
    assert sentences("Metformin 500 mg\nLisinopril 10 mg") == ["Metformin 500 mg", "Lisinopril 10 mg"]
    broken = "This line is long enough to have been wrapped by an editor  \nThis one was begun on purpose"
    assert len(sentences(broken)) == 2


def test_a_table_gives_a_sentence_a_row_and_its_frame_is_markup() -> None:
    text = "Results\n| Gene | Finding |\n|---|:--|\n| KRAS | p.G12C. Found. |\n| TP53 | none |\n"
    roles = {text[own.start : own.end]: own.role for own in split_text(text)}
    assert roles == {
        "Results": "header",
        "| Gene | Finding |": "header",
        "|---|:--|": "markup",
        "| KRAS | p.G12C. Found. |": "sentence",
        "| TP53 | none |": "sentence",
    }


HEADERS = [
    "## Family History",
    "**Family History**",
    "**Family History:**",
    "FAMILY HISTORY",
    "FAMILY HISTORY:",
    "Family history",
]


@pytest.mark.parametrize("header", HEADERS)
def test_headers_of_every_style_open_a_section(header: str) -> None:
    text = f"# Note\nHe is well.\n\n{header}\n- Mother had breast cancer.\n- **Father:** stroke\n\n## Plan\nRest."
    assert sections(text) == {
        "He is well.": "Note",
        "Mother had breast cancer.": header.strip("#*: "),
        "**Father:** stroke": header.strip("#*: "),
        "Rest.": "Plan",
    }


def test_relatives_below_a_family_history_open_no_section() -> None:
    text = "# Family History\n**Maternal side**\nAunt with ovarian cancer.\nMother:\nwell"
    assert set(sections(text).values()) == {"Family History"}


def test_a_header_on_the_line_of_its_sentence_holds_until_the_next_value_or_blank_line() -> None:
    text = (
        "Family History: Mother had breast cancer. Aunt too.\nnone else\nECOG: 1\n\nAllergies: penicillin\n\nShe walks."
    )
    assert sections(text) == {
        "Family History: Mother had breast cancer.": "Family History",
        "Aunt too.\nnone else": "Family History",
        "ECOG: 1": "",
        "Allergies: penicillin": "Allergies",
        "She walks.": "",
    }


def test_what_only_looks_like_a_header_stays_a_sentence() -> None:
    kept = [
        "She takes the following:",
        "## Stage IIIB disease of 2021",
        "NO KNOWN DRUG ALLERGIES",
        "- **HER2 positive**",
    ]
    for line in kept:
        assert sentences(f"He is well.\n\n{line}\n\nMore was said.")[1] in line
    shouted = "PATIENT IS WELL\nBREAST CANCER STAGE II\nPLAN:\nLETROZOLE"
    assert sections(shouted) == {"PATIENT IS WELL": "", "BREAST CANCER STAGE II": "", "LETROZOLE": "PLAN"}


def test_no_sentence_outgrows_an_encoder_by_much() -> None:
    text = "; ".join(f"drug {at}" for at in range(400)) + " " + "x" * 3000
    assert max(map(len, sentences(text))) <= 800
    assert sentences(text)[0].endswith(";")
    assert sentences(" \r\n\t\n") == []


@pytest.mark.parametrize("name", ["Family History", "FHx", "Family medical history", "FAMILY HX", "Family"])
def test_sections_that_tell_of_relatives(name: str) -> None:
    assert is_family_history(name)


@pytest.mark.parametrize("name", ["Past Medical History", "Discussion With Patient & Family", "Family meeting", ""])
def test_sections_that_tell_of_the_patient(name: str) -> None:
    assert not is_family_history(name)
