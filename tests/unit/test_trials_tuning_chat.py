"""Records for tuning a chat model: checked before they are used, in the chat engine's own form, reasoning first."""

from __future__ import annotations

import importlib
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tiny_chat import make_tiny_chat
from winnow.core import WinnowError
from winnow.trials.annotations import AnswerRow
from winnow.trials.answering.chat.prompt import schema_for
from winnow.trials.tuning.chat import examples_of, tune_chat
from winnow.trials.tuning.records import (
    Citation,
    Record,
    ShownChunk,
    check_record,
    read_records,
    records_from_rows,
    write_records,
)

# Invented.
RECORD = Record(
    question="Does the patient have kettlepox?",
    kind="exclusion",
    criterion="History of kettlepox",
    chunks=(
        ShownChunk("c0", "Kettlepox was found. She is well.", "clinical | 2024-01-02"),
        ShownChunk("c3", "No rash."),
    ),
    answer="yes",
    explanation="c0 says that kettlepox was found.",
    citations=(Citation("c0", "Kettlepox was found."),),
    as_of=date(2024, 2, 1),
)


def test_records_survive_the_disk(tmp_path: Path) -> None:
    other = replace(RECORD, answer="not documented", citations=(), as_of=None, confidence=2)
    write_records(tmp_path / "records.jsonl", [RECORD, other])
    assert read_records(tmp_path / "records.jsonl") == [RECORD, other]


@pytest.mark.parametrize(
    "changes",
    [
        {"answer": "maybe"},
        {"kind": "either"},
        {"chunks": ()},
        {"chunks": (RECORD.chunks[0], RECORD.chunks[0])},
        {"citations": ()},
        {"citations": (Citation("c0", "kettlepox was found."),)},
        {"citations": (Citation("c3", "Kettlepox was found."),)},
        {"citations": (Citation("c9", "Kettlepox"),)},
        {"citations": (Citation("c0", " "),)},
        {"explanation": " "},
        {"question": ""},
        {"confidence": 6},
    ],
)
def test_a_record_that_contradicts_itself_is_refused_without_its_words(changes: dict[str, Any], tmp_path: Path) -> None:
    assert check_record(RECORD) is RECORD
    write_records(tmp_path / "records.jsonl", [RECORD, replace(RECORD, **changes)])
    with pytest.raises(WinnowError) as caught:
        read_records(tmp_path / "records.jsonl")
    assert caught.value.code == "WN-C01"
    assert "line 2" in str(caught.value)
    assert "ettlepox" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (None, "WN-D01"),
        ("\n", "WN-D01"),
        ('{"question": "kettlepox"}', "WN-D03"),
        ("kettlepox", "WN-D03"),
        ("3", "WN-D03"),
    ],
)
def test_what_are_no_records_has_a_code_and_its_words_are_not_told(
    content: str | None, code: str, tmp_path: Path
) -> None:
    if content is not None:
        (tmp_path / "records.jsonl").write_text(content)
    with pytest.raises(WinnowError) as caught:
        read_records(tmp_path / "records.jsonl")
    assert caught.value.code == code
    assert "kettlepox" not in str(caught.value)


def row(label: str, evidence: Sequence[int] = (), kind: str = "exclusion") -> AnswerRow:
    note = ("A woman is seen.", "Kettlepox was found.")
    return AnswerRow("p", "t", "", kind, "History of kettlepox", note, label, "excluded", tuple(evidence))


@pytest.mark.parametrize(
    ("label", "evidence", "answer", "cited"),
    [
        ("excluded", [1], "yes", ["Kettlepox was found."]),
        ("not excluded", [0], "no", ["A woman is seen."]),
        ("not excluded", [], "not documented", []),
        ("not enough information", [0], "not documented", []),
        ("not applicable", [0], "not applicable", []),
    ],
)
def test_experts_rows_become_records(label: str, evidence: list[int], answer: str, cited: list[str]) -> None:
    (record,) = records_from_rows([row(label, evidence)])
    check_record(record)
    assert record.answer == answer
    assert [citation.text for citation in record.citations] == cited
    # The recorded language model's label is none of the expert's.
    assert records_from_rows([replace(row(label, evidence), model_label="included")]) == [record]


def test_a_yes_that_cites_nothing_and_an_empty_criterion_are_left_out() -> None:
    assert records_from_rows([row("included", []), replace(row("excluded", [1]), criterion="")]) == []


def test_the_completion_fits_the_engine_s_schema_and_reasons_before_it_answers() -> None:
    (example,) = examples_of([RECORD])
    told = json.loads(example.completion)
    schema = schema_for(1)
    assert list(told) == list(schema["properties"])
    assert list(told).index("reasoning") < list(told).index("answer")
    assert told["answer"] in schema["properties"]["answer"]["enum"]
    assert told["quotes"] == [{"chunk": "c0", "text": "Kettlepox was found."}]
    assert "No rash." in example.user
    assert "2024-02-01" in example.user
    # The answer stands in the completion, which alone is learnt from.
    assert RECORD.explanation not in example.system + example.user


def test_a_model_is_tuned_to_records_and_its_loss_falls(tmp_path: Path, one_thread: None) -> None:
    settings = importlib.import_module("winnow.language.lora").LoraSettings(
        rank=4, alpha=8, epochs=4, batch=2, accumulation=1, learning_rate=2e-2, max_tokens=2048, warmup=0.0
    )
    base = make_tiny_chat(tmp_path / "base")
    tuned = tune_chat(str(base), [RECORD, replace(RECORD, kind="inclusion")], tmp_path / "out", settings)
    assert tuned.losses[-1] < tuned.losses[0] - 0.05
    assert (tuned.folder / "adapter_model.safetensors").is_file()
    with pytest.raises(WinnowError) as caught:
        tune_chat(str(base), [replace(RECORD, citations=())], tmp_path / "other", settings)
    assert caught.value.code == "WN-C01"
