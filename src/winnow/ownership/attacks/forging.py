"""Forging: a thief writes over the mark, with the same tool or by hand, knowing everything but the key."""

from __future__ import annotations

import torch
from torch import Generator, Tensor

from winnow.ownership.attacks.retraining import retrained
from winnow.ownership.attacks.target import Attack, Attacked, Target, drawn_bytes
from winnow.ownership.marking import mark
from winnow.signing.code.codes import payload_bits
from winnow.signing.code.layout import Layout, plan_layout
from winnow.signing.code.stream import derive_key
from winnow.sparsity import Mask, Ticket


def overwritten(target: Target, marks: float, generator: Generator) -> Attacked:
    """Sign the released model again as one's own, with so many keys, by the owner's own tool, and train it.

    Raises:
        WinnowError: WN-O01 when so many marks do not fit.
    """
    layout = thiefs_layout(target)
    keys = [thiefs_key(generator) for _ in range(round(marks))]
    payloads = [drawn_bytes(generator, payload_bits(layout.code) // 8) for _ in keys]
    ticket, _ = mark(Ticket(target.tensors, target.mask), layout, keys, payloads)
    trained = retrained(target, ticket.start, ticket.mask, generator)
    return Attacked(trained.tensors, ticket.mask, note=f"signed again with {len(keys)} other keys, tuned")


def insider(target: Target, share: float, generator: Generator) -> Attacked:
    """Deal out anew which weights remain within a random share of every layer's places, and train.

    It is what is left to somebody who knows the code, the layout's rule and the margin, but not where the bits lie.
    Every layer keeps its count.
    """
    tensors, masks = dict(target.tensors), {}
    for name, old in target.mask.items():
        masks[name] = _dealt(old, share, generator)
        fresh = masks[name] & ~old
        tensors[name] = tensors[name].masked_scatter(fresh, _like(tensors[name][old], int(fresh.sum()), generator))
    mask = Mask(masks)
    trained = retrained(target, mask.applied(tensors), mask, generator)
    return Attacked(trained.tensors, mask, note="a share of the places was dealt out anew, tuned")


def thiefs_layout(target: Target) -> Layout:
    """Where another who signs this ticket would put a mark: the rule is public."""
    shapes = {name: tuple(tensor.shape) for name, tensor in target.mask.items()}
    return plan_layout(shapes, {name: int(tensor.sum()) for name, tensor in target.mask.items()})


def thiefs_key(generator: Generator) -> bytes:
    """A key of somebody else."""
    return derive_key(drawn_bytes(generator, 32), drawn_bytes(generator, 32), "mine")


def _dealt(old: Tensor, share: float, generator: Generator) -> Tensor:
    """The mask with a drawn share of its places, kept and pruned ones alike, shuffled among themselves."""
    chosen = torch.randperm(old.numel(), generator=generator)[: round(share * old.numel())]
    dealt = old.flatten().clone()
    dealt[chosen] = dealt[chosen[torch.randperm(len(chosen), generator=generator)]]
    return dealt.view(old.shape)


def _like(live: Tensor, count: int, generator: Generator) -> Tensor:
    """Weights drawn from the layer's live ones; zeros where nothing lives."""
    if not len(live):
        return live.new_zeros(count)
    return live[torch.randint(len(live), (count,), generator=generator)]


_MARKS_UNIT = "other keys that are written"
_SHARE_UNIT = "share of the places that is dealt out anew"
ATTACKS = (
    Attack("overwrite", "forging", "Signs the model again by the same tool.", _MARKS_UNIT, (1, 2, 4), overwritten),
    Attack("insider", "forging", "Moves weights at random.", _SHARE_UNIT, (0.05, 0.1, 0.2, 0.3, 0.5), insider),
)
