"""Are masks periodic in the token? (Minegishi et al. 2023, appendix I: grokked masks are, those of PaI are not.)"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from winnow.core import WinnowError, derive_seed
from winnow.grokking.measures.fourier import neuron_rows, top_share
from winnow.sparsity import Mask

# Where a mask's tokens are: rows of the embedding, columns of the unembedding.
TOKEN_AXES: Mapping[str, int] = {"embed": 0, "unembed": 1}


@dataclass(frozen=True, kw_only=True)
class Periodicity:
    """Of lines along the tokens, beside what chance gives.

    Attributes:
        share: share of a line's power (without its mean) at its top frequency, mean over lines; NaN when no line has
            any, as are the two below.
        shuffled: the same under masks that keep their counts at random positions, mean over shuffles.
        spread: standard deviation of that over shuffles.
        lines: how many lines are not constant, and so counted.
    """

    share: float
    shuffled: float
    spread: float
    lines: int


def periodicity(mask: Tensor, *, axis: int, seed: int = 0, shuffles: int = 20) -> Periodicity:
    """How much of a mask's own power along an axis is one frequency; shuffled within each line.

    Args:
        mask: boolean [in, out].
        axis: which one the tokens are on.
        seed: of the shuffles.
        shuffles: how many, 2 or more.

    Raises:
        WinnowError: WN-C01 for fewer than 2 shuffles.
    """
    _check(shuffles)
    lines = mask.to(torch.float64).movedim(axis, -1)
    lines = lines[lines.amax(-1) > lines.amin(-1)]
    if not len(lines):  # not every FFT takes an empty batch
        return Periodicity(share=math.nan, shuffled=math.nan, spread=math.nan, lines=0)
    generator = torch.Generator().manual_seed(seed)
    return _beside(lines, [_shuffled(lines, generator) for _ in range(shuffles)])


def periodicities(
    mask: Mask, *, axes: Mapping[str, int] = TOKEN_AXES, seed: int = 0, shuffles: int = 20
) -> dict[str, Periodicity]:
    """`periodicity` of every masked matrix that has an axis of tokens, by name."""
    return {
        name: periodicity(mask[name], axis=axis, seed=seed, shuffles=shuffles)
        for name, axis in axes.items()
        if name in mask
    }


def ticket_periodicity(start: Mapping[str, Tensor], mask: Mask, *, seed: int = 0, shuffles: int = 20) -> Periodicity:
    """How periodic a ticket's neurons are before any training: `neuron_rows` of the masked start weights.

    What a mask selects shows here, and only faintly in one matrix's mask, as an embedding's dimensions mix the
    frequencies of many neurons. Chance is the same start under the mask shuffled within each matrix.

    Args:
        start: one network's start weights by name, with an embedding.
        mask: of the ticket.
        seed: of the shuffles.
        shuffles: how many, 2 or more.

    Raises:
        WinnowError: WN-C01 for fewer than 2 shuffles, WN-P02 when the mask and the weights do not fit.
    """
    _check(shuffles)
    others = [mask.shuffled(derive_seed(seed, "shuffle", turn)) for turn in range(shuffles)]
    return _beside(neuron_rows(mask.applied(start)), [neuron_rows(other.applied(start)) for other in others])


def _beside(lines: Tensor, shuffled: list[Tensor]) -> Periodicity:
    shares = top_share(lines)
    chance = torch.stack([top_share(other).nanmean() for other in shuffled])
    return Periodicity(
        share=float(shares.nanmean()),
        shuffled=float(chance.mean()),
        spread=float(chance.std()),
        lines=int((~shares.isnan()).sum()),
    )


def _check(shuffles: int) -> None:
    if shuffles < 2:
        raise WinnowError("WN-C01", f"{shuffles} shuffles are too few", where="shuffles", fix="Give 2 or more.")


def _shuffled(lines: Tensor, generator: torch.Generator) -> Tensor:
    order = torch.rand(lines.shape, generator=generator).argsort(-1).to(lines.device)
    return lines.gather(-1, order)
