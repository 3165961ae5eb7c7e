"""Pickled arrays, read without running anything that the file names."""

from __future__ import annotations

import _codecs
import pickle
from pathlib import Path
from typing import Any

import numpy as np

# All that a pickled dict of numpy arrays and lists names. The array's own account of how to rebuild it is the public
# way to a function that numpy moved between versions; `encode` is how Python 3 writes bytes under old protocols.
_REBUILD = np.empty(0).__reduce__()[0]
_ALLOWED: dict[tuple[str, str], Any] = {
    ("numpy.core.multiarray", "_reconstruct"): _REBUILD,
    ("numpy._core.multiarray", "_reconstruct"): _REBUILD,
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    ("_codecs", "encode"): _codecs.encode,
}


class _ArraysOnly(pickle.Unpickler):
    def find_class(self, module_name: str, global_name: str, /) -> Any:
        try:
            return _ALLOWED[module_name, global_name]
        except KeyError:
            raise pickle.UnpicklingError(f"it names {module_name}.{global_name}, which is refused") from None


def read_pickle(path: Path) -> Any:
    """The content of a pickle of numbers, text, lists, dicts and numpy arrays; Python 2's text comes as bytes.

    Raises:
        pickle.UnpicklingError: when the file is broken or names anything else; nothing of it was run.
    """
    try:
        with path.open("rb") as file:
            return _ArraysOnly(file, encoding="bytes").load()
    except pickle.UnpicklingError:
        raise
    except Exception as error:  # a broken pickle fails in whatever its bytes happened to mean
        raise pickle.UnpicklingError(f"it is no whole pickle: {error}") from error
