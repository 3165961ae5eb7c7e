"""A pair reader on the disk: tensors in safetensors, everything else in JSON; nothing that is run when it is opened.

The folder stands alone: it holds the encoder's configuration and tokenizer beside the fitted tensors, and the SHA-256
of the weights it started from, so that its origin can be told.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from torch import Tensor

from winnow.core import WinnowError
from winnow.language.pair_fitting import ReaderSettings
from winnow.language.pair_start import PairStart
from winnow.language.pairs import PairReader
from winnow.language.pretrained import read_configuration, read_tokenizer
from winnow.language.wide import WideModel
from winnow.sparsity import load_tensors, save_tensors, tensors_of
from winnow.storage import read_json, replacing_folder, write_json

FORMAT = "winnow-pair-reader"
# A reader with a wide part is of version 2, for who knows only version 1 would leave that part out of its answers.
PLAIN, WITH_WIDE = 1, 2
CARD, WEIGHTS, ENCODER, WIDE = "reader.json", "reader.safetensors", "encoder", "wide.safetensors"
_ENCODER = "encoder."


def save_reader(reader: PairReader, folder: Path | str) -> Path:
    """Write the reader's folder, whole or not at all.

    Raises:
        WinnowError: WN-L09 when it was not fitted, or the folder holds something else than a reader; WN-S01 or WN-S02
            when the place cannot be written.
    """
    if not reader.networks:
        raise WinnowError("WN-L09", "this reader was not fitted", fix="Fit it before it is saved.")
    place = Path(folder)
    if place.exists() and not (place / CARD).is_file() and (place.is_file() or any(place.iterdir())):
        raise WinnowError("WN-L09", "something else is there", where=place.name, fix="Name a new or an empty folder.")
    with replacing_folder(place) as part:
        _write_encoder(reader.start.place, part / ENCODER)
        save_tensors(part / WEIGHTS, _prefixed(reader))
        if reader.wide is not None:
            save_tensors(part / WIDE, reader.wide.tensors())
        write_json(part / CARD, _card(reader, part))
    return place


def load_reader(folder: Path | str) -> PairReader:
    """Read a reader's folder and check it against its card.

    Raises:
        WinnowError: WN-L09 when there is no reader, a file is damaged or missing, or it is of a newer Winnow.
    """
    place = Path(folder)
    card = _read_card(place)
    try:
        if _sha256(place / WEIGHTS) != card["weights_sha256"]:
            raise _unfit(place, "its weights are not those of its card")
        tensors, _ = load_tensors(place / WEIGHTS)
        return _rebuilt(place, card, _split(tensors))
    except WinnowError as error:
        raise error if error.code == "WN-L09" else _unfit(place, str(error)) from error
    except (KeyError, TypeError, ValueError, OSError, RuntimeError) as error:
        raise _unfit(place, f"{type(error).__name__}: {error}") from error


def _rebuilt(place: Path, card: Mapping[str, Any], members: list[dict[str, Tensor]]) -> PairReader:
    known = {field.name for field in fields(ReaderSettings)}
    settings = ReaderSettings(**{key: value for key, value in card["settings"].items() if key in known})
    encoder = {n.removeprefix(_ENCODER): t for n, t in members[0].items() if n.startswith(_ENCODER)}
    # The start itself is not in the folder: fitting again goes on from the fitted encoder.
    reader = PairReader(card["classes"], PairStart(str((place / ENCODER).resolve()), encoder), settings)
    reader.networks = [reader.network(row, own) for row, own in enumerate(members)]
    reader.temperature = float(card["temperature"])
    if card["version"] == WITH_WIDE:
        reader.deep_share = float(card["deep_share"])
        reader.wide = _wide(place, card["wide"])
    reader.origin = str(card["start_digest"])
    return reader


def _wide(place: Path, card: Mapping[str, Any]) -> WideModel:
    if _sha256(place / WIDE) != card["weights_sha256"]:
        raise _unfit(place, "its wide part is not that of its card")
    return WideModel.of(card, load_tensors(place / WIDE)[0])


def _card(reader: PairReader, folder: Path) -> dict[str, Any]:
    wide = {}
    if reader.wide is not None:
        told = {**reader.wide.card(), "weights_sha256": _sha256(folder / WIDE)}
        wide = {"deep_share": reader.deep_share, "wide": told}
    return {
        "format": FORMAT,
        "version": WITH_WIDE if wide else PLAIN,
        "classes": list(reader.classes),
        "temperature": reader.temperature,
        "settings": asdict(reader.settings),
        "start_digest": reader.origin,
        "members": len(reader.networks),
        "weights_sha256": _sha256(folder / WEIGHTS),
        **wide,
    }


def _read_card(place: Path) -> dict[str, Any]:
    if not (place / CARD).is_file():
        raise _unfit(place, f"no {CARD} here, so no reader")
    try:
        card = read_json(place / CARD)
    except WinnowError as error:
        raise _unfit(place, f"{CARD} is damaged") from error
    if not isinstance(card, dict) or card.get("format") != FORMAT or card.get("version") not in (PLAIN, WITH_WIDE):
        raise _unfit(place, f"{CARD} is of another format or version")
    return card


def _write_encoder(source: str, folder: Path) -> None:
    folder.mkdir()
    read_configuration(source).save_pretrained(folder)
    read_tokenizer(source).save_pretrained(folder)


def _prefixed(reader: PairReader) -> dict[str, Tensor]:
    return {f"{row}.{name}": t for row, own in enumerate(reader.networks) for name, t in tensors_of(own).items()}


def _split(tensors: Mapping[str, Tensor]) -> list[dict[str, Tensor]]:
    rows = sorted({int(name.partition(".")[0]) for name in tensors})
    return [{n.removeprefix(f"{row}."): t for n, t in tensors.items() if n.startswith(f"{row}.")} for row in rows]


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _unfit(place: Path, reason: str) -> WinnowError:
    return WinnowError("WN-L09", reason, where=place.name, fix="Tune a reader with `winnow trials tune`.")
