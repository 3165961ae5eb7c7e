"""Batch normalisation made part of the convolution in front of it, in float64."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn


def scale_and_shift(norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """What the normalisation does in eval mode, y = scale * x + shift, each [channels] in float64."""
    mean, variance = norm.running_mean, norm.running_var
    assert mean is not None and variance is not None, "a supernet's normalisations keep running statistics"
    scale = norm.weight.detach().double() * torch.rsqrt(variance.double() + norm.eps)
    return scale, norm.bias.detach().double() - mean.double() * scale


def scaled(weight: Tensor, scale: Tensor) -> Tensor:
    """A convolution's weight [outputs, ...] in float64, each output's filter times its scale."""
    return weight.detach().double() * scale.view(-1, *[1] * (weight.dim() - 1))


def folded(conv: nn.Conv2d, norm: nn.BatchNorm2d) -> nn.Conv2d:
    """One convolution with a bias that does what both do in eval mode."""
    scale, shift = scale_and_shift(norm)
    weight = scaled(conv.weight, scale)
    return convolution(weight, shift, stride=conv.stride[0], groups=conv.groups, dtype=conv.weight.dtype)


def convolution(weight: Tensor, bias: Tensor | None, *, stride: int, groups: int, dtype: torch.dtype) -> nn.Conv2d:
    """A frozen convolution with these numbers: weight [outputs, inputs of a group, k, k], bias [outputs] or none.

    Its padding keeps the size at stride 1.
    """
    outputs, read, kernel, _ = weight.shape
    inputs, padding = read * groups, kernel // 2
    numbers = {"groups": groups, "bias": bias is not None, "dtype": dtype, "device": weight.device}
    # Without initialisation, which would draw from the global generator.
    made = cast("nn.Conv2d", nn.utils.skip_init(nn.Conv2d, inputs, outputs, kernel, stride, padding, **numbers))
    made.requires_grad_(False)
    made.weight.copy_(weight)
    if made.bias is not None and bias is not None:
        made.bias.copy_(bias)
    return made
