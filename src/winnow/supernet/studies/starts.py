"""What a run starts from: an architecture, tensors that are taken over, and a mask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from torch import Tensor

from winnow.core import derive_seed
from winnow.sparsity import Mask
from winnow.supernet.recipe import SupernetRecipe
from winnow.supernet.space import Architecture
from winnow.supernet.studies.small import dense_small
from winnow.supernet.studies.source import Source
from winnow.supernet.tasks import Task
from winnow.supernet.training import Learner

_HEAD = ("blocks.head_", "final.", "classifier.")


@dataclass(frozen=True, eq=False)
class Start:
    """Before the first step.

    Args:
        architecture: of the network.
        seed: draws the tensors that are not taken over, the order of images and their augmentation.
        weights: tensors that are taken over, by name.
        mask: by name; a weight without one is whole.
    """

    architecture: Architecture
    seed: int
    weights: Mapping[str, Tensor] = field(default_factory=dict)
    mask: Mapping[str, Tensor] = field(default_factory=dict)

    def learner(self, task: Task, recipe: SupernetRecipe) -> Learner:
        """A learner that has not learned yet."""
        return Learner.from_tensors(self.architecture, self.weights, self.mask, task, recipe, self.seed)


def is_head(name: str) -> bool:
    """Whether a tensor belongs to the head: widening, merging, last convolution and classifier."""
    return name.startswith(_HEAD)


def trunk(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """All tensors but those of the head."""
    return {name: tensor for name, tensor in tensors.items() if not is_head(name)}


def from_scratch(dense: Architecture, source: Source | None, seed: int) -> Start:  # noqa: ARG001
    """The whole supernet with fresh weights."""
    return Start(dense, seed)


def small(dense: Architecture, source: Source | None, seed: int) -> Start:  # noqa: ARG001
    """A dense supernet with as many weights as the ticket; see `dense_small`."""
    ticket = _given(source)
    return Start(dense_small(ticket.architecture, ticket.weights), _fresh(seed))


def searched(dense: Architecture, source: Source | None, seed: int) -> Start:  # noqa: ARG001
    """The ticket's architecture with fresh weights and no mask."""
    return Start(_given(source).architecture, _fresh(seed))


def matched_at_random(dense: Architecture, source: Source | None, seed: int) -> Start:  # noqa: ARG001
    """The ticket's architecture, fresh weights, and in each layer as many weights as the ticket, at random places."""
    ticket = _given(source)
    mask = Mask(ticket.mask).shuffled(derive_seed(seed, "matched"))
    return Start(ticket.architecture, _fresh(seed), mask=mask)


def with_architecture(dense: Architecture, source: Source | None, seed: int) -> Start:
    """The source's trunk for another task; weights and head are fresh."""
    return Start(_onto(dense, source), _fresh(seed))


def with_mask(dense: Architecture, source: Source | None, seed: int) -> Start:
    """The source's trunk with its mask; weights and head are fresh."""
    return Start(_onto(dense, source), _fresh(seed), mask=trunk(_given(source).mask))


def with_weights(dense: Architecture, source: Source | None, seed: int) -> Start:
    """The source's trunk with its mask and its trained tensors; the head is fresh."""
    given = _given(source)
    return Start(_onto(dense, source), _fresh(seed), trunk(given.trained), trunk(given.mask))


def pretrained(dense: Architecture, source: Source | None, seed: int) -> Start:
    """The trained tensors of a dense trunk, no mask, a fresh head."""
    return Start(_onto(dense, source), _fresh(seed), trunk(_given(source).trained))


def _onto(dense: Architecture, source: Source | None) -> Architecture:
    return _given(source).architecture.for_task(dense.task, dense.outputs, dense.input_size)


def _fresh(seed: int) -> int:
    """Not the source's own stream: fresh weights are none that it started from, and arms share theirs."""
    return derive_seed(seed, "fresh")


def _given(source: Source | None) -> Source:
    if source is None:
        raise ValueError("this start is made from a finished run")
    return source
