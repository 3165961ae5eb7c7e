"""From which density on stored weights are faster than dense layers on this machine: measured once, and kept."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields

import numpy as np
import torch
from torch import nn

from winnow.core import WinnowError, canonical_json
from winnow.kernels.layout import Batch, Layout, batch_of, buffer
from winnow.kernels.pattern import pattern_of
from winnow.kernels.products import Taps, Window, whole
from winnow.kernels.team import Program, Team
from winnow.storage import cache_root, environment, read_json, write_json

# Raised when the kernels change, so that machines are measured again.
_VERSION = 1
_DENSITIES = (0.05, 0.1, 0.2, 0.35, 0.5, 0.8)
_LEAST = 0.005
_ROUNDS, _SECONDS = 7, 0.004
_log = logging.getLogger("winnow")


@dataclass(frozen=True)
class BreakEven:
    """Densities below which stored weights win here, between 0 (never) and 0.8 (the highest that is tried).

    Args:
        linear_training: forward and both gradients, 784 to 300 units, 64 images.
        linear_inference: forward.
        convolution_training: forward and both gradients, 3x3, 32 channels of 16 x 16, 64 images, against channels last.
        convolution_inference: forward.
    """

    linear_training: float
    linear_inference: float
    convolution_training: float
    convolution_inference: float


def break_even() -> BreakEven:
    """This machine's densities, as measured when they were first asked for with this number of threads."""
    file = cache_root() / "break-even" / f"{_key()}.json"
    try:
        kept = read_json(file)
        return BreakEven(**{item.name: float(kept[item.name]) for item in fields(BreakEven)})
    except (WinnowError, OSError, KeyError, TypeError, ValueError):
        return measured(keep=True)


def measured(*, keep: bool = False) -> BreakEven:
    """The densities, measured now: about two seconds, and the time to compile when that has never been done.

    Args:
        keep: whether `break_even` shall give these from now on.
    """
    found = BreakEven(*_crossings(_linear), *_crossings(_convolution))
    if keep:
        file = cache_root() / "break-even" / f"{_key()}.json"
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            write_json(file, asdict(found))
        except (WinnowError, OSError) as error:
            _log.warning("the measured break-even densities are not kept, the next run measures again: %s", error)
    return found


def _key() -> str:
    facts = environment()
    versions = [facts["packages"].get("torch"), torch.get_num_threads(), _VERSION]
    text = canonical_json([facts["system"], facts["processor"], facts["cores"], *versions])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


_Pair = tuple[Callable[[], object], Callable[[], object]]


def _crossings(layer: Callable[[float], tuple[_Pair, _Pair]]) -> tuple[float, float]:
    """Break-even of training and inference for one kind of layer: `layer` gives (dense, sparse) of each."""
    pairs = [layer(density) for density in _DENSITIES]
    training = [_ratio(*pair[0]) for pair in pairs]
    inference = [_ratio(*pair[1]) for pair in pairs]
    return _crossing(_DENSITIES, training), _crossing(_DENSITIES, inference)


def _crossing(densities: Sequence[float], ratios: Sequence[float]) -> float:
    """Where sparse takes as long as dense (ratio 1), on the line through all measurements in logarithms.

    One line through all of them, since a single measurement may have been disturbed.
    """
    slope, height = np.polyfit(np.log(densities), np.log(ratios), 1)
    if slope <= 0:
        return densities[-1] if height < 0 else 0.0
    crossing = float(np.exp(-height / slope))
    return round(min(crossing, densities[-1]), 3) if crossing >= _LEAST else 0.0


def _ratio(dense: Callable[[], object], sparse: Callable[[], object]) -> float:
    """Time of sparse in units of dense: the shortest of several turns each, taken in turns."""
    best = [float("inf"), float("inf")]
    for call in (dense, sparse):
        call()
    for _ in range(_ROUNDS):
        for index, call in enumerate((dense, sparse)):
            count, begin = 0, time.perf_counter()
            while (spent := time.perf_counter() - begin) < _SECONDS or count == 0:
                call()
                count += 1
            best[index] = min(best[index], spent / count)
    return best[1] / best[0]


def _linear(density: float) -> tuple[_Pair, _Pair]:
    layer, images = nn.Linear(784, 300), torch.randn(64, 784)
    layout = Layout(784, 1, 1, batch_of(64))
    return _pairs(layer, images, density, whole(layout), layout, Layout(300, 1, 1, batch_of(64)))


def _convolution(density: float) -> tuple[_Pair, _Pair]:
    layer = nn.Conv2d(32, 32, 3, padding=1).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    images = torch.randn(64, 32, 16, 16).contiguous(memory_format=torch.channels_last)
    layout = Layout(32, 16, 16, Batch(64, 64), halo=1)
    return _pairs(layer, images, density, Window((3, 3), padding=(1, 1)), layout, layout)


def _pairs(
    layer: nn.Module, images: torch.Tensor, density: float, window: Window, inputs: Layout, outputs: Layout
) -> tuple[_Pair, _Pair]:
    """(dense, sparse) of a training step's three products, and of inference."""
    rows = outputs.channels
    mask = np.random.default_rng(0).random((rows, sum(p.numel() for p in layer.parameters() if p.dim() > 1) // rows))
    pattern = pattern_of(mask < density)
    taps, values = Taps(pattern, window, inputs, outputs), torch.randn(pattern.stored)
    x, y, gradient = (buffer(layout) for layout in (inputs, outputs, inputs))
    forward = taps.forward(values, None, x, y)
    backward = [
        *taps.input_gradient(values, y, gradient, add=False),
        *taps.weight_gradient(y, x, torch.zeros_like(values), torch.get_num_threads()),
    ]
    images.requires_grad_()
    upstream = torch.randn_like(layer(images))
    weights = [p for p in layer.parameters() if p.dim() > 1]

    def dense_step() -> object:
        return torch.autograd.grad(layer(images), [images, *weights], upstream)

    def dense_forward() -> object:
        with torch.no_grad():
            return layer(images)

    step, inference = Team([Program([forward, *backward])]), Team([Program([forward])])
    return (dense_step, step.run), (dense_forward, inference.run)
