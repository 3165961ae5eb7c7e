"""`to_ticket`: a searched and pruned network as the artifact that every part of Winnow takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from winnow.core import plain
from winnow.sparsity import Ticket
from winnow.supernet.compact.saved import Saved
from winnow.supernet.network import build

BUILDER = "winnow.supernet.network:supernet"


def to_ticket(saved: Saved, start: Mapping[str, Tensor], *, source: Mapping[str, Any] | None = None) -> Ticket:
    """Start weights, mask and trained weights, with a manifest that builds the network again.

    Args:
        saved: the network; its tensors become the trained ones.
        start: the initial tensors of what search left: all parameters and buffers of the same architecture.
        source: what the manifest tells of where it comes from; the report's provenance when not given.

    Raises:
        WinnowError: WN-M02 or WN-P02 when the start is not the architecture's.
    """
    height, width = saved.architecture.input_size
    arguments = {"architecture": saved.architecture.to_plain(), "image_shape": [3, height, width]}
    manifest = {
        # The builder takes the architecture alone; the shape is for those who must know it without building.
        "model": {"build": BUILDER, "arguments": arguments},
        "source": plain(dict(source if source is not None else saved.report.get("provenance") or {})),
        "results": plain(dict(saved.report.get("results") or {})),
    }
    ticket = Ticket(start, saved.mask, saved.tensors, manifest)
    network = build(saved.architecture, 0)
    ticket.load_into(network)
    ticket.load_into(network, trained=True)
    return ticket
