"""What a network answers to given inputs: a Python function, or an ONNX file, checked in one way.

Answers are labels [N], or logits [N, C] whose largest counts. Anything else is refused rather than read as a miss: a
judge must not find "no match" where the network was never heard. An address on the web is in `endpoints`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from winnow.core import WinnowError

Answers = Callable[[NDArray[np.float32]], NDArray[np.int64]]
BATCH = 64


def answers_of(function: Callable[[NDArray[np.float32]], Any], *, where: str = "", batch: int = BATCH) -> Answers:
    """A Python function as something to ask.

    Args:
        function: takes inputs float32 [N, ...], returns labels [N] or logits [N, C] as an array or nested lists.
        where: what errors name.
        batch: inputs a call.

    Returns:
        A function from inputs [N, ...] to labels int64 [N]. It raises WN-L05 when the answers are of the wrong size
        or not numbers, or when the function fails.
    """

    def ask(inputs: NDArray[np.float32]) -> NDArray[np.int64]:
        found = [_asked(function, inputs[at : at + batch], where) for at in range(0, len(inputs), batch)]
        return np.concatenate(found) if found else np.zeros(0, np.int64)

    return ask


def onnx_answers(path: Path | str, *, threads: int = 1) -> Answers:
    """An ONNX file of one input, run by ONNX Runtime on the CPU; its first output is labels or logits.

    The file is read as bytes, so that it cannot name further files to be read.

    Raises:
        WinnowError: WN-D07 without onnxruntime, WN-O05 when the file is no network of one input.
    """
    session = _session(Path(path), threads)
    (given,) = session.get_inputs()
    rows = given.shape[0] if given.shape and isinstance(given.shape[0], int) and given.shape[0] > 0 else 0
    kind = {"tensor(double)": np.float64, "tensor(float16)": np.float16}.get(given.type, np.float32)

    def run(inputs: NDArray[np.float32]) -> Any:
        # A network that was exported for a fixed number of inputs gets zeros in the places left over.
        room = np.zeros((rows or len(inputs), *inputs.shape[1:]), kind)
        room[: len(inputs)] = inputs
        return np.asarray(session.run(None, {given.name: room})[0])[: len(inputs)]

    return answers_of(run, where=str(path), batch=rows or BATCH)


def labels_from(reply: Any, count: int, where: str = "") -> NDArray[np.int64]:
    """Labels int64 [count] from labels or logits.

    Raises:
        WinnowError: WN-L05 when there are not `count` of them, or some are not numbers.
    """
    try:
        found = np.asarray(reply)
    except (ValueError, TypeError, OverflowError) as error:  # rows of unequal length
        raise no_answers("rows of unequal length, or no numbers", where) from error
    if found.ndim not in (1, 2) or len(found) != count or found.size == 0:
        raise no_answers(f"{count} labels or rows of logits were expected, not {found.shape}", where)
    if found.ndim == 1:
        if found.dtype.kind not in "iu":
            raise no_answers(f"labels must be whole numbers, not {found.dtype}", where)
        # Whatever is no class is a miss; -1 says so in any type.
        return np.where(found <= np.iinfo(np.int64).max, found, -1).astype(np.int64)
    if found.dtype.kind not in "iuf" or not np.isfinite(found).all():
        raise no_answers("logits that are not numbers", where)
    return np.argmax(found, axis=1).astype(np.int64)


def no_answers(why: str, where: str) -> WinnowError:
    """WN-L05, for a network that does not answer as it should."""
    return WinnowError(
        "WN-L05", why, where=where or None, fix="It should give one label, or one row of logits, for every input."
    )


def _asked(function: Callable[[NDArray[np.float32]], Any], inputs: NDArray[np.float32], where: str) -> Any:
    try:
        reply = function(inputs)
    except WinnowError:
        raise
    except Exception as error:  # somebody else's network may fail in any way
        told = str(error).partition("\n")[0][:200]
        raise no_answers(f"asking it failed: {type(error).__name__}: {told}", where) from error
    return labels_from(reply, len(inputs), where)


def _session(path: Path, threads: int) -> Any:
    try:
        import onnxruntime
    except ImportError as error:
        raise WinnowError("WN-D07", "ONNX needs onnxruntime", fix='pip install "winnow-lab[onnx]"') from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own errors share no class that it documents
        told = str(error).partition("\n")[0][:200]
        raise WinnowError("WN-O05", f"no ONNX network that can be run: {told}", where=path) from error
    if len(session.get_inputs()) != 1 or not session.get_inputs()[0].type.startswith("tensor("):
        raise WinnowError("WN-O05", "a network of one input was expected", where=path)
    return session
