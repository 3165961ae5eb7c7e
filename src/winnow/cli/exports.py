"""`winnow tickets export`: a trained ticket as one file."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from winnow.cli.options import AsJson
from winnow.cli.output import print_facts, print_json
from winnow.core import WinnowError
from winnow.storage import RunFolder

Source = Annotated[Path, Parameter(help="A run folder, or a ticket's folder.")]
Level = Annotated[int | None, Parameter(help="Level of a run; the last finished one when not given.")]
Replicate = Annotated[int, Parameter(help="Replicate of a run.")]


@dataclass(frozen=True)
class Chosen:
    """A ticket's folder on disk, where its exports go, and the run that it stands in, if any."""

    ticket: Path
    exports: Path
    run: RunFolder | None


def export(
    run: Source,
    *,
    level: Level = None,
    replicate: Replicate = 0,
    kind: Annotated[str, Parameter(name="--format", help="dense, compact, sparse or onnx.")] = "sparse",
    out: Annotated[Path | None, Parameter(help="The file; RUN/exports/... when not given.")] = None,
    json: AsJson = False,
) -> None:
    """Write a trained ticket as one file, compared with the network before it takes its place.

    dense: a plain state dict with zeros. compact: dead units removed. sparse: non-zeros and packed positions. onnx: for
    ONNX Runtime and others.
    """
    from winnow.exports.formats import export as write
    from winnow.exports.formats import format_named

    suffix = format_named(kind).suffix
    chosen = find_ticket(run, level, replicate)
    ticket, module, shape = load_trained(chosen)
    path = out or chosen.exports.with_name(chosen.exports.name + suffix)
    exported = write(ticket, module, kind, path, input_shape=shape)
    facts = {
        "file": str(exported.path),
        "format": exported.format,
        "bytes": exported.bytes,
        "percent_of_dense": exported.percent_of_dense,
        "largest_difference": _finite(exported.difference),
        "architecture": exported.architecture,
        "note": exported.note,
    }
    print_json(facts) if json else print_facts({key: value for key, value in facts.items() if value not in (None, "")})


def find_ticket(path: Path, level: int | None, replicate: int) -> Chosen:
    """The ticket that a user means.

    Raises:
        WinnowError: WN-R05 when there is no run, WN-E04 when it has no such level or replicate.
    """
    if (path / "ticket.json").is_file():
        if level is not None or replicate:
            raise WinnowError("WN-E04", "this is one ticket, without levels", where=path, fix="Name the run's folder.")
        return Chosen(path, path, _run_around(path))
    run = RunFolder.open(path)
    level = _finished(run, level)
    ticket = run.level(level) / f"replicate-{replicate}"
    if not ticket.is_dir():
        there = sorted(folder.name for folder in run.level(level).glob("replicate-*"))
        raise WinnowError("WN-E04", f"no replicate {replicate}", where=run.level(level), fix=f"Of: {', '.join(there)}.")
    return Chosen(ticket, run.path / "exports" / f"{run.level(level).name}-{ticket.name}", run)


def load_trained(chosen: Chosen) -> tuple[Any, Any, tuple[int, ...]]:
    """Ticket, network with trained weights, and the shape of an input.

    Raises:
        WinnowError: WN-E04 without trained weights or image size, and for a ticket that cannot be loaded.
    """
    from winnow.sparsity import Ticket
    from winnow.tickets import load_ticket

    saved = Ticket.from_pretrained(chosen.ticket)
    if saved.trained is None:
        raise WinnowError("WN-E04", "this ticket was saved without trained weights", where=chosen.ticket)
    if "model" not in saved.manifest:
        raise WinnowError("WN-E04", "this ticket does not tell how its network is built", where=chosen.ticket)
    ticket, module = load_ticket(chosen.ticket, trained=True)
    return ticket, module, _input_shape(chosen, ticket.manifest)


def _finished(run: RunFolder, level: int | None) -> int:
    from winnow.tickets.show import finished_levels

    levels = finished_levels(run)
    if not levels:
        raise WinnowError("WN-E04", "no level of this run is finished", where=run.path, fix="Let it run on.")
    if level is not None and level not in levels:
        raise WinnowError("WN-E04", f"no finished level {level}", where=run.path, fix=f"From 0 to {levels[-1]}.")
    return levels[-1] if level is None else level


def _run_around(ticket: Path) -> RunFolder | None:
    folder = ticket.absolute().parent.parent
    return RunFolder(folder) if (folder / "recipe.json").is_file() else None


def _input_shape(chosen: Chosen, manifest: Any) -> tuple[int, ...]:
    arguments = manifest["model"].get("arguments", {})
    shape = arguments.get("image_shape")
    if "max_tokens" in arguments:
        shape = (arguments["max_tokens"],)
    if shape is None and chosen.run is not None:
        shape = chosen.run.header().get("data", {}).get("shape")
    if not shape:
        raise WinnowError(
            "WN-E04",
            "neither the ticket nor a run around it tells the size of an image",
            where=chosen.ticket,
            fix="Export it from the run's own folder.",
        )
    return tuple(shape)


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
