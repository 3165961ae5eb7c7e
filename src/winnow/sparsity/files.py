"""Tensors in safetensors files: written whole, read with a clear word when damaged. Never pickle."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from winnow.core import WinnowError, canonical_json
from winnow.storage import replacing

_NOTES = "winnow"


def save_tensors(path: Path | str, tensors: Mapping[str, Tensor], notes: Mapping[str, str] | None = None) -> None:
    """Write the tensors (copied to the CPU) with text notes in the header.

    Raises:
        WinnowError: WN-S01 or WN-S02 when the place cannot be written.
    """
    whole = {name: t.detach().to("cpu").contiguous() for name, t in tensors.items()}
    with replacing(path) as part:
        part.touch()
        mode = part.stat().st_mode  # as for any new file; safetensors would let nobody else read it
        # One note: the format keeps several in no fixed order, and equal contents should be equal bytes.
        save_file(whole, part, metadata={_NOTES: canonical_json(dict(notes or {}))})
        part.chmod(mode)


def load_tensors(path: Path | str) -> tuple[dict[str, Tensor], dict[str, str]]:
    """The tensors and the notes of a file.

    Raises:
        WinnowError: WN-S03 when the file is missing, truncated or not safetensors.
    """
    try:
        with safe_open(path, framework="pt") as file:
            notes = json.loads((file.metadata() or {}).get(_NOTES, "{}"))
            if not isinstance(notes, dict):
                raise ValueError("its notes are no JSON object")
            return {name: file.get_tensor(name) for name in file.keys()}, notes  # noqa: SIM118
    except FileNotFoundError as error:
        raise WinnowError("WN-S03", "the file is missing", where=path) from error
    except (SafetensorError, OSError, ValueError, RecursionError) as error:
        raise WinnowError(
            "WN-S03",
            f"not a whole safetensors file: {error}",
            where=path,
            fix="Copy it again, or delete its folder and run again to make it anew.",
        ) from error
