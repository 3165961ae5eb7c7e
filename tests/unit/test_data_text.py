"""Sets of texts: every format gives the same data, and what cannot work is refused with a code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import test_data_writers as images
import torch

import text_cases as cases
from winnow.core import WinnowError
from winnow.data import DataSet, describe, load
from winnow.data.augment import check_augment
from winnow.sparsity import Mask
from winnow.training import Member, TrainingPlan, train

SETS = cases.splits(cases.sentences())
CLASSES = {"label": {"_type": "ClassLabel", "names": ["out", "in"]}}


def loaded(folder: Path | str, **options: Any) -> DataSet:
    return load(folder, **{"validation": 5, "seed": 0, "tokenizer": cases.word_ids, **options})


def refused(folder: Path | str, **options: Any) -> WinnowError:
    with pytest.raises(WinnowError) as caught:
        loaded(folder, **options)
    return caught.value


def with_row(row: tuple[Any, ...], split: str = "train") -> dict[str, cases.Rows]:
    return {**SETS, split: [*SETS[split], row]}


def test_texts_become_token_ids_of_one_length(tmp_path: Path) -> None:
    data = loaded(cases.write_texts(tmp_path / "texts", SETS, "csv"))
    assert data.is_text
    assert data.train.inputs.dtype is torch.int64
    longest = max(len(text.split()) for rows in SETS.values() for text, _ in rows)
    assert data.input_shape == (longest,)
    for split, rows in ((data.train, SETS["train"]), (data.validation, SETS["validation"]), (data.test, SETS["test"])):
        assert split.labels.tolist() == [label for _, label in rows]
        for ids, (text, _) in zip(split.inputs, rows, strict=True):
            words = text.split()
            assert ids.tolist() == cases.word_ids([text])[0].tolist() + [0] * (longest - len(words))
    counts = {name: len(rows) for name, rows in SETS.items()}
    told = describe(data)
    assert told["texts"] == counts
    assert told["shape"] == [longest]


@pytest.mark.parametrize("kind", ["tsv", "jsonl", "parquet"])
def test_every_format_gives_the_same_data(kind: str, tmp_path: Path) -> None:
    data = loaded(cases.write_texts(tmp_path / "a", SETS, "csv"))
    same = loaded(cases.write_texts(tmp_path / "b" / "data", SETS, kind).parent)
    assert same.fingerprint == data.fingerprint
    assert same.classes == data.classes == ("0", "1")
    assert torch.equal(same.test.inputs, data.test.inputs)


@pytest.mark.parametrize(
    "columns",
    [("label", "sentence"), ("label", "anything"), ("y", "review"), ("target", "content")],
)
def test_columns_are_found_by_name_or_as_the_only_text(columns: tuple[str, str], tmp_path: Path) -> None:
    turned = {name: [(label, text) for text, label in rows] for name, rows in SETS.items()}
    data = loaded(cases.write_texts(tmp_path / "a", turned, "parquet", columns))
    assert data.fingerprint == loaded(cases.write_texts(tmp_path / "b", SETS, "csv")).fingerprint


def test_a_pair_of_texts_is_read_as_a_pair(tmp_path: Path) -> None:
    sets = {name: [(text, "age over eighteen", label) for text, label in rows] for name, rows in SETS.items()}
    columns = ("premise", "hypothesis", "label")
    seen: list[Any] = []

    def tokenizer(texts: Any) -> torch.Tensor:
        seen.extend(texts)
        return cases.word_ids([" ".join(pair) for pair in texts])

    for kind in ("jsonl", "parquet"):
        loaded(cases.write_texts(tmp_path / kind, sets, kind, columns), tokenizer=tokenizer)
        assert seen == [row[:2] for rows in sets.values() for row in rows]
        seen.clear()


def test_labels_as_text_are_classes_in_order(tmp_path: Path) -> None:
    names = {0: "10", 1: "9"}
    sets = {name: [(text, names[label]) for text, label in rows] for name, rows in SETS.items()}
    assert loaded(cases.write_texts(tmp_path / "a", sets, "csv")).classes == ("9", "10")
    words = {name: [(text, f"class {label}") for text, label in rows] for name, rows in SETS.items()}
    data = loaded(cases.write_texts(tmp_path / "b", words, "jsonl"))
    assert data.classes == ("class 0", "class 1")
    assert data.fingerprint == loaded(cases.write_texts(tmp_path / "c", SETS, "csv")).fingerprint
    told = loaded(cases.write_texts(tmp_path / "d", SETS, "parquet", features=CLASSES))
    assert told.classes == ("out", "in")


def test_a_set_without_validation_and_test_has_them_carved(tmp_path: Path) -> None:
    folder = cases.write_texts(tmp_path / "a", {"train": cases.sentences()}, "csv")
    data, other = loaded(folder), loaded(folder, seed=1)
    count = len(cases.sentences())
    assert len(data.validation) == 5
    assert len(data.test) == round(count / 5)
    assert len(data.train) == count - 5 - round(count / 5)
    assert torch.equal(other.test.inputs, data.test.inputs)
    assert not torch.equal(other.validation.inputs, data.validation.inputs)
    assert other.fingerprint == data.fingerprint


def test_the_fingerprint_tells_texts_labels_and_tokenizers_apart(tmp_path: Path) -> None:
    text, label = SETS["test"][0]
    relabelled = {**SETS, "test": [(text, 1 - label), *SETS["test"][1:]]}
    reworded = {**SETS, "test": [("no consent", label), *SETS["test"][1:]]}
    marks = {
        loaded(cases.write_texts(tmp_path / str(number), sets, "csv")).fingerprint
        for number, sets in enumerate([SETS, relabelled, reworded])
    }
    assert len(marks) == 3
    other = loaded(tmp_path / "0", tokenizer=lambda texts: cases.word_ids(texts) + 1)
    assert other.fingerprint not in marks


def test_lines_with_commas_breaks_and_a_mark_of_the_editor_are_read(tmp_path: Path) -> None:
    folder = cases.write_texts(tmp_path / "a", SETS, "csv")
    rows = [("no, prior\nage", 0), ('the "known" allergy', 1), *SETS["train"]]
    cases.write_texts(tmp_path / "b", {"train": rows}, "csv")
    (folder / "train.csv").write_bytes(b"\xef\xbb\xbf" + (tmp_path / "b" / "train.csv").read_bytes())
    seen: list[str] = []

    def tokenizer(texts: Any) -> torch.Tensor:
        seen.extend(texts)
        return cases.word_ids(texts)

    loaded(folder, tokenizer=tokenizer)
    assert seen[:2] == ["no, prior\nage", 'the "known" allergy']


@pytest.mark.parametrize(
    ("row", "code", "told"),
    [
        (("", 0), "WN-D03", f"1 texts of the train split are empty, the first in row {len(SETS['train'])}"),
        (("   ", 0), "WN-D03", "empty"),
        (("no age", ""), "WN-D03", "1 labels of the train split are missing"),
    ],
    ids=["empty", "blank", "no label"],
)
def test_rows_that_cannot_be_learned_are_refused(row: Any, code: str, told: str, tmp_path: Path) -> None:
    error = refused(cases.write_texts(tmp_path / "a", with_row(row), "csv"))
    assert error.code == code
    assert told in error.what


def test_an_empty_second_text_of_a_pair_is_refused(tmp_path: Path) -> None:
    sets = {name: [(text, text, label) for text, label in rows] for name, rows in SETS.items()}
    sets["validation"].append(("no age", None, 0))
    error = refused(cases.write_texts(tmp_path / "a", sets, "jsonl", ("sentence1", "sentence2", "label")))
    assert error.code == "WN-D03" and "validation" in error.what


@pytest.mark.parametrize(
    ("columns", "told"),
    [(("text", "score"), "no label column"), (("words", "more"), "no label column"), (("1", "label"), "no column of")],
)
def test_missing_columns_are_named(columns: tuple[str, str], told: str, tmp_path: Path) -> None:
    sets = SETS if columns[0] != "1" else {name: [(1.5, label) for _, label in rows] for name, rows in SETS.items()}
    error = refused(cases.write_texts(tmp_path / "a", sets, "parquet", columns))
    assert error.code == "WN-D03"
    assert told in error.what and columns[0] in error.what


def test_a_split_with_other_columns_or_strange_labels_is_refused(tmp_path: Path) -> None:
    folder = cases.write_texts(tmp_path / "a", SETS, "csv")
    (folder / "test.csv").write_text("text,answer\nno age,0\n")
    assert refused(folder).code == "WN-D03"
    (folder / "test.csv").write_text("text,label\nno age,7\n")
    assert refused(folder).code == "WN-D03"
    (folder / "test.csv").write_text("text,label\n")
    assert refused(folder).code in ("WN-D02", "WN-D03")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("train.csv", b"text,label\nno age,0\nno,age,1\n"),
        ("train.csv", b"text,label\nno age\n"),
        ("train.csv", b'text,label\n"no age,0\n'),
        ("train.csv", b"text,label\n\xff\xfe,0\n"),
        ("train.jsonl", b'{"text": "no age", "label": 0}\nno age\n'),
        ("train.jsonl", b"[1, 2]\n"),
        ("train.parquet", b"PAR1 no table PAR1"),
    ],
    ids=["more fields", "fewer fields", "open quote", "no UTF-8", "no JSON", "no object", "no Parquet"],
)
def test_a_file_that_cannot_be_read_is_named(name: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    error = refused(tmp_path)
    assert error.code == "WN-D02"
    assert name in str(error.where)


def test_a_column_of_several_kinds_is_refused(tmp_path: Path) -> None:
    (tmp_path / "train.jsonl").write_text('{"text": "no age", "label": 0}\n{"text": "age", "label": "in"}\n')
    assert refused(tmp_path).code == "WN-D03"


def test_texts_of_one_class_or_in_an_unknown_form_are_refused(tmp_path: Path) -> None:
    one = {name: [(text, 0) for text, _ in rows] for name, rows in SETS.items()}
    assert refused(cases.write_texts(tmp_path / "a", one, "csv")).code == "WN-D05"
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "train.txt").write_text("no age\n")
    error = refused(tmp_path / "b")
    assert error.code == "WN-D02" and "train.csv" in error.fix
    assert refused(tmp_path / "nothing").code == "WN-D01"


def test_images_for_a_network_of_texts_are_refused(tmp_path: Path) -> None:
    for source in ("digits", images.write_parquet(tmp_path / "a", images.made())):
        error = refused(source)
        assert (error.code, "images" in error.what) == ("WN-M02", True)
    assert refused(images.write_idx(tmp_path / "b", images.made())).code == "WN-M02"


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_texts_for_a_network_of_images_are_refused_with_the_way_out(kind: str, tmp_path: Path) -> None:
    error = refused(cases.write_texts(tmp_path / "a", SETS, kind), tokenizer=None)
    assert error.code == "WN-M02"
    assert "hf:" in error.fix


def test_images_with_captions_serve_both(tmp_path: Path) -> None:
    folder = images.write_parquet(tmp_path / "a", images.made(), metadata=False)
    for file in folder.glob("*.parquet"):
        table = pq.read_table(file)
        captions = [f"no age {word}" for word in cases.WORDS[: table.num_rows]]
        pq.write_table(table.append_column("text", pa.array(captions)), file)
    assert loaded(folder, tokenizer=None, validation=2).image_shape == (1, 6, 6)
    assert loaded(folder, validation=2).is_text


def test_what_is_for_pixels_is_refused(tmp_path: Path) -> None:
    folder = cases.write_texts(tmp_path / "a", SETS, "csv")
    assert refused(folder, scaling="standard").code == "WN-R02"
    data = loaded(folder)
    for call in (lambda: check_augment("flip-crop", data), lambda: _train_on(data, "flip-crop")):
        with pytest.raises(WinnowError) as caught:
            call()
        assert caught.value.code == "WN-R02"
    check_augment("none", data)


def _train_on(data: DataSet, augment: str) -> None:
    module = torch.nn.EmbeddingBag(100, 2)
    member = Member(branch="ticket", replicate=0, start=dict(module.state_dict()), mask=Mask({}))
    train(module, [member], data, TrainingPlan(steps=1, batch=2, augment=augment))


def test_a_hub_set_of_texts_is_read_like_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from datasets import ClassLabel, Dataset, Features, Value

    from winnow.data import hub

    features = Features({"text": Value("string"), "label": ClassLabel(names=["out", "in"])})
    columns = {n: {"text": [t for t, _ in rows], "label": [y for _, y in rows]} for n, rows in SETS.items()}
    fetched = {name: Dataset.from_dict(made, features=features) for name, made in columns.items()}
    monkeypatch.setattr(hub, "fetch", lambda _: fetched)
    monkeypatch.chdir(tmp_path)
    data = loaded("owner/texts")
    assert data.name == "owner/texts" and data.classes == ("out", "in")
    assert data.fingerprint == loaded(cases.write_texts(tmp_path / "a", SETS, "csv")).fingerprint
