"""Question-chunk-answer records, the kind OncoLLM was tuned on: what was asked, what was shown, what an expert said.

One JSON object a line. An answer of "yes" or "no" cites words of the chunks letter by letter, for that is what the
tuned model will be held to (PRISM, arXiv 2404.15549, table 2: "annotated for citation, explanation, and final answer").
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from winnow.core import WinnowError
from winnow.storage import write_text
from winnow.trials.annotations import AnswerRow

ANSWERS = ("yes", "no", "not documented", "not applicable")
_CITED = ("yes", "no")
_NEEDED = ("question", "kind", "criterion", "chunks", "answer", "explanation", "citations")


@dataclass(frozen=True)
class ShownChunk:
    """A passage as the model sees it: its label ("c0"), one line about it, and its words."""

    label: str
    text: str
    header: str = ""


@dataclass(frozen=True)
class Citation:
    """Words of a chunk: `text` stands in the chunk of this label."""

    chunk: str
    text: str


@dataclass(frozen=True)
class Record:
    """One question with an expert's answer.

    Attributes:
        question: as it is put to the model.
        kind: "inclusion" or "exclusion".
        criterion: the criterion it comes from; may be empty.
        chunks: what is shown, one or more.
        answer: one of `ANSWERS`.
        explanation: why, in a sentence or more; it is written before the answer.
        citations: one or more for "yes" and "no".
        confidence: 1 to 5.
        as_of: the day that time counts from.
    """

    question: str
    kind: str
    criterion: str
    chunks: tuple[ShownChunk, ...]
    answer: str
    explanation: str
    citations: tuple[Citation, ...] = ()
    confidence: int = 4
    as_of: date | None = None


def read_records(path: Path | str) -> list[Record]:
    """The records of a JSONL file, in order; empty lines do not count.

    Raises:
        WinnowError: WN-D01 when there is no such file or it is empty, WN-D03 when a line is no record, WN-C01 when a
            record contradicts itself (an unknown answer, a citation that is not in its chunk). The line is named, and
            none of its words.
    """
    file = Path(path)
    if not file.is_file():
        raise WinnowError("WN-D01", "no records here", where=file.name, fix="Give a JSONL file of records.")
    lines = file.read_text(encoding="utf-8").splitlines()
    records = [_read(line, f"{file.name}, line {n}") for n, line in enumerate(lines, 1) if line.strip()]
    if not records:
        raise WinnowError("WN-D01", "no record in it", where=file.name)
    return records


def write_records(path: Path | str, records: Sequence[Record]) -> None:
    """Write the records as JSONL, whole or not at all. They hold notes' words: keep the file as the notes are kept."""
    write_text(path, "".join(json.dumps(_plain(record), ensure_ascii=False) + "\n" for record in records))


def records_from_rows(rows: Sequence[AnswerRow]) -> list[Record]:
    """Experts' answers as records; the rows a model must not learn from are left out.

    The sentences cited are the experts'. Silence is not a "no" for the chat engine, so a "no" without a cited sentence
    becomes "not documented"; a "yes" that cites nothing cannot be checked and is left out, as is an empty criterion.
    The explanation is made of the citation: the file's own explanations are GPT-4's and are not read.
    """
    made = (_of_row(row) for row in rows if row.criterion)
    return [record for record in made if record is not None]


def check_record(record: Record, where: str = "record") -> Record:
    """The record itself.

    Raises:
        WinnowError: WN-C01 when it contradicts itself.
    """
    texts = {chunk.label: chunk.text for chunk in record.chunks}
    if record.answer not in ANSWERS:
        raise _wrong("its answer is none of: " + ", ".join(ANSWERS), where)
    if record.kind not in ("inclusion", "exclusion"):
        raise _wrong("its kind is neither inclusion nor exclusion", where)
    if not texts or len(texts) != len(record.chunks):
        raise _wrong("it has no chunks, or two of one label", where)
    if record.answer in _CITED and not record.citations:
        raise _wrong("a yes or no without a citation", where)
    if any(not c.text.strip() or c.text not in texts.get(c.chunk, "") for c in record.citations):
        raise _wrong("a citation that does not stand in its chunk", where)
    if not record.question.strip() or not record.explanation.strip():
        raise _wrong("an empty question or explanation", where)
    if record.confidence not in (1, 2, 3, 4, 5):
        raise _wrong("a confidence outside 1 to 5", where)
    return record


def _read(line: str, where: str) -> Record:
    try:
        raw = json.loads(line)
        missing = [name for name in _NEEDED if name not in raw]
        if missing:
            raise WinnowError("WN-D03", f"no {missing[0]!r} in it", where=where)
        return check_record(_record(raw), where)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        # The reason of a JSON error would quote the line.
        raise WinnowError("WN-D03", f"not a record ({type(error).__name__})", where=where) from None


def _record(raw: Mapping[str, Any]) -> Record:
    return Record(
        question=str(raw["question"]),
        kind=str(raw["kind"]),
        criterion=str(raw["criterion"]),
        chunks=tuple(ShownChunk(c["label"], c["text"], c.get("header", "")) for c in raw["chunks"]),
        answer=str(raw["answer"]),
        explanation=str(raw["explanation"]),
        citations=tuple(Citation(c["chunk"], c["text"]) for c in raw["citations"]),
        confidence=int(raw.get("confidence", 4)),
        as_of=date.fromisoformat(raw["as_of"]) if raw.get("as_of") else None,
    )


def _plain(record: Record) -> dict[str, Any]:
    return {**asdict(record), "as_of": record.as_of.isoformat() if record.as_of else None}


def _of_row(row: AnswerRow) -> Record | None:
    cited = tuple(row.sentences[at] for at in row.evidence if 0 <= at < len(row.sentences))
    answer = "not applicable" if row.label == "not applicable" else row.fact
    if answer == "unknown" or (answer == "no" and not cited):
        answer = "not documented"
    if answer == "yes" and not cited:
        return None
    told = " ".join(f'c0 says "{text}".' for text in cited) or "No passage speaks of it."
    return Record(
        question=f"Does this hold of the patient: {row.criterion}",
        kind=row.kind,
        criterion=row.criterion,
        chunks=(ShownChunk("c0", " ".join(row.sentences)),),
        answer=answer,
        explanation=f"{told} So the answer is: {answer}.",
        citations=tuple(Citation("c0", text) for text in cited) if answer in _CITED else (),
    )


def _wrong(what: str, where: str) -> WinnowError:
    return WinnowError("WN-C01", what, where=where)
