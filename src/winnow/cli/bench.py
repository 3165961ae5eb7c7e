"""`winnow tickets bench`: how large and how fast every way of running a ticket is, slowdowns included."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from winnow.cli.exports import Chosen, Level, Replicate, Source, find_ticket, load_trained
from winnow.cli.options import AsJson
from winnow.cli.output import print_json, print_table
from winnow.core import WinnowError

if TYPE_CHECKING:
    from winnow.exports import Row


def bench(
    run: Source,
    *,
    level: Level = None,
    replicate: Replicate = 0,
    batches: Annotated[str, Parameter(help="Images a call, with commas between.")] = "1,32,256",
    repeats: Annotated[int, Parameter(help="Timed blocks of every variant and batch; the median counts.")] = 5,
    threads: Annotated[int | None, Parameter(help="Threads of every variant; torch's own when not given.")] = None,
    json: AsJson = False,
) -> None:
    """Measure file size, memory, latency and outputs of a trained ticket: torch, compiled, compact, sparse, ONNX.

    Ratios are against the dense network of the same shapes; below 1 is slower.
    """
    sizes = sizes_of(batches)
    at_least_one(repeats, "--repeats")
    at_least_one(1 if threads is None else threads, "--threads")
    chosen = find_ticket(run, level, replicate)
    ticket, module, shape = load_trained(chosen)
    import torch

    from winnow.exports import bench as measure

    rows = measure(
        ticket,
        module,
        input_shape=shape,
        dense=_dense(chosen),
        batches=sizes,
        repeats=repeats,
        threads=threads,
        progress=_tell if sys.stderr.isatty() else lambda _: None,
    )
    facts = {
        "ticket": str(chosen.ticket),
        "density_percent": ticket.manifest["density_percent"],
        "threads": threads or torch.get_num_threads(),
        "repeats": repeats,
    }
    if json:
        print_json({**facts, "variants": [_plain(row, rows[0]) for row in rows]})
    else:
        _print(facts, rows, sizes)


def sizes_of(text: str) -> list[int]:
    """Batch sizes from "1,32".

    Raises:
        WinnowError: WN-C01.
    """
    try:
        sizes = [int(word) for word in text.split(",")]
    except ValueError:
        sizes = []
    if not sizes or min(sizes) < 1:
        raise WinnowError("WN-C01", f"{text!r} is no list of batch sizes", where="--batches", fix="Such as 1,32,256.")
    return list(dict.fromkeys(sizes))


def at_least_one(value: int, flag: str) -> None:
    """Refuse less.

    Raises:
        WinnowError: WN-C01.
    """
    if value < 1:
        raise WinnowError("WN-C01", "it must be at least 1", where=flag)


def _dense(chosen: Chosen) -> Any:
    """The trained network of level 0, where the run has it."""
    from winnow.tickets import load_ticket

    folder = chosen.run.level(0) / chosen.ticket.name if chosen.run else None
    if folder is None or not (folder / "trained.safetensors").is_file():
        return None
    return load_ticket(folder, trained=True)[1]


def _tell(what: str) -> None:
    print(what, file=sys.stderr)


def _plain(row: Row, dense: Row) -> dict[str, Any]:
    """A row as plain data: milliseconds, MiB above bare torch, times as fast as dense."""
    latency = {
        str(batch): {**found._asdict(), "times_as_fast": row.ratio(batch, dense)}
        for batch, found in row.latency.items()
    }
    return {
        "variant": row.variant,
        "reason": row.reason,
        "bytes": row.bytes,
        "memory_mib": {"held": row.memory.held, "peak": row.memory.peak, "reason": row.memory.reason},
        "latency_ms": latency,
        "largest_difference": _finite(row.difference),
        "largest_output": _finite(row.largest_output),
    }


def _finite(value: float | None) -> float | None:
    """JSON has no NaN."""
    return None if value is None or not math.isfinite(value) else value


def _print(facts: dict[str, Any], rows: Sequence[Row], sizes: Sequence[int]) -> None:
    print("{ticket}: {density_percent:.2f} % of the weights, {threads} threads, {repeats} blocks".format(**facts))
    ran = [row for row in rows if row.latency]
    print("\nMemory is of a fresh process, in MiB above bare torch; held includes the libraries that a variant brings.")
    outputs = [row.largest_output for row in ran if row.largest_output is not None]
    print(f"Differences are to masked torch, whose outputs reach {max(outputs, default=0):.3g} here.")
    headings = {"file": "file kB", "share": "of dense %", "held": "held MiB", "peak": "peak MiB", "off": "difference"}
    print_table([_size(row, rows[0]) for row in ran], {"variant": "variant", **headings})
    print("\nMilliseconds a call: median (minimum to maximum), times as fast as dense torch.")
    columns = {"variant": "variant", **{str(batch): f"batch {batch}" for batch in sizes}}
    print_table([{"variant": row.variant, **_speed(row, rows[0])} for row in ran], columns)
    silent = {row.variant: row.reason for row in rows if not row.latency}
    silent |= {f"memory of {row.variant}": row.memory.reason for row in ran if row.memory.reason}
    print("".join(f"\n{name}: not measured, {reason}" for name, reason in silent.items()))


def _size(row: Row, dense: Row) -> dict[str, Any]:
    share = 100 * row.bytes / dense.bytes if row.bytes and dense.bytes else None
    difference = None if row.difference is None else f"{row.difference:.1e}"
    size = None if row.bytes is None else row.bytes / 1000
    memory = {"held": row.memory.held, "peak": row.memory.peak}
    return {"variant": row.variant, "file": size, "share": share, **memory, "off": difference}


def _speed(row: Row, dense: Row) -> dict[str, str]:
    return {
        str(batch): f"{t.median:.3g} ({t.minimum:.3g} to {t.maximum:.3g}) {_words(row.ratio(batch, dense))}".rstrip()
        for batch, t in row.latency.items()
    }


def _words(ratio: float | None) -> str:
    """ "2.3x", or "0.40x, slower"."""
    if ratio is None:
        return ""
    return f"{ratio:.1f}x" if ratio >= 0.995 else f"{ratio:.2f}x, slower"
