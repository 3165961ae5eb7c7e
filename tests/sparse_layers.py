# pyright: reportArgumentType=false, reportCallIssue=false, reportOptionalMemberAccess=false
"""Layers of every geometry with their batches, for tests of the products with stored weights."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from hypothesis import strategies as st
from torch import Tensor

from winnow.kernels.layout import Layout, batch_of
from winnow.kernels.pattern import Pattern, pattern_of
from winnow.kernels.products import Taps, Window, whole

# What stands in the empty images of the last block, where it must not matter.
GARBAGE = 1e6


@dataclass(frozen=True)
class Case:
    """A layer with its batch: `window` is None for a linear layer; `halos` are those of what it reads and writes."""

    shape: tuple[int, int, int]
    outputs: int
    window: Window | None
    images: int
    smallest: int
    density: float
    halos: tuple[int, int, int, int]
    seed: int
    bias: bool = True
    relu: bool = False
    extra: bool = False

    def product(self, weight: Tensor, images: Tensor) -> Tensor:
        """Torch's word for it, [N, O, H, W]."""
        if self.window is None:
            return F.linear(images.flatten(1), weight)[:, :, None, None]
        w = self.window
        return F.conv2d(images, weight, None, w.stride, w.padding, w.dilation, w.groups)


@st.composite
def convolutions(draw: st.DrawFn) -> Case:
    groups = draw(st.sampled_from([1, 1, 2, 3]))
    inputs, outputs = groups * draw(st.integers(1, 4)), groups * draw(st.integers(1, 4))
    if draw(st.booleans()) and groups > 1:  # depthwise
        inputs = groups
    pairs = st.tuples(st.integers(1, 3), st.integers(1, 3))
    kernel = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    padding, dilation = draw(st.tuples(st.integers(0, 3), st.integers(0, 3))), draw(pairs)
    window = Window(kernel, draw(pairs), padding, dilation, groups)
    least = [max(d * (k - 1) + 1 - 2 * p, 1) for k, p, d in zip(kernel, padding, dilation, strict=True)]
    height, width = (size + draw(st.integers(0, 7)) for size in least)
    return draw(cases((inputs, height, width), outputs, window))


@st.composite
def linears(draw: st.DrawFn) -> Case:
    shape = draw(st.sampled_from([(1, 1, 1), (7, 1, 1), (300, 1, 1), (3, 4, 5), (2, 9, 1), (1, 28, 28)]))
    return draw(cases(shape, draw(st.integers(1, 40)), None))


def cases(shape: tuple[int, int, int], outputs: int, window: Window | None) -> st.SearchStrategy[Case]:
    halo = max(window.padding) if window else 0
    spare = st.integers(0, 2)
    return st.builds(
        Case,
        *map(st.just, (shape, outputs, window)),
        images=st.sampled_from([1, 3, 8, 16, 17, 20, 60, 64, 65, 130]) | st.integers(1, 130),
        smallest=st.sampled_from([8, 16]),
        density=st.sampled_from([0.0, 0.02, 0.2, 0.7, 1.0]),
        halos=st.tuples(spare.map(lambda more: halo + more), spare, spare, spare),
        seed=st.integers(0, 2**32),
        bias=st.booleans(),
        relu=st.booleans(),
        extra=st.booleans(),
    )


@dataclass
class Made:
    """A case with its tensors (float32) and buffers."""

    case: Case
    pattern: Pattern
    weight: Tensor
    stored: Tensor
    bias: Tensor
    images: Tensor
    extra: Tensor
    gradient: Tensor
    x: Layout
    y: Layout
    taps: Taps


def made(case: Case) -> Made:
    generator = torch.Generator().manual_seed(case.seed)

    def normal(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator)

    per_group = (case.shape[0] // case.window.groups, *case.window.kernel) if case.window else case.shape
    mask = torch.rand(case.outputs, *per_group, generator=generator) < case.density
    mask &= (torch.rand(case.outputs, generator=generator) < 0.8).view(-1, 1, 1, 1)  # some rows are empty
    pattern = pattern_of(mask.flatten(1).numpy())
    weight = normal(*mask.shape) * mask
    weight = weight.flatten(1) if case.window is None else weight
    images = normal(case.images, *case.shape)
    out = case.product(weight, images)
    batch = batch_of(case.images, case.smallest)
    x = Layout(*case.shape, batch, case.halos[0])
    y = Layout(*out.shape[1:], batch, case.halos[1])
    taps = Taps(pattern, case.window or whole(x), x, y)
    stored = weight.flatten()[torch.from_numpy(pattern.positions)]
    tensors = (weight, stored, normal(case.outputs), images, normal(*out.shape), normal(*out.shape))
    return Made(case, pattern, *tensors, x, y, taps)


def differentiated(m: Made, *, absolute: bool = False) -> tuple[Tensor, Tensor, Tensor]:
    """The product and the gradients of images and weight in float64; of absolute values, the measure of rounding."""
    tensors = (m.weight, m.images, m.gradient)
    weight, images, gradient = (t.double().abs() if absolute else t.double() for t in tensors)
    weight.requires_grad_()
    images.requires_grad_()
    out = m.case.product(weight, images)
    out.backward(gradient)
    assert weight.grad is not None and images.grad is not None
    return out.detach(), images.grad, weight.grad
