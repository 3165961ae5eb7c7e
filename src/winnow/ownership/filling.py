"""Start values of the weights that a mark switches on.

A weight that pruning rejected stays small if it starts where it did, or as small as the others start: after training,
half of the switched-on weights of a LeNet-300-100 at a fifth of its weights were among the smallest fifth of their
layer, where magnitude pruning takes them first. So they start as large as the larger half of the layer's *trained*
weights, with the sign that training gave them in the dense network. Then one in fifteen ended there, at the same
accuracy. A start of that size can be told from the others, so the start file is not for everybody.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from winnow.signing.code.stream import KeyStream
from winnow.sparsity import Mask, Ticket

_FROM, _TO = 0.5, 0.95  # quantiles of the layer's magnitudes; the very largest would stand out


def filled_start(
    ticket: Ticket,
    mask: Mask,
    key: bytes,
    *,
    start: Mapping[str, Tensor] | None = None,
    signs: Mapping[str, Tensor] | None = None,
) -> dict[str, Tensor]:
    """The ticket's start with values where the new mask has weights that the old one had not.

    Args:
        ticket: before it was marked; its trained weights say how large weights become. Without them its start does.
        mask: the marked one.
        key: seeds the draws: by a public seed, whoever drew them again would find the mark.
        start: the dense start, to begin there instead: nobody who can draw the network again sees a difference.
        signs: tensors whose signs the drawn values take; the draws choose where there are none.
    """
    filled, stream = dict(ticket.start), KeyStream(key, "start-values")
    for name in mask:
        fresh = mask[name] & ~ticket.mask[name]
        if not fresh.any():
            continue
        generator = torch.Generator().manual_seed(int.from_bytes(stream.bytes(7), "big"))
        sizes = (ticket.trained or ticket.start)[name][ticket.mask[name]].abs()
        values = _signs(fresh, signs[name] if signs else None, generator).to(sizes) * _large(
            sizes, int(fresh.sum()), generator
        )
        if start is not None:
            given = start[name][fresh].to(values)
            values = torch.where(given == 0, values, given)
        filled[name] = ticket.start[name].masked_scatter(fresh, values)
    return filled


def _large(sizes: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """Draws from the larger half of these magnitudes."""
    at = _FROM + (_TO - _FROM) * torch.rand(count, generator=generator, dtype=torch.float64)
    return sizes.sort().values[(at * len(sizes)).long()]


def _signs(fresh: Tensor, given: Tensor | None, generator: torch.Generator) -> Tensor:
    drawn = torch.randint(2, (int(fresh.sum()),), generator=generator) * 2.0 - 1
    if given is None:
        return drawn
    own = given[fresh].cpu().sign().to(drawn)
    return torch.where(own == 0, drawn, own)
