"""The strict control: another method's choice, with as many weights in every matrix as the ticket has."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from winnow.core import WinnowError
from winnow.sparsity import Layer, Mask, prune
from winnow.sparsity.scopes import by_layer


def matched(scores: Mapping[str, Tensor], densities: Mapping[str, float]) -> Mask:
    """The highest scores of every matrix on its own, at given densities.

    A ticket and a mask from scores of the start differ in how they share weights among the matrices as well as in which
    they take; here only the latter is left.

    Args:
        scores: a float tensor per matrix, the highest stay (`saliency_scores`).
        densities: share of each matrix that stays; `Mask.densities` of a ticket gives its counts to the weight.

    Raises:
        WinnowError: WN-P02 when scores and densities have different names, WN-P03 when a score is not a number.
    """
    other = set(scores) ^ set(densities)
    if other:
        raise WinnowError("WN-P02", "a matrix has a score or a density, but not both", where=min(other))
    layers = [Layer(name, "matrix", tuple(tensor.shape)) for name, tensor in scores.items()]
    return prune(scores, Mask.ones(scores), by_layer(layers, densities))
