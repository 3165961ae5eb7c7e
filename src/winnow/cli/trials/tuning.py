"""`winnow trials tune`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from winnow.cli.options import AsJson
from winnow.cli.output import print_facts, print_json


def tune(
    *,
    data: Annotated[
        Path, Parameter(help="Expert answers (criterion-answers.jsonl), or records of questions (JSONL) with --base.")
    ],
    engine: Annotated[str, Parameter(help="What to fit: head (of the baseline engine), reader, or chat.")] = "reader",
    base: Annotated[str, Parameter(help="Folder or id of the chat model that a LoRA adapter is fitted to.")] = "",
    lines: Annotated[
        Path | None, Parameter(help="Annotated criteria (Parquet) that the reader practises on first.")
    ] = None,
    encoder: Annotated[str, Parameter(help="For retrieval: minilm, hf:FOLDER_OR_ID, or none.")] = "auto",
    seed: Annotated[int, Parameter(help="Root of every random stream.")] = 0,
    out: Annotated[Path, Parameter(help="Where the fitted model goes; it must not exist yet.")] = Path("reader"),
    json: AsJson = False,
) -> None:
    """Fit an engine to experts' answers: the head, the reader, or a chat model by LoRA.

    Every expert answer is used: measure with `winnow trials evaluate`, which fits anew for every fold of patients.
    """
    from winnow.trials.tuning.commands import tune_engine

    facts = tune_engine("chat" if base else engine, data, out, base=base, lines=lines, encoder=encoder, seed=seed)
    print_json(facts) if json else print_facts(facts)
