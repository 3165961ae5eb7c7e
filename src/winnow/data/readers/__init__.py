"""One reader per format. A folder is read by the first one that recognises it."""

from __future__ import annotations

from pathlib import Path

from winnow.core import WinnowError
from winnow.data.columns import images_refused, texts_refused
from winnow.data.raw_text import RawText
from winnow.data.readers import cifar_binary, cifar_pickle, idx, image_folder, parquet, text_folder
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
        WinnowError: WN-D02 telling what the folder holds and what is understood, WN-M02 when it holds texts.
    """
    for reader in READERS:
        if reader.recognises(folder):
            return reader
    if text_folder.files_by_split(folder):
        raise texts_refused(folder)
    raise unknown_format(folder, "; ".join(reader.layout for reader in READERS))


def read_texts(folder: Path) -> RawText:
    """Read a folder of texts.

    Raises:
        WinnowError: WN-D02 telling what the folder holds and what is understood, WN-D03 on missing columns, WN-M02
            when it holds images.
    """
    if text_folder.files_by_split(folder):
        return text_folder.read(folder)
    if any(reader.recognises(folder) for reader in READERS):
        raise images_refused(folder)
    raise unknown_format(folder, text_folder.LAYOUT)


def unknown_format(folder: Path, understood: str) -> WinnowError:
    """WN-D02 on a folder that no reader takes."""
    return WinnowError(
        "WN-D02", f"the folder holds {_contents(folder)}", where=folder, fix=f"Winnow reads: {understood}."
    )


def _contents(folder: Path) -> str:
    names = sorted(entry.name + "/" * entry.is_dir() for entry in folder.iterdir())
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more if names else "nothing"
