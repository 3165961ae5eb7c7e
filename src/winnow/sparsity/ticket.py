"""`Ticket`: the artifact that every part of Winnow passes on: start weights, mask and manifest."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import Tensor, nn

import winnow
from winnow.core import WinnowError, plain
from winnow.sparsity.card import card
from winnow.sparsity.files import load_tensors, save_tensors
from winnow.sparsity.mask import Mask
from winnow.sparsity.modules import load_into, untied
from winnow.storage import read_json, replacing_folder, write_json, write_text

FORMAT, VERSION = "winnow-ticket", 1
MANIFEST, START, MASK, TRAINED = "ticket.json", "start.safetensors", "mask.safetensors", "trained.safetensors"
_OWN = {MANIFEST, START, MASK, TRAINED, "README.md"}


@dataclass(frozen=True)
class Ticket:
    """A sparse network to train: f(x; mask * start) (Frankle & Carbin 2019, section 1).

    Args:
        start: every parameter and buffer at initialisation or at the rewind step, pruned weights exactly 0.
        mask: what remains.
        trained: the same tensors after training, when kept.
        manifest: where it comes from: "model" (builder and arguments), "source" (run, level, replicate), "rewind",
            "results". Keys that this version does not know are kept.
    """

    start: Mapping[str, Tensor]
    mask: Mask
    trained: Mapping[str, Tensor] | None = None
    manifest: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "start", self.mask.applied(untied(self.start)))
        if self.trained is not None:
            object.__setattr__(self, "trained", self.mask.applied(untied(self.trained)))

    def load_into(self, module: nn.Module, *, trained: bool = False) -> nn.Module:
        """Copy the start (or trained) tensors into a module of the same architecture and return it.

        Raises:
            WinnowError: WN-M02 when the module does not fit or there are no trained weights.
        """
        tensors = self.trained if trained else self.start
        if tensors is None:
            raise WinnowError("WN-M02", "this ticket was saved without trained weights")
        load_into(module, tensors)
        return module

    def save_pretrained(self, folder: Path | str) -> Path:
        """Write the ticket's folder, whole or not at all: manifest, tensors, packed mask and a card.

        Raises:
            WinnowError: WN-S02 when the folder holds something else than a ticket, WN-S01 on a full disk.
        """
        _check_place(Path(folder))
        with replacing_folder(folder) as part:
            save_tensors(part / START, self.start)
            self.mask.save(part / MASK)
            if self.trained is not None:
                save_tensors(part / TRAINED, self.trained)
            manifest = self._full_manifest(part)
            write_json(part / MANIFEST, manifest)
            write_text(part / "README.md", card(manifest, self.mask))
        return Path(folder)

    @classmethod
    def from_pretrained(cls, folder: Path | str) -> Ticket:
        """Read a ticket's folder and check every file against the manifest.

        Raises:
            WinnowError: WN-S03 when there is no ticket, a file is damaged, or its SHA-256 is not the manifest's.
        """
        place = Path(folder)
        manifest = _read_manifest(place)
        for name, digest in manifest["files"].items():
            _check_file(place / name, digest)
        trained = load_tensors(place / TRAINED)[0] if TRAINED in manifest["files"] else None
        return cls(load_tensors(place / START)[0], Mask.load(place / MASK), trained, manifest)

    def _full_manifest(self, folder: Path) -> dict[str, Any]:
        return {
            **_without_nan(plain(dict(self.manifest))),
            "format": FORMAT,
            "version": VERSION,
            "winnow": winnow.__version__,
            "density_percent": round(100 * self.mask.density, 4),
            "kept": self.mask.kept,
            "total": self.mask.total,
            "mask_digest": self.mask.digest(),
            "files": {file.name: _sha256(file) for file in sorted(folder.glob("*.safetensors"))},
        }


def _read_manifest(folder: Path) -> dict[str, Any]:
    if not (folder / MANIFEST).is_file():
        raise WinnowError("WN-S03", f"no {MANIFEST} here, so no ticket", where=folder)
    manifest = read_json(folder / MANIFEST)
    found = manifest if isinstance(manifest, dict) else {}
    version, files = found.get("version"), found.get("files")
    if found.get("format") != FORMAT or not isinstance(version, int) or version > VERSION:
        known = f"format {found.get('format')!r}, version {version!r}"
        raise WinnowError("WN-S03", f"not readable here: {known}", where=folder, fix="Install a newer Winnow.")
    if not isinstance(files, dict) or not {START, MASK} <= files.keys():
        raise WinnowError("WN-S03", f"{MANIFEST} does not name the ticket's files", where=folder)
    return found


def _check_place(folder: Path) -> None:
    """Only an older ticket may be written over, and nothing of anybody else's beside it."""
    advice = "Name a new or an empty folder."
    if folder.resolve() == Path.cwd():
        raise WinnowError("WN-S02", "this is the working folder", where=folder, fix=advice)
    if folder.exists() and not folder.is_dir():
        raise WinnowError("WN-S02", "a file is there", where=folder, fix=advice)
    found = {file.name for file in folder.iterdir()} if folder.exists() else set()
    if found:
        if found - _OWN:
            names = ", ".join(sorted(found - _OWN)[:3])
            raise WinnowError("WN-S02", f"it holds something else than a ticket: {names}", where=folder, fix=advice)
        _read_manifest(folder)


def _without_nan(value: Any) -> Any:
    """JSON has no NaN: a measurement that is no number becomes null."""
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_nan(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _check_file(path: Path, digest: str) -> None:
    if not path.is_file():
        raise WinnowError("WN-S03", "the manifest names a file that is missing", where=path)
    if _sha256(path) != digest:
        raise WinnowError(
            "WN-S03", "the file is not the one that was saved (SHA-256 differs)", where=path, fix="Copy it again."
        )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
