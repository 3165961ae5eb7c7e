"""Optimizers by name, and their state as tensors by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from torch import Tensor, nn, optim

from winnow.core import chosen

# Their own weight decay stays 0: the loop adds the L2 term's gradient, to chosen weights only. "adam" and "adamw" then
# do the same. One fused operation for all tensors, where there is one: a step of a small supernet has 500 of them.
_MAKERS: dict[str, Callable[[list[nn.Parameter], float], optim.Optimizer]] = {
    "adamw": lambda weights, rate: optim.AdamW(weights, rate, weight_decay=0.0, fused=True),
    "adam": lambda weights, rate: optim.Adam(weights, rate, weight_decay=0.0, fused=True),
    "rmsprop": lambda weights, rate: optim.RMSprop(weights, rate, alpha=0.9, eps=1e-3, momentum=0.9, foreach=True),
    "sgd": lambda weights, rate: optim.SGD(weights, rate, momentum=0.9, fused=True),
}


def optimizer_named(name: str, weights: Iterable[nn.Parameter], rate: float) -> optim.Optimizer:
    """A new optimizer without weight decay.

    Raises:
        WinnowError: WN-T03 when there is none of that name.
    """
    return chosen(_MAKERS, name, "optimizer", "WN-T03")(list(weights), rate)


def optimizer_state(optimizer: optim.Optimizer, network: nn.Module) -> dict[str, Tensor]:
    """Moments and counts as "parameter/key" to tensor; empty before the first step."""
    return {
        f"{name}/{key}": value
        for name, parameter in network.named_parameters()
        for key, value in optimizer.state.get(parameter, {}).items()
        if isinstance(value, Tensor)
    }


def load_optimizer_state(optimizer: optim.Optimizer, network: nn.Module, state: Mapping[str, Tensor]) -> None:
    """Set what `optimizer_state` gave, for an optimizer that has not stepped yet."""
    parameters = dict(network.named_parameters())
    for name, value in state.items():
        parameter, _, key = name.rpartition("/")
        optimizer.state[parameters[parameter]][key] = value.clone()
