"""`Probe`: a network with a batch, for scores that ask how it answers rather than how large its weights are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional as F

from winnow.sparsity.mask import Mask


@dataclass(frozen=True, eq=False)
class Probe:
    """A network at some weights, what remains of it, and a few training examples.

    Args:
        module: the architecture; its own weights and buffers are never used or changed.
        tensors: all parameters and buffers, by name.
        mask: what remains; pruned weights count as 0.
        inputs: [N, ...], as the network takes them.
        labels: int64 [N].
        seed: for dropout.
    """

    module: nn.Module
    tensors: Mapping[str, Tensor]
    mask: Mask
    inputs: Tensor
    labels: Tensor
    seed: int = 0

    def loss(self, weights: Mapping[str, Tensor], temperature: float = 1.0) -> Tensor:
        """Mean cross-entropy of the examples in training mode, logits divided by the temperature.

        Args:
            weights: tensors in place of the masked ones, to differentiate by.
        """
        with self._in_mode(training=True), torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            logits = functional_call(self.module, {**self._rest(weights), **weights}, (self.inputs,))
        return F.cross_entropy(logits / temperature, self.labels)

    def living(self) -> dict[str, Tensor]:
        """The prunable weights, pruned ones exactly 0, as leaves that gradients can be taken for."""
        return {n: w.detach().clone().requires_grad_() for n, w in self._masked().items()}

    def output(self, inputs: Tensor, change: Callable[[Tensor], Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        """Summed logits in evaluation mode with every tensor changed, and the changed prunable weights as leaves."""
        weights = {n: change(w).detach().requires_grad_() for n, w in self._masked().items()}
        rest = {n: change(t) if t.is_floating_point() else t for n, t in self._rest(weights).items()}
        with self._in_mode(training=False):
            return functional_call(self.module, {**rest, **weights}, (inputs,)).sum(), weights

    @torch.no_grad()
    def input_norms(self) -> dict[str, Tensor]:
        """Per linear layer's weight name: the 2-norm of each input feature over all examples (and tokens), [in]."""
        squares: dict[str, Tensor] = {}

        def seen(name: str) -> Callable[..., None]:
            def hook(_: nn.Module, inputs: tuple[Tensor, ...]) -> None:
                squares[name] = squares.get(name, 0) + inputs[0].flatten(0, -2).double().pow(2).sum(0)

            return hook

        layers = {n: m for n, m in self.module.named_modules() if isinstance(m, nn.Linear)}
        hooks = [m.register_forward_pre_hook(seen(f"{n}.weight" if n else "weight")) for n, m in layers.items()]
        try:
            with self._in_mode(training=False):
                functional_call(self.module, {**self._rest({}), **self._masked()}, (self.inputs,))
        finally:
            for hook in hooks:
                hook.remove()
        return {name: total.sqrt().float() for name, total in squares.items()}

    def _masked(self) -> dict[str, Tensor]:
        applied = self.mask.applied(self.tensors)
        return {name: applied[name] for name in self.mask}

    def _rest(self, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Copies: in training mode BatchNorm writes to its buffers."""
        return {n: t.detach().clone() for n, t in self.tensors.items() if n not in weights}

    @contextmanager
    def _in_mode(self, *, training: bool) -> Iterator[None]:
        modes = [(part, part.training) for part in self.module.modules()]
        self.module.train(training)
        try:
            yield
        finally:
            for part, was in modes:
                part.training = was
