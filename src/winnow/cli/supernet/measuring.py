"""`winnow supernet bench`: how fast every form of a drawn network is, slowdowns included."""

from __future__ import annotations

import sys
from typing import Annotated, Any

from cyclopts import Parameter

from winnow.cli.bench import at_least_one, sizes_of
from winnow.cli.options import AsJson
from winnow.cli.output import print_json, print_table
from winnow.cli.supernet.exporting import Source, opened


def bench(
    run: Source,
    *,
    batches: Annotated[str, Parameter(help="Images a call, with commas between.")] = "1,32",
    rounds: Annotated[int, Parameter(help="Turns of every form; all are timed beside each other.")] = 7,
    threads: Annotated[int | None, Parameter(help="Threads of every form; torch's own when not given.")] = None,
    json: AsJson = False,
) -> None:
    """Measure latency of the dense supernet, the masked network, the compact one, stored weights, and ONNX Runtime.

    Ratios are against the dense supernet of the same space; below 1 is slower.
    """
    sizes = sizes_of(batches)
    at_least_one(rounds, "--rounds")
    at_least_one(1 if threads is None else threads, "--threads")
    import torch

    from winnow.supernet.compact import bench as measure

    saved, _ = opened(run)
    rows = measure(saved, sizes, rounds=rounds, threads=threads, progress=lambda what: print(what, file=sys.stderr))
    first = {row.batch: row for row in reversed(rows)}
    plain = [_plain(row, first[row.batch]) for row in rows]
    if json:
        print_json({"run": str(run), "threads": threads or torch.get_num_threads(), "rounds": rounds, "rows": plain})
        return
    print(f"{threads or torch.get_num_threads()} threads, {rounds} rounds; milliseconds a call")
    headings = {"variant": "form", "batch": "batch", "p50": "median", "p95": "95 %", "times_as_fast": "times as fast"}
    print_table(plain, {**headings, "difference": "difference", "note": ""})


def _plain(row: Any, dense: Any) -> dict[str, Any]:
    return {
        "variant": row.variant,
        "batch": row.batch,
        "p50": row.latency and row.latency.p50,
        "p95": row.latency and row.latency.p95,
        "times_as_fast": row.ratio(dense),
        "difference": row.difference,
        "note": row.note,
    }
