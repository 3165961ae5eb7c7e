"""`load`: from what the user named to a data set in memory."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from winnow.core import WinnowError
from winnow.data import hub
from winnow.data.cache import decoded_once, source_key
from winnow.data.dataset import DataSet, Split
from winnow.data.digits import read_digits
from winnow.data.place import place_of
from winnow.data.raw import RawData, RawSplit, check, fingerprint
from winnow.data.readers import reader_for
from winnow.data.scaling import Scaling, check_scaling, fit_scaling
from winnow.data.splits import with_test_split, with_validation
from winnow.data.texts import Tokenizer, load_texts


def load(
    source: str | Path,
    *,
    validation: int | float,
    seed: int,
    scaling: str = "unit",
    tokenizer: Tokenizer | None = None,
) -> DataSet:
    """Load a classification set into memory: images, or with a tokenizer texts.

    Args:
        source: "digits" (scikit-learn's, embedded), a folder (Parquet in the Hub layout, IDX, CIFAR batches, or an
            image folder; of texts: Parquet, CSV or JSONL), or a Hub id "owner/name" when no such folder is there.
        validation: how many train examples to hold out (int), or which share (float). A set that has a validation
            split of its own keeps it, and this value is not used.
        seed: draws the validation examples; nothing else depends on it.
        scaling: "unit" for pixels / 255, "standard" for zero mean and unit deviation per channel of the train split.
        tokenizer: what makes token ids of texts, for a set of texts.

    Raises:
        WinnowError: WN-D01 when nothing is there, WN-D02 on an unknown or broken format, WN-D03 on missing columns
            or labels out of range, WN-D04 on unequal sizes, WN-D05 on fewer than two classes, WN-D06 when no
            validation split can be carved, WN-D07 when the Hub reader's package is missing, WN-C01 on an unknown
            scaling, WN-M02 on texts without a tokenizer or images with one, WN-R02 on texts that are to be scaled.
    """
    check_scaling(scaling)
    if tokenizer is not None:
        return load_texts(source, validation=validation, seed=seed, scaling=scaling, tokenizer=tokenizer)
    name, raw, mark = _find(source)
    train, held_out = with_validation(raw.splits, validation, seed)
    scale = fit_scaling(scaling, train.images)
    return DataSet(
        name=name,
        fingerprint=mark,
        classes=raw.classes,
        train=_split(train, scale),
        validation=_split(held_out, scale),
        test=_split(raw.splits["test"], scale),
        pad_value=scale.black,
    )


def read_folder(folder: Path) -> tuple[RawData, str]:
    """A folder's decoded data, from the cache when its files are known, and its fingerprint."""
    try:
        reader = reader_for(folder)
        files = [(path.relative_to(folder).as_posix(), path) for path in reader.files(folder)]
        key = source_key(reader.name, files)
        return decoded_once(key, lambda: with_test_split(check(reader.read(folder), folder)))
    except OSError as error:
        place = error.filename or folder
        raise WinnowError("WN-D02", f"not readable: {error.strerror or error}", where=place) from error


def read_hub(identifier: str) -> tuple[RawData, str]:
    """A Hub data set's decoded data, from the cache when its files are known, and its fingerprint."""
    fetched = hub.fetch(identifier)
    files = hub.files(fetched)

    def build() -> RawData:
        return with_test_split(check(hub.read(fetched, identifier), identifier))

    if files:
        return decoded_once(source_key("hub", files), build)
    raw = build()
    return raw, fingerprint(raw)


def _find(source: str | Path) -> tuple[str, RawData, str]:
    """Name, data and fingerprint of what the user named."""
    if source == "digits":
        raw = check(read_digits(), "digits")
        return "digits", raw, fingerprint(raw)
    folder = place_of(source)
    if folder is not None:
        return folder.resolve().name, *read_folder(folder)
    return str(source), *read_hub(str(source))


def _split(raw: RawSplit, scale: Scaling) -> Split:
    return Split(scale.apply(raw.images), torch.from_numpy(np.array(raw.labels, dtype=np.int64)))
