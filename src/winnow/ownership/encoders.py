"""The coupled axes of BERT-like encoders, which no tracer follows: by the names and shapes of their tensors.

Three groups to a block: the units of its feed-forward layer, what values put out and the attention's projection reads,
and what queries and keys put out. Heads, and places within a head, may only move together, but every such move is one
of these permutations, and a few more than needed only give the aligner more to choose from. The channels of the
residual stream are left out: they run through every tensor, and only the embeddings, which carry no mask, could tell
them apart. A suspect whose residual stream was permuted is not undone.
"""

from __future__ import annotations

from collections.abc import Mapping

from winnow.signing.alignment.axes import Axes, AxisGroup, AxisUse

_GROUPS = (
    # The signs of a unit pass through neither GELU nor ReLU; values are summed, and queries meet keys in products.
    (("intermediate.dense.weight", 0), ("output.dense.weight", 1), False),
    (("attention.self.value.weight", 0), ("attention.output.dense.weight", 1), True),
    (("attention.self.query.weight", 0), ("attention.self.key.weight", 0), True),
)


def encoder_axes(shapes: Mapping[str, tuple[int, ...]]) -> Axes:
    """The groups of every block whose tensors are all there.

    Args:
        shapes: of the prunable tensors, under the names of BERT, RoBERTa, ELECTRA, MiniLM and their kin.

    Returns:
        Groups in the order of the blocks; () for other networks.
    """
    blocks = dict.fromkeys(name.removesuffix(_GROUPS[0][0][0]) for name in shapes if name.endswith(_GROUPS[0][0][0]))
    return tuple(
        AxisGroup(
            shapes[block + one[0]][one[1]],
            (AxisUse(block + one[0], one[1]), AxisUse(block + other[0], other[1])),
            signs,
        )
        for block in blocks
        for one, other, signs in _GROUPS
        if _fits(shapes.get(block + one[0]), one[1], shapes.get(block + other[0]), other[1])
    )


def _fits(one: tuple[int, ...] | None, axis: int, other: tuple[int, ...] | None, along: int) -> bool:
    """Whether two matrices are there and equally long along these axes; keys of grouped queries are fewer."""
    return one is not None and other is not None and len(one) == len(other) == 2 and one[axis] == other[along]
