"""V3: V2 with a trigger set: ask a suspect from outside first, and look into its mask when it gives itself away.

The paper takes 100 pictures and labels of an owner's choice, so that it has no law for the hits of an innocent network,
and its unmarked one has 16 of them. Here inputs and labels come from a key. A ticket gets both marks by `embed`, and by
training with `winnow.ownership.training.with_triggers`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from winnow.ownership.paper.grids import Place
from winnow.ownership.paper.patterns import Format
from winnow.ownership.paper.reading import read_at
from winnow.signing.asking.triggers import Hits, Triggers, test_answers
from winnow.sparsity import Mask

SUSPICION = -20.0  # log2 of the chance of as many hits, from which on the file is asked for


@dataclass(frozen=True)
class Examined:
    """What both looks gave.

    Args:
        hits: of the triggers, with the chance of as many in a network that has never seen the key.
        is_suspect: whether that chance is so small that the mask was read.
        text: what the mask says; None when it was not read, or nothing was found.
    """

    hits: Hits
    is_suspect: bool
    text: str | None


def examine(
    ask: Callable[[NDArray[np.float32]], NDArray[np.int64]],
    triggers: Triggers,
    mask: Callable[[], Mask],
    place: Place,
    chosen: Format | None = None,
    *,
    version: int | None = None,
    suspicion: float = SUSPICION,
) -> Examined:
    """Ask the suspect for the triggers' labels; on suspicion get its mask and read it, blind.

    Args:
        ask: inputs float32 [N, ...] to the suspect's labels int64 [N].
        triggers: the owner's.
        mask: fetches the suspect's mask; called on suspicion alone.
        place: where the owner says that the symbol is.
        chosen: its format; all of the version are tried when not given.
        version: of the symbol, where the format is not given.
        suspicion: log2 of a chance.

    Raises:
        WinnowError: WN-O06 when the mask has no such place.
    """
    hits = test_answers(triggers.labels, ask(triggers.inputs), triggers.rule.classes)
    is_suspect = hits.log2_p <= suspicion
    return Examined(hits, is_suspect, read_at(mask(), place, chosen, version=version) if is_suspect else None)
