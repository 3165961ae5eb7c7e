"""Fitting by name, from files to files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from winnow.core import WinnowError, chosen
from winnow.trials.annotations import read_answer_rows
from winnow.trials.screening import sentence_encoder_named


@dataclass(frozen=True)
class Fitting:
    """What a fit is told.

    Attributes:
        data: expert answers, or records for a chat model.
        out: file or folder of the result.
        base: the chat model.
        lines: criteria that the reader practises on first.
        encoder: for retrieval.
        seed: of every draw.
    """

    data: Path
    out: Path
    base: str = ""
    lines: Path | None = None
    encoder: str = "auto"
    seed: int = 0


def tune_engine(name: str, data: Path, out: Path, **settings: Any) -> dict[str, Any]:
    """Fit "head", "reader" or "chat" and keep it. Returns what was done, for reading.

    Raises:
        WinnowError: WN-C01 for an unknown name or an `out` that is there already, and what reading and fitting raise.
    """
    if out.exists():
        raise WinnowError("WN-C01", "something is there already", where=out, fix="Choose another --out.")
    fit = chosen({"head": _head, "reader": _reader, "chat": _chat}, name, "engine to fit", "WN-C01")
    return {"fitted": name, "data": str(data), "out": str(out), **fit(Fitting(data, out, **settings))}


def _head(given: Fitting) -> Mapping[str, Any]:
    from winnow.trials.tuning.head import fit_head

    rows = read_answer_rows(given.data)
    head = fit_head(rows, sentence_encoder_named(given.encoder), made_by=f"winnow trials tune --data {given.data.name}")
    head.save(given.out)
    return {"rows": len(rows), "head": head.identity}


def _reader(given: Fitting) -> Mapping[str, Any]:
    from winnow.trials.tuning.made import read_lines
    from winnow.trials.tuning.reader import ReaderTuning, pretune, tune_reader

    rows = read_answer_rows(given.data)
    tuning = replace(ReaderTuning(), seed=given.seed)
    start = pretune(read_lines(given.lines), tuning).as_start() if given.lines else None
    reader = tune_reader(rows, tuning, start=start, encoder=sentence_encoder_named(given.encoder))
    reader.save(given.out)
    return {"rows": len(rows)}


def _chat(given: Fitting) -> Mapping[str, Any]:
    from winnow.language import LoraSettings
    from winnow.trials.tuning.chat import tune_chat
    from winnow.trials.tuning.records import read_records

    if not given.base:
        raise WinnowError("WN-C01", "which chat model?", where="--base", fix="Give a folder or a Hub id.")
    records = read_records(given.data)
    tune_chat(given.base, records, given.out, LoraSettings(seed=given.seed))
    return {"base": given.base, "records": len(records)}
