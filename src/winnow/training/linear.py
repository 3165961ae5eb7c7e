"""Chains of linear layers, R at a time: batched matrix products, the backward pass written out.

Compared with autograd this allocates nothing per step and writes every gradient straight into the stack's buffer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from winnow.training.batches import batch_of
from winnow.training.losses import Loss
from winnow.training.stack import Stack


@dataclass(frozen=True)
class _Activation:
    """A nonlinearity in place, and its backward step in place from the output that it gave."""

    forward_: Callable[[Tensor], Tensor]
    backward_: Callable[[Tensor, Tensor], Tensor]


_ACTIVATIONS: dict[type[nn.Module], _Activation] = {
    nn.ReLU: _Activation(
        lambda x: x.clamp_min_(0),
        # Multiplying with a boolean tensor took nine times as long (9 x 60 x 300 floats).
        lambda gradient, out: torch.ops.aten.threshold_backward.grad_input(gradient, out, 0, grad_input=gradient),
    ),
    nn.Tanh: _Activation(lambda x: x.tanh_(), lambda gradient, out: gradient.mul_(1 - out * out)),
    nn.Sigmoid: _Activation(lambda x: x.sigmoid_(), lambda gradient, out: gradient.mul_(out * (1 - out))),
}


@dataclass(frozen=True)
class _Link:
    """One linear layer with what follows it; names are those of the parameters."""

    weight: str
    bias: str | None
    activation: _Activation | None


def chain_of(module: nn.Module) -> list[_Link] | None:
    """The links of a plain chain (optional flatten, then linear layers with known nonlinearities), else None.

    Hooks, frozen or shared parameters, and layers in between make it no plain chain.
    """
    if type(module) is not nn.Sequential or any(_has_hooks(m) for m in module.modules()):
        return None
    links: list[_Link] = []
    for position, (name, layer) in enumerate(module.named_children()):
        if type(layer) is nn.Linear:
            links.append(_Link(f"{name}.weight", f"{name}.bias" if layer.bias is not None else None, None))
        elif type(layer) in _ACTIVATIONS and links and links[-1].activation is None:
            links[-1] = _Link(links[-1].weight, links[-1].bias, _ACTIVATIONS[type(layer)])
        elif not (type(layer) is nn.Flatten and position == 0 and (layer.start_dim, layer.end_dim) == (1, -1)):
            return None
    used = {name for link in links for name in (link.weight, link.bias) if name}
    whole = {n for n, p in module.named_parameters() if p.requires_grad and p.dtype == torch.float32}
    return links if links and links[-1].activation is None and used == whole else None


def _has_hooks(module: nn.Module) -> bool:
    return bool(module._forward_hooks or module._forward_pre_hooks or module._backward_hooks)


class LinearEngine:
    """See the module's docstring; an `Engine`."""

    def __init__(self, stack: Stack, links: list[_Link], loss: Loss) -> None:
        self._links, self._loss = links, loss
        self._weights = stack.stacked(stack.weights)
        self._gradients = stack.stacked(stack.gradients)
        self._members = len(stack)
        self._outputs: list[Tensor] = []
        self._backwards: list[Tensor] = []

    @torch.no_grad()
    def gradients(
        self,
        images: Tensor,
        labels: Tensor,
        step: int,  # noqa: ARG002
        index: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """See `Engine.gradients`."""
        images, labels = batch_of(self._members, images, labels, index)
        inputs = images.flatten(2)
        self._reserve(inputs)
        outputs = self._forward(inputs, self._outputs)
        logits = outputs[-1]
        self._backward([inputs, *outputs], self._loss.gradient(logits, labels))
        right = (logits.argmax(-1) == labels).float().mean(-1)
        return self._loss.values(logits, labels).mean(-1), right

    @torch.no_grad()
    def logits(self, images: Tensor) -> Tensor:
        """See `Engine.logits`."""
        shared = images.flatten(1).expand(self._members, -1, -1)
        return self._forward(shared, [shared.new_empty(0)] * len(self._links))[-1]

    def _reserve(self, inputs: Tensor) -> None:
        """Buffers for a batch of this size, kept from step to step."""
        members, batch, _ = inputs.shape
        if self._outputs and self._outputs[0].shape[1] == batch:
            return
        widths = [self._weights[link.weight].shape[1] for link in self._links]
        self._outputs = [inputs.new_empty(members, batch, width) for width in widths]
        self._backwards = [torch.empty_like(out) for out in self._outputs]

    def _forward(self, inputs: Tensor, buffers: list[Tensor]) -> list[Tensor]:
        outputs = []
        for link, buffer in zip(self._links, buffers, strict=True):
            weight = self._weights[link.weight].transpose(1, 2)
            inputs = torch.bmm(inputs, weight, out=buffer) if buffer.numel() else torch.bmm(inputs, weight)
            if link.bias:
                inputs += self._weights[link.bias].unsqueeze(1)
            if link.activation:
                link.activation.forward_(inputs)
            outputs.append(inputs)
        return outputs

    def _backward(self, values: list[Tensor], gradient: Tensor) -> None:
        """Walk the chain back: `values` are every link's inputs and the logits; `gradient` is that of the logits."""
        for index in range(len(self._links) - 1, -1, -1):
            link = self._links[index]
            torch.bmm(gradient.transpose(1, 2), values[index], out=self._gradients[link.weight])
            if link.bias:
                torch.sum(gradient, 1, out=self._gradients[link.bias])
            if index == 0:
                return
            below = self._links[index - 1].activation
            gradient = torch.bmm(gradient, self._weights[link.weight], out=self._backwards[index - 1])
            if below:
                below.backward_(gradient, values[index])
