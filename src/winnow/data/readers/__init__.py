"""One reader per format. A folder is read by the first one that recognises it."""

from __future__ import annotations

from pathlib import Path

from winnow.core import WinnowError
from winnow.data.readers import cifar_binary, cifar_pickle, idx, image_folder, parquet
from winnow.data.readers.protocol import Reader

READERS: tuple[Reader, ...] = (
    parquet.ParquetReader(),
    idx.IdxReader(),
    cifar_binary.CifarBinaryReader(),
    cifar_pickle.CifarPickleReader(),
    image_folder.ImageFolderReader(),
)
_SHOWN = 8


def reader_for(folder: Path) -> Reader:
    """The reader that takes this folder.

    Raises:
        WinnowError: WN-D02 telling what the folder holds and what is understood.
    """
    for reader in READERS:
        if reader.recognises(folder):
            return reader
    understood = "; ".join(reader.layout for reader in READERS)
    raise WinnowError(
        "WN-D02", f"the folder holds {_contents(folder)}", where=folder, fix=f"Winnow reads: {understood}."
    )


def _contents(folder: Path) -> str:
    names = sorted(entry.name + "/" * entry.is_dir() for entry in folder.iterdir())
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more if names else "nothing"
