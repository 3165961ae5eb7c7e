"""Engines: how a stack computes its gradients and its logits, chosen by the architecture (docs/adr/0002)."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor, nn

from winnow.core import derive_seed
from winnow.training.batches import batch_of
from winnow.training.linear import LinearEngine, chain_of
from winnow.training.losses import Loss
from winnow.training.stack import Stack


class Engine(Protocol):
    """What the training loop asks of a stack."""

    def gradients(
        self, images: Tensor, labels: Tensor, step: int, index: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Fill `stack.gradients` from a batch; mean loss [R] and accuracy [R].

        Args:
            images: [R, B, C, H, W]; with an index, all images [N, C, H, W].
            labels: [R, B]; with an index, all labels [N].
            step: names the draws of dropout.
            index: [R * B] or [R, B]: which images and labels are every network's batch.
        """
        ...

    def logits(self, images: Tensor) -> Tensor:
        """Logits [R, N, K] of all networks for the same images [N, C, H, W], in evaluation mode."""
        ...


class ModuleEngine:
    """Any network: one after another, through autograd.

    Images stay channels first: channels last would make a step of ResNet-20 about a quarter shorter, but torch's 1 x 1
    convolution with a stride then writes past its memory where there are few channels (torch 2.13, CPU).
    """

    def __init__(self, stack: Stack, loss: Loss) -> None:
        self._stack, self._loss = stack, loss

    def gradients(
        self, images: Tensor, labels: Tensor, step: int, index: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """See `Engine.gradients`. Dropout draws from a stream of the member and the step."""
        images, labels = batch_of(len(self._stack), images, labels, index)
        self._stack.gradients.zero_()
        losses, right = [], []
        for row, (module, member) in enumerate(zip(self._stack.modules, self._stack.members, strict=True)):
            torch.manual_seed(derive_seed(member.noise_seed, "step", step))
            logits = module(images[row])
            loss = self._loss.values(logits, labels[row]).mean()
            loss.backward()
            losses.append(loss.detach())
            right.append((logits.detach().argmax(-1) == labels[row]).float().mean())
        return torch.stack(losses), torch.stack(right)

    @torch.no_grad()
    def logits(self, images: Tensor) -> Tensor:
        """See `Engine.logits`."""
        return torch.stack([_evaluated(module, images) for module in self._stack.modules])


def _evaluated(module: nn.Module, images: Tensor) -> Tensor:
    module.eval()
    try:
        return module(images)
    finally:
        module.train()


def engine_for(stack: Stack, loss: Loss) -> Engine:
    """Batched products for a plain chain of linear layers, else one network after another."""
    links = chain_of(stack.modules[0])
    return LinearEngine(stack, links, loss) if links else ModuleEngine(stack, loss)
