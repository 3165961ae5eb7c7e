"""Sets of texts, loaded: every split as token ids of one length."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from winnow.core import WinnowError
from winnow.data import hub
from winnow.data.columns import images_refused
from winnow.data.dataset import DataSet, Split
from winnow.data.place import place_of
from winnow.data.raw import content_fingerprint
from winnow.data.raw_text import RawText, checked
from winnow.data.readers import read_texts
from winnow.data.splits import with_validation

# Takes N texts, or N pairs of texts as tuples; returns int64 [N, T], short ones padded.
Tokenizer = Callable[[Sequence[Any]], Tensor]


class _TokenSplit(NamedTuple):
    """Token ids, int64 [N, T], and labels, int64 [N]."""

    ids: NDArray[np.int64]
    labels: NDArray[np.int64]


def load_texts(
    source: str | Path, *, validation: int | float, seed: int, scaling: str, tokenizer: Tokenizer
) -> DataSet:
    """Load a set of texts; the arguments and errors are those of `load`.

    All splits are padded to one length T, that of the longest text. The fingerprint is over the token ids: a network
    reads nothing else, so two tokenizers that give the same ids give the same data.
    """
    if scaling != "unit":
        raise WinnowError("WN-R02", "texts have no pixels to scale", where="--scaling", fix="Leave it at unit.")
    name, raw = _found(source)
    splits = _tokenized(raw, tokenizer)
    train, held_out = with_validation(splits, validation, seed)
    return DataSet(
        name=name,
        fingerprint=content_fingerprint(splits, len(raw.classes)),
        classes=raw.classes,
        train=_split(train),
        validation=_split(held_out),
        test=_split(splits["test"]),
        pad_value=torch.empty(0),
    )


def _found(source: str | Path) -> tuple[str, RawText]:
    """Name and content of what the user named."""
    if source == "digits":
        raise images_refused(source)
    folder = place_of(source)
    if folder is None:
        return str(source), checked(hub.read_texts(hub.fetch(str(source)), str(source)), source)
    try:
        return folder.resolve().name, checked(read_texts(folder), folder)
    except OSError as error:
        place = error.filename or folder
        raise WinnowError("WN-D02", f"not readable: {error.strerror or error}", where=place) from error


def _tokenized(raw: RawText, tokenizer: Tokenizer) -> dict[str, _TokenSplit]:
    """The token ids of every split, made together so that they have one length."""
    ids = tokenizer([text for split in raw.splits.values() for text in _listed(split.texts)])
    ends = np.cumsum([len(split.labels) for split in raw.splits.values()])[:-1]
    parts = np.split(ids.numpy(), ends)
    return {n: _TokenSplit(own, split.labels) for (n, split), own in zip(raw.splits.items(), parts, strict=True)}


def _listed(texts: NDArray[Any]) -> list[Any]:
    return texts.tolist() if texts.ndim == 1 else [tuple(pair) for pair in texts.tolist()]


def _split(part: _TokenSplit) -> Split:
    return Split(torch.from_numpy(np.array(part.ids)), torch.from_numpy(np.array(part.labels)))
