"""Published pruning methods as changes to any recipe: `with_method(recipes.lenet_mnist(), "snip")`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from winnow.core import Step, chosen
from winnow.tickets.recipe import AT_START, FindRecipe


@dataclass(frozen=True)
class Method:
    """A published method.

    Args:
        about: one sentence, with its paper.
        changes: the fields of `FindRecipe` that it sets; all others stay as the recipe has them.
    """

    about: str
    changes: Mapping[str, Any]


def _method(about: str, **changes: Any) -> Method:
    return Method(about, MappingProxyType(changes))


def _at_start(about: str, **changes: Any) -> Method:
    """Pruned before training, so there is no later step to rewind to."""
    return _method(about, rounds=AT_START, rewind=Step(0), **changes)


def _while_training(about: str, **changes: Any) -> Method:
    """The mask is known at the end only: controls, which train with a ticket's mask beside it, have none to take."""
    return _at_start(about, controls=(), **changes)


METHODS: dict[str, Method] = {
    "imp": _method(
        "The recipe as it is: iterative magnitude pruning, weights reset every round (Frankle & Carbin 2019)."
    ),
    "one-shot": _method(
        "Every level pruned from the dense network at once (Frankle & Carbin 2019, section 2).", rounds="oneshot"
    ),
    "continued": _method(
        "Weights are kept between rounds, reset only for the measurement (Frankle & Carbin 2019, Appendix B).",
        rounds="continued",
    ),
    "rate-rewinding": _method(
        "Weights are kept, the learning rate is replayed every round (Renda et al. 2020).",
        rounds="iterative",
        rewinding="rate",
    ),
    "snip": _at_start(
        "Weights by their effect on the untrained network's loss (Lee et al. 2019).", score="snip", scope="global"
    ),
    "grasp": _at_start(
        "Weights by their effect on the untrained network's gradient (Wang et al. 2020).", score="grasp", scope="global"
    ),
    "synflow": _at_start(
        "Weights by the synaptic flow through them, in 100 rounds, without data (Tanaka et al. 2020).",
        score="synflow",
        scope="global",
        score_rounds=100,
    ),
    "magnitude-at-start": _at_start(
        "Magnitude of the untrained weights, layer by layer (Frankle & Carbin 2019, Appendix F.4).",
        score="magnitude-at-start",
        scope="layer",
    ),
    "random": _at_start(
        "Random weights of every layer, before training (Frankle & Carbin 2019, Appendix E).",
        score="random",
        scope="layer",
    ),
    "erk": _at_start(
        "Random weights before training, small layers denser: Erdos-Renyi-Kernel densities (Evci et al. 2020).",
        score="random",
        scope="erk",
    ),
    "set": _while_training(
        "From random weights, the smallest are exchanged for random others while training (Mocanu et al. 2018).",
        score="random",
        scope="erk",
        during="set",
    ),
    "rigl": _while_training(
        "From random weights, the smallest are exchanged for those of largest gradient (Evci et al. 2020).",
        score="random",
        scope="erk",
        during="rigl",
    ),
    "gradual": _while_training(
        "Magnitude pruning while the network trains, on a cubic schedule (Zhu & Gupta 2017).",
        during="gradual",
        scope="global",
    ),
    "movement": _while_training(
        "Weights that move towards zero are pruned while the network trains (Sanh et al. 2020).",
        during="movement",
        scope="global",
    ),
    "edge-popup": _while_training(
        "Weights stay as drawn, only the mask is learned, by scores (Ramanujan et al. 2020).",
        during="edge-popup",
        scope="layer",
    ),
    "wanda": _method(
        "After training, |weight| times the norm of its input, as many of every output, linear layers only; then the "
        "learning rate is replayed (Sun et al. 2023, who train no more).",
        rounds="oneshot",
        score="wanda",
        structure="row",
        rewinding="rate",
    ),
    "early-bird": _method(
        "The mask is drawn as soon as it moves by less than 0.1, then the learning rate is replayed (You et al. 2019, "
        "who prune channels by their norms).",
        rounds="oneshot",
        early_bird=0.1,
        rewind=Step(0),
        rewinding="rate",
    ),
}


def with_method(recipe: FindRecipe, name: str) -> FindRecipe:
    """The recipe with the fields of a published method; its data, network, training and densities stay.

    Args:
        recipe: where to start from.
        name: one of `METHODS`.

    Raises:
        WinnowError: WN-R01 when there is no such method, WN-R02 when it contradicts the recipe.
    """
    return replace(recipe, **chosen(METHODS, name, "pruning method", "WN-R01").changes)
