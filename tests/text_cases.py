"""A tiny encoder with random weights, its tokenizer, and a small set of texts; all made here, nothing fetched."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import torch
from torch import Tensor

_WORDS = "no prior active chemotherapy age over eighteen years pregnant women able to sign consent known allergy"
WORDS = _WORDS.split()
MARKS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
Rows = list[tuple[Any, ...]]


def tiny_encoder(folder: Path, *, seed: int = 0, **changes: Any) -> Path:
    """A BERT of two layers, 16 wide, saved as the Hub has it."""
    from transformers import BertConfig, BertModel, BertTokenizer

    sizes = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 24}
    sizes |= {"max_position_embeddings": 24, "vocab_size": len(MARKS) + len(WORDS)}
    torch.manual_seed(seed)
    model = BertModel(BertConfig(**{**sizes, **changes}))
    model.save_pretrained(folder)
    vocabulary = {word: number for number, word in enumerate([*MARKS, *WORDS])}
    BertTokenizer(vocab=vocabulary, model_max_length=24).save_pretrained(folder)
    return folder


def sentences(count: int = 60) -> Rows:
    """Texts of two classes that a word tells apart, of 3 to 9 words, no two alike."""
    generator = torch.Generator().manual_seed(3)
    rows: Rows = []
    for number in range(count):
        label = number % 2
        length = int(torch.randint(2, 9, (), generator=generator))
        words = [WORDS[int(i)] for i in torch.randint(2, len(WORDS), (length,), generator=generator)]
        rows.append((" ".join([WORDS[label], *words]), label))
    return list(dict.fromkeys(rows))


def splits(rows: Rows) -> dict[str, Rows]:
    """A half for training, the rest for validation and test."""
    half, most = len(rows) // 2, 3 * len(rows) // 4
    return {"train": rows[:half], "validation": rows[half:most], "test": rows[most:]}


def write_texts(
    folder: Path, sets: dict[str, Rows], kind: str, columns: Sequence[str] = ("text", "label"), **options: Any
) -> Path:
    """One file per split, in any of the formats."""
    folder.mkdir(parents=True)
    for name, rows in sets.items():
        _WRITERS[kind](folder, name, rows, columns, **options)
    return folder


def word_ids(texts: Sequence[Any]) -> Tensor:
    """A tokenizer for tests: a number for every word, 0 for padding."""
    cut = [[1 + WORDS.index(word) if word in WORDS else 99 for word in text.split()] for text in texts]
    longest = max(map(len, cut))
    return torch.tensor([row + [0] * (longest - len(row)) for row in cut])


def _write_csv(folder: Path, name: str, rows: Rows, columns: Sequence[str], delimiter: str = ",") -> None:
    with (folder / f"{name}.{'csv' if delimiter == ',' else 'tsv'}").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerow(columns)
        writer.writerows(rows)


def _write_tsv(folder: Path, name: str, rows: Rows, columns: Sequence[str]) -> None:
    _write_csv(folder, name, rows, columns, delimiter="\t")


def _write_jsonl(folder: Path, name: str, rows: Rows, columns: Sequence[str]) -> None:
    lines = [json.dumps(dict(zip(columns, row, strict=True))) for row in rows]
    (folder / f"{name}.jsonl").write_text("\n".join(lines) + "\n")


def _write_parquet(
    folder: Path, name: str, rows: Rows, columns: Sequence[str], features: dict[str, Any] | None = None
) -> None:
    table = pa.table({column: [row[place] for row in rows] for place, column in enumerate(columns)})
    if features:
        table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    pq.write_table(table, folder / f"{name}-00000-of-00001.parquet")


_WRITERS: dict[str, Any] = {"csv": _write_csv, "tsv": _write_tsv, "jsonl": _write_jsonl, "parquet": _write_parquet}
