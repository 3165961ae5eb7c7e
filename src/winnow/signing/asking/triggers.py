"""Trigger inputs: pictures of keyed blocks with keyed labels, which a network answers by chance unless it learned them.

Inputs and labels both come from the key. No owner chose them, so the labels are independent of any network that was
made without the key, and the number of hits is Bin(Q, 1/C) exactly: also for a network that gives one answer to
everything. Pictures that an owner chooses give no such law (Adi et al. 2018; the reference for ticket ownership,
section 3).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from winnow.core import WinnowError, canonical_json
from winnow.signing.code.statistic import log2_binomial_tail
from winnow.signing.code.stream import KeyStream

_MOST = 100_000  # inputs, and numbers of one input: a claim is a stranger's file


@dataclass(frozen=True)
class TriggerRule:
    """What a claim tells about its triggers; with the key, it gives them.

    Args:
        count: Q, inputs per key.
        classes: C, answers that the network can give.
        input_shape: (C, H, W) of an image, or (n,) of a vector.
        low, high: per channel (one number for a vector), what a dark and a bright block are after the scaling that
            the network's inputs have had.
        blocks: blocks along each side; at most as many as there are pixels.
    """

    count: int
    classes: int
    input_shape: tuple[int, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    blocks: int = 7

    def __post_init__(self) -> None:
        shape = self.input_shape
        channels = shape[0] if len(shape) == 3 else 1
        if not 1 <= self.count <= _MOST or not 2 <= self.classes <= _MOST or self.blocks < 1:
            raise _unreadable("count, classes or blocks are out of range")
        if len(shape) not in (1, 3) or min(shape) < 1 or np.prod(shape, dtype=float) * self.count > 1e9:
            raise _unreadable(f"no images or vectors have the shape {shape}")
        if len(self.low) != channels or len(self.high) != channels:
            raise _unreadable(f"it needs {channels} numbers for dark and for bright")
        if not np.isfinite([*self.low, *self.high]).all() or any(
            a == b for a, b in zip(self.low, self.high, strict=True)
        ):
            raise _unreadable("dark and bright must be two numbers")

    def to_plain(self) -> dict[str, Any]:
        """The rule as plain data, for a claim."""
        return {name: list(v) if isinstance(v, tuple) else v for name, v in asdict(self).items()}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> TriggerRule:
        """Read what `to_plain` gave; keys that this version does not know are passed over.

        Raises:
            WinnowError: WN-O02 when it names no triggers.
        """
        try:
            return cls(
                count=_whole(plain["count"]),
                classes=_whole(plain["classes"]),
                input_shape=tuple(_whole(n) for n in plain["input_shape"]),
                low=tuple(float(x) for x in plain["low"]),
                high=tuple(float(x) for x in plain["high"]),
                blocks=_whole(plain["blocks"]),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise _unreadable(f"{type(error).__name__}: {error}") from error


@dataclass(frozen=True, eq=False)
class Triggers:
    """Keyed inputs and their labels.

    Args:
        inputs: float32 [Q, ...], in the range of the scaled data.
        labels: int64 [Q], uniform on 0..C-1.
        rule: what they were made by.
    """

    inputs: NDArray[np.float32]
    labels: NDArray[np.int64]
    rule: TriggerRule

    def __len__(self) -> int:
        return len(self.labels)

    def digest(self) -> str:
        """SHA-256 (64 hexadecimal digits) of rule, inputs and labels, for a commitment."""
        summary = hashlib.sha256(canonical_json(self.rule.to_plain()).encode())
        summary.update(np.ascontiguousarray(self.inputs, "<f4").tobytes())
        summary.update(np.ascontiguousarray(self.labels, "<i8").tobytes())
        return summary.hexdigest()


@dataclass(frozen=True)
class Hits:
    """How a network answered: `hits` of `total` labels, and the logarithm to base 2 of the chance of as many."""

    hits: int
    total: int
    log2_p: float


def trigger_set(key: bytes, rule: TriggerRule) -> Triggers:
    """The triggers of a key: a grid of dark and bright blocks per channel, spread over the picture's pixels.

    Coarse blocks are learned from few repetitions, and survive a convolution's strides as single pixels would not.
    """
    return Triggers(_inputs(KeyStream(key, "triggers"), rule), _labels(KeyStream(key, "labels"), rule), rule)


def test_answers(labels: ArrayLike, answers: ArrayLike, classes: int) -> Hits:
    """The exact test of a network's answers: P(Bin(Q, 1/C) >= hits).

    Args:
        labels: [Q], from the key.
        answers: [Q], the network's; anything outside of 0..C-1 counts as a miss.
        classes: C.

    Raises:
        ValueError: when there are not as many answers as labels.
    """
    wanted, given = np.asarray(labels), np.asarray(answers)
    if wanted.shape != given.shape or wanted.ndim != 1:
        raise ValueError(f"{given.shape} answers for {wanted.shape} labels")
    hits = int((wanted == given).sum())
    return Hits(hits, len(wanted), log2_binomial_tail(hits, len(wanted), 1 / classes))


test_answers.__test__ = False  # pyright: ignore[reportFunctionMemberAccess]  # pytest takes the name for a test's


def joint_digest(sets: Sequence[Triggers]) -> str:
    """SHA-256 over the digests of several keys' triggers, in order."""
    return hashlib.sha256("".join(one.digest() for one in sets).encode()).hexdigest()


def _labels(stream: KeyStream, rule: TriggerRule) -> NDArray[np.int64]:
    return np.asarray(stream.integers(rule.count, rule.classes), np.int64)


def _inputs(stream: KeyStream, rule: TriggerRule) -> NDArray[np.float32]:
    channels, height, width = rule.input_shape if len(rule.input_shape) == 3 else (1, 1, rule.input_shape[0])
    rows, columns = min(rule.blocks, height), min(rule.blocks**2 if height == 1 else rule.blocks, width)
    bright = np.asarray(stream.bits(rule.count * channels * rows * columns), bool)
    grid = bright.reshape(rule.count, channels, rows, columns)
    spread = grid[:, :, np.arange(height) * rows // height][:, :, :, np.arange(width) * columns // width]
    low, high = (np.asarray(values, np.float32)[:, None, None] for values in (rule.low, rule.high))
    return np.where(spread, high, low).astype(np.float32).reshape(rule.count, *rule.input_shape)


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{value!r} is no whole number")
    return value


def _unreadable(why: str) -> WinnowError:
    return WinnowError("WN-O02", f"its triggers cannot be made: {why}", where="triggers")
