"""`winnow trials evaluate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from winnow.cli.options import AsJson
from winnow.cli.output import print_json, print_table


def evaluate(
    *parts: Annotated[
        str, Parameter(help="criteria, evidence, composition, pool, replay; all of them when none is named.")
    ],
    data: Annotated[Path, Parameter(help="Folder of the published files (criterion-answers.jsonl, ...).")],
    out: Annotated[Path, Parameter(help="Where tables and figures go.")] = Path("trial-evaluation"),
    encoder: Annotated[str, Parameter(help="minilm, or hf:FOLDER_OR_ID.")] = "minilm",
    reader: Annotated[
        bool, Parameter(help="Also the fine-tuned reader: an hour of CPU, kept fold by fold.", negative=())
    ] = False,
    seeds: Annotated[int, Parameter(help="Divisions of the patients into folds.")] = 2,
    json: AsJson = False,
) -> None:
    """Measure criterion answers, evidence, composition and retrieval against experts, beside every control."""
    from winnow.reports import write_table
    from winnow.trials.evaluation.suite import PARTS, Measuring, measure
    from winnow.trials.screening import sentence_encoder_named

    used = sentence_encoder_named(encoder)
    assert used is not None, "only the name 'none' gives no encoder, and it is not offered here"
    given = Measuring(data, out, used, reader, seeds=seeds)
    tables: dict[str, list[dict[str, Any]]] = {}
    for part in parts or tuple(PARTS):
        found = measure(part, given)
        for name, rows in found.items():
            write_table(rows, out, name)
            if not json:
                print(f"\n{name}")
                print_table([_readable(row) for row in rows], {key: key for key in rows[0]})
        tables |= found
    if json:
        print_json({"out": str(out), "tables": tables})


def _readable(row: dict[str, Any]) -> dict[str, Any]:
    """The row with intervals as text."""
    return {key: f"{v[0]:.3f} to {v[1]:.3f}" if isinstance(v, (tuple, list)) else v for key, v in row.items()}
