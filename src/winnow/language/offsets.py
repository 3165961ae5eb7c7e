"""An encoder that is fitted on top of logits that are known beforehand."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from winnow.language.encoder import EncoderClassifier


class OffsetClassifier(EncoderClassifier):
    """An encoder's logits added to given ones, for fitting; its parameters are the network's own, by the same names.

    The training loop hands a network its inputs and nothing else, so each text's first "token" is its row among the
    given logits.

    Args:
        network: what is fitted.
        offsets: given logits, float [N, classes].
    """

    def __init__(self, network: EncoderClassifier, offsets: Tensor) -> None:
        super().__init__(
            network.encoder,
            network.head,
            dropout=network.dropout.p,
            pad=network.pad,
            separator=network.separator,
            max_tokens=network.max_tokens,
        )
        self._offsets = offsets.float()

    def forward(self, tokens: Tensor) -> Tensor:
        """Logits [N, classes] of numbered token ids [N, 1 + T]."""
        return super().forward(tokens[:, 1:]) + self._offsets.to(tokens.device)[tokens[:, 0]]


def numbered(ids: Tensor) -> Tensor:
    """Token ids [N, T] with their row number before them, [N, 1 + T]."""
    return torch.cat([torch.arange(len(ids), device=ids.device).unsqueeze(1), ids], dim=1)


def without_head(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors with a head of zeros: the network then starts as the given logits alone."""
    return {name: torch.zeros_like(t) if name.startswith("head.") else t for name, t in tensors.items()}
