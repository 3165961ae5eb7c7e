"""What is read of a pre-trained encoder: its configuration, its weights (safetensors only) and its tokenizer.

No code of the encoder's own is run, and nothing that is pickled is opened.
"""

from __future__ import annotations

import importlib
import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import nn

from winnow.core import WinnowError

# The Hub's oldest encoders have no owner in their id.
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?")
_POOLER = "pooler"


def place_named(path: str) -> str:
    """The folder's absolute path where there is such a folder, else the Hub id.

    Raises:
        WinnowError: WN-M01 when it can be neither.
    """
    folder = Path(path).expanduser()
    if folder.is_dir():
        return str(folder.resolve())
    if folder.exists() or not _HUB_ID.fullmatch(path):
        raise _no_encoder(path, "it is a file" if folder.exists() else "there is no such folder")
    return path


def read_configuration(place: str) -> Any:
    """The encoder's configuration.

    Raises:
        WinnowError: WN-D07 without the package, WN-M01 when nothing is there.
    """
    return _read(place, lambda package, options: package.AutoConfig.from_pretrained(place, **options))


def read_tokenizer(place: str) -> Any:
    """The encoder's tokenizer, which pads on the right.

    Raises:
        WinnowError: WN-D07 without the package, WN-M01 when there is none, or none that can pad.
    """
    tokenizer = _read(
        place, lambda package, options: package.AutoTokenizer.from_pretrained(place, padding_side="right", **options)
    )
    if tokenizer.pad_token_id is None:
        raise _no_encoder(place, "its tokenizer has no padding token")
    return tokenizer


def read_encoder(place: str) -> nn.Module:
    """The encoder with its pre-trained weights in float32, without a pooler of its own.

    Raises:
        WinnowError: WN-D07 without the package, WN-M01 when nothing is there or a weight is missing.
    """

    def load(package: Any, options: dict[str, Any]) -> tuple[nn.Module, dict[str, Any]]:
        return package.AutoModel.from_pretrained(
            place,
            dtype=torch.float32,
            use_safetensors=True,
            # Plain operations: no slower on a CPU (29 and 29 ms a text of 32 tokens), and they differentiate twice.
            attn_implementation="eager",
            output_loading_info=True,
            **options,
        )

    encoder, told = _read(place, load)
    missing = sorted(name for name in told["missing_keys"] if not name.startswith(f"{_POOLER}."))
    if missing:
        raise _no_encoder(place, f"{len(missing)} of its weights are not in its files, the first {missing[0]}")
    if getattr(encoder, _POOLER, None) is not None:
        # Means over tokens are read instead: a pooler would be counted and pruned, and do nothing.
        setattr(encoder, _POOLER, None)
    return encoder


def _read(place: str, load: Callable[[Any, dict[str, Any]], Any]) -> Any:
    package = _package(place)
    options = {"local_files_only": Path(place).is_dir(), "trust_remote_code": False}
    with _quiet(package):
        try:
            return load(package, options)
        except Exception as error:  # the Hub, its files and the package answer with a dozen kinds of error
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise _no_encoder(place, reason) from error


def _no_encoder(place: str, reason: str) -> WinnowError:
    fix = (
        "Give the folder or Hub id of an encoder with config.json, tokenizer.json and its weights as model.safetensors."
    )
    return WinnowError("WN-M01", f"no encoder can be read: {reason}", where=f"hf:{place}", fix=fix)


def _package(place: str) -> Any:
    try:
        return importlib.import_module("transformers")
    except ImportError as error:
        raise WinnowError(
            "WN-D07",
            "an encoder needs the package `transformers`",
            where=f"hf:{place}",
            fix='pip install "winnow-lab[language]"',
        ) from error


@contextmanager
def _quiet(package: Any) -> Iterator[None]:
    """Neither bars nor log lines nor warnings: what matters is raised. The package's settings come back."""
    log = package.utils.logging
    level, bars = log.get_verbosity(), log.is_progress_bar_enabled()
    log.set_verbosity_error()
    log.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.set_verbosity(level)
        if bars:
            log.enable_progress_bar()
