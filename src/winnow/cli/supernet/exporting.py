"""`winnow supernet export`: a drawn network as one file for others."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from winnow.cli.options import AsJson
from winnow.cli.output import print_facts, print_json, print_table
from winnow.core import WinnowError

Source = Annotated[Path, Parameter(help="A finished run of `winnow supernet draw`, or its network.safetensors.")]
_SUFFIX = {"network": "safetensors", "onnx": "onnx"}


def export(
    run: Source,
    *,
    kind: Annotated[
        str, Parameter(name="--format", help="network (architecture, tensors, mask, report), or onnx (compacted).")
    ] = "onnx",
    scale: Annotated[bool, Parameter(help="ONNX: take uint8 images and scale them inside.")] = True,
    layers: Annotated[bool, Parameter(help="Also print what each layer costs.", negative=())] = False,
    out: Annotated[Path | None, Parameter(help="The file; RUN/exports/network.FORMAT when not given.")] = None,
    json: AsJson = False,
) -> None:
    """Write a drawn network as one file; an ONNX file is compared with the masked network before it takes its place.

    Costs are told per layer: MACs of the layer as it stands, with its own zeros left out, and the released code's
    count, which spreads the zeros evenly.
    """
    from winnow.supernet.compact import accounting, export_onnx, save_network

    if kind not in _SUFFIX:
        raise WinnowError("WN-E01", f"no format {kind!r}", where="--format", fix=f"One of: {', '.join(_SUFFIX)}.")
    saved, folder = opened(run)
    path = out or folder / "exports" / f"network.{_SUFFIX[kind]}"
    facts: dict[str, Any] = {"file": str(path)}
    if kind == "onnx":
        written = export_onnx(saved, path, scale=scale)
        facts |= {"bytes": written.bytes, "largest_difference": written.difference}
    else:
        save_network(path, saved.architecture, saved.tensors, saved.mask, saved.report)
        facts |= {"bytes": path.stat().st_size}
    costs = accounting(saved.architecture, saved.mask)
    rows = [layer.to_plain() for layer in costs.layers]
    if json:
        print_json({**facts, "costs": costs.summary(), "layers": rows})
        return
    print_facts({**facts, **costs.summary()})
    if layers:
        print()
        print_table(rows, {name: name.replace("_", " ") for name in rows[0]})


def opened(run: Path) -> tuple[Any, Path]:
    """The network of a run or of a file, and the folder that it stands in.

    Raises:
        WinnowError: WN-R05 when nothing is there, WN-S03 when it is damaged.
    """
    from winnow.supernet.compact import load_network

    path = run if run.is_file() else run / "network.safetensors"
    if not path.is_file():
        raise WinnowError("WN-R05", "no finished run of a supernet here", where=run, fix="Finish its run first.")
    return load_network(path), path.parent
