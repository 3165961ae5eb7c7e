"""All scores by the name that a recipe takes."""

from __future__ import annotations

from winnow.core import chosen
from winnow.sparsity import saliency, scores
from winnow.sparsity.scores import Score

SCORES: dict[str, Score] = {
    "magnitude": scores.magnitude,
    "magnitude-at-start": scores.magnitude_at_start,
    "magnitude-increase": scores.magnitude_increase,
    "movement": scores.movement,
    "same-sign": scores.same_sign,
    "random": scores.uniform,
    "snip": saliency.snip,
    "grasp": saliency.grasp,
    "synflow": saliency.synflow,
    "wanda": saliency.wanda,
    "bn-scale": saliency.bn_scale,
}
# These run the network on examples: `Evidence.probe` must be there.
PROBING = frozenset({"snip", "grasp", "synflow", "wanda", "bn-scale"})


def score_named(name: str) -> Score:
    """The method of that name.

    Raises:
        WinnowError: WN-R02 when there is none.
    """
    return chosen(SCORES, name, "score", "WN-R02")
