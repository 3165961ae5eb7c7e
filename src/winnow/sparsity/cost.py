"""What a mask saves on paper: parameters (compression ratio) and multiply-adds (theoretical speed-up).

The definitions are those of Blalock et al. 2020 (What is the State of Neural Network Pruning?, section 6):
compression ratio = original size / new size, theoretical speed-up = original multiply-adds / new multiply-adds. Neither
says that anything runs faster; `winnow tickets bench` measures that.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterable, Iterator, Mapping

import torch
from torch import Tensor, nn

from winnow.core import WinnowError
from winnow.sparsity.mask import Mask

_TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
_COUNTED = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d, *_TRANSPOSED)


def multiply_adds(module: nn.Module, sample: Tensor) -> dict[str, int]:
    """Multiply-adds per example of every linear and convolution weight, by parameter name, in layer order.

    A weight does one multiply-add for every place that it is applied to: a linear layer's once per row of its input,
    a convolution's once per output pixel, products with padding included. A weight that two layers share, or a layer
    that is called twice, counts twice, under the weight's first name. Biases, norms and activations are not counted,
    nor a weight that is used without calling its layer; a layer that is never called has 0.

    Args:
        module: any network; it runs once in eval mode and is left as it was.
        sample: inputs (N, ...), N at least 1; their values do not matter.

    Raises:
        WinnowError: WN-M02 when the sample does not go through the network.
    """
    names = {id(parameter): name for name, parameter in module.named_parameters()}
    layers = {path: layer for path, layer in module.named_modules() if isinstance(layer, _COUNTED)}
    # A weight made by a parametrisation is no parameter of the network; its layer's path names it.
    own_name: dict[nn.Module, str] = {
        layer: names.get(id(layer.weight), f"{path}.weight".lstrip(".")) for path, layer in layers.items()
    }
    counts = dict.fromkeys(own_name.values(), 0)

    def count(layer: nn.Module, given: tuple[Tensor, ...], output: Tensor) -> None:
        counts[own_name[layer]] += _weight_of(layer).numel() * _places(layer, given[0], output) // len(sample)

    with _hooked(own_name, count), _evaluating(module), torch.no_grad():
        try:
            module(sample)
        except Exception as error:
            reason = f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"
            raise WinnowError("WN-M02", f"the sample does not go through the network: {reason}") from error
    return counts


def compression(mask: Mask, module: nn.Module) -> float:
    """Compression ratio: all parameters of the network over those that remain.

    All counts: biases and the scales and shifts of norms are parameters too, and no mask removes them. Running
    statistics are no parameters. A tied weight counts once. Infinite when nothing remains.

    Raises:
        WinnowError: WN-P02 when the mask does not fit the network.
    """
    mask.check(dict(module.named_parameters()))
    total = sum(parameter.numel() for parameter in module.parameters())
    left = total - (mask.total - mask.kept)
    return total / left if left else math.inf


def speed_up(mask: Mask, counts: Mapping[str, int]) -> float:
    """Theoretical speed-up: multiply-adds of the dense network over those of the weights that remain.

    Args:
        mask: what remains.
        counts: `multiply_adds` of the dense network; a weight without a mask keeps all of its own.

    Returns:
        At least 1; infinite when nothing remains, 1 for a network without multiply-adds.

    Raises:
        WinnowError: WN-P02 when a masked weight was not counted, as its layer is neither linear nor a convolution.
    """
    missing = [name for name in mask if name not in counts]
    if missing:
        raise WinnowError(
            "WN-P02", "only weights of linear and convolution layers have a count of multiply-adds", where=missing[0]
        )
    dense = sum(counts.values())
    # Every weight of a tensor is used equally often, so this division leaves no rest.
    pruned = sum(counts[n] // max(m.numel(), 1) * (m.numel() - int(m.sum())) for n, m in mask.items())
    if dense == 0:
        return 1.0
    return dense / (dense - pruned) if dense > pruned else math.inf


def _weight_of(layer: nn.Module) -> Tensor:
    weight = layer.weight
    assert isinstance(weight, Tensor)
    return weight


def _places(layer: nn.Module, given: Tensor, output: Tensor) -> int:
    """How often each weight is applied, over the whole batch."""
    if isinstance(layer, nn.Linear):
        return output.numel() // layer.out_features
    if isinstance(layer, _TRANSPOSED):
        return given.numel() // layer.in_channels
    return output.numel() // layer.out_channels  # type: ignore[operator]


@contextlib.contextmanager
def _hooked(layers: Iterable[nn.Module], hook: Callable[..., None]) -> Iterator[None]:
    handles = [layer.register_forward_hook(hook) for layer in layers]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


@contextlib.contextmanager
def _evaluating(module: nn.Module) -> Iterator[None]:
    modes = [(part, part.training) for part in module.modules()]
    module.eval()
    try:
        yield
    finally:
        for part, training in modes:
            part.training = training
