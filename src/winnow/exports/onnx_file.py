"""Exports in ONNX, by torch's own exporter."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import logging
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from torch import Tensor

from winnow.core import WinnowError
from winnow.exports.source import Source


def write_onnx(source: Source, path: Path) -> None:
    """The network with its zeros as one ONNX file: input `images`, output `logits`, any batch size.

    Raises:
        WinnowError: WN-D07 without the ONNX packages, WN-E02 when torch cannot export the network.
    """
    needed("onnx", "onnxscript")
    with quiet():
        try:
            torch.onnx.export(
                source.module,
                (source.inputs(2),),
                path,
                dynamo=True,
                dynamic_shapes=({0: torch.export.Dim("batch")},),
                input_names=["images"],
                output_names=["logits"],
                external_data=False,
                verbose=False,
            )
        except Exception as error:  # the exporter runs the user's own forward, which may fail in any way
            reason = _innermost(error)
            raise WinnowError("WN-E02", f"torch.onnx does not export it: {reason}") from error


def open_onnx(path: Path) -> Callable[[Tensor], Tensor]:
    """The file's network in ONNX Runtime on the CPU, with as many threads as torch has now.

    Raises:
        WinnowError: WN-D07 without the package onnxruntime.
    """
    needed("onnxruntime")
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def run(images: Tensor) -> Tensor:
        (logits,) = session.run(None, {"images": images.numpy()})
        return torch.from_numpy(logits)

    return run


def has(package: str) -> bool:
    """Whether a package can be imported; it is not."""
    return importlib.util.find_spec(package) is not None


def needed(*packages: str) -> None:
    """Make sure that the packages are there.

    Raises:
        WinnowError: WN-D07, with the line that installs them.
    """
    missing = [package for package in packages if not has(package)]
    if missing:
        raise WinnowError("WN-D07", f"ONNX needs {', '.join(missing)}", fix='pip install "winnow-lab[onnx]"')


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Neither output nor warnings nor log lines: what matters is raised."""
    disabled = logging.root.manager.disable
    heard = io.StringIO()
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(heard), contextlib.redirect_stderr(heard):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(disabled)


def _innermost(error: BaseException) -> str:
    """The first cause's kind and first line: the exporter wraps it in pages of advice."""
    while error.__cause__ is not None:
        error = error.__cause__
    return f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"
