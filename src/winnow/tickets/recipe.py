"""`FindRecipe`: everything that decides what a ticket search does. No torch here: `--help` reads it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields
from itertools import pairwise
from typing import Any

from winnow.core import Step, WinnowError

TICKET, REINIT, RANDOM, TRUNK = "ticket", "reinit", "random", "trunk"
# What a control is stands in `winnow.tickets.controls`, which needs torch; "noise-0.5" is one more, of any strength.
CONTROLS = (REINIT, RANDOM, "shuffled", "at-init", "resampled", "signs")
_NOISE = re.compile(r"noise-(\d+(\.\d+)?)")
AT_START = "at-start"
ROUNDS = ("iterative", "oneshot", "continued", AT_START)
REWINDS = ("weights", "rate")
DURING = ("none", "gradual", "movement", "set", "rigl", "edge-popup")
# Methods that start from the whole network, whatever the level keeps in the end.
FROM_DENSE = ("gradual", "movement", "edge-popup")


def _about(text: str, default: Any, *, identity: bool = True) -> Any:
    """A field with its help text."""
    return field(default=default, metadata={"help": text, "identity": identity})


@dataclass(frozen=True, kw_only=True)
class FindRecipe:
    """A search for winning tickets by iterative magnitude pruning (Frankle & Carbin 2019, section 1 and Appendix B).

    Every field is a flag of `winnow tickets find`. The fields that differ from the defaults below name the run,
    together with the data's fingerprint.
    """

    name: str = _about("Name of the recipe, in the run folder's name.", "custom", identity=False)
    model: str = _about(
        'Network: a registered name, your own "package.module:build", or for texts a pre-trained encoder, "hf:" and '
        'its folder or Hub id ("hf:PATH,tokens=64" cuts texts to 64 tokens instead of 128).',
        "lenet-300-100",
    )
    data: str = _about('Data: "digits", a folder, or a Hub id.', "digits", identity=False)
    validation: int = _about("Validation images, carved from train by the seed.", 5000)
    scaling: str = _about('Pixels: "unit" (0 to 1) or "standard" (mean 0, deviation 1 per channel).', "unit")
    augment: str = _about('Augmentation of training images: "none" or "flip-crop".', "none")

    levels: int = _about("Pruning levels after the dense network.", 15)
    steps: Step = _about('Length of training at every level: "5000it" or "20ep".', Step(50_000))
    batch: int = _about("Images per step.", 60)
    optimizer: str = _about("sgd, momentum, adam or adamw.", "adam")
    learning_rate: float = _about("Learning rate.", 1.2e-3)
    momentum: float = _about("Momentum, for the optimizer of that name.", 0.9)
    weight_decay: float = _about("Weight decay.", 0.0)
    schedule: str = _about("Learning rate over time: constant, step, cosine or linear.", "constant")
    milestones: tuple[Step, ...] = _about('Where "step" lowers the rate, such as 20000it 25000it.', ())
    decay: float = _about("Factor at every milestone.", 0.1)
    warmup: Step = _about("Linear warm-up of the rate.", Step(0))
    evaluate_every: int = _about("Steps between evaluations on validation and test.", 100)

    score: str = _about(
        "What decides: magnitude, magnitude-at-start, magnitude-increase, movement, same-sign, random, snip, grasp, "
        "synflow, wanda or bn-scale.",
        "magnitude",
    )
    score_images: int = _about("Training images that scores of gradients or activations look at; 0: ten a class.", 0)
    score_rounds: int = _about("Times that the score is taken anew on the way down to a level (SynFlow: 100).", 1)
    scope: str = _about(
        'Who competes: "layer" (within each layer), "global", or "erk" (within each layer, small layers denser).',
        "layer",
    )
    structure: str = _about(
        'What is pruned: "weight", "row" (weights, as many of every output unit), "channel" or "N:M" such as 2:4.',
        "weight",
    )
    densities: tuple[float, ...] = _about("Fraction that remains at each level, such as 0.5 0.2, instead of rates.", ())
    pruning: str = _about("Density over levels: geometric, linear or cubic.", "geometric")
    rate_conv: float = _about("Fraction of a convolution's weights pruned per level.", 0.2)
    rate_fc: float = _about("Fraction of a hidden linear layer's weights pruned per level.", 0.2)
    rate_output: float = _about("Fraction of the output layer's weights pruned per level.", 0.1)
    prunable: tuple[str, ...] = _about("Parameters to prune, as shell patterns; all weights when not given.", ())
    fixed: tuple[str, ...] = _about("Weights that are counted but never pruned, as shell patterns.", ())
    output_layer: str = _about("Weight of the output layer, when it is not the last linear one.", "")

    rounds: str = _about(
        '"iterative" (prune a little, reset, train), "oneshot" (every level from the dense network), "continued" '
        '(weights are kept between rounds, reset only for the measurement), or "at-start" (every level from the '
        "untrained network).",
        "iterative",
    )
    rewind: Step = _about("Where the weights are reset to: 0it is the initialisation.", Step(0))
    rewinding: str = _about(
        '"weights" (back to the rewind step) or "rate" (weights are kept, the learning rate is replayed from there).',
        "weights",
    )
    during: str = _about(
        "How the mask changes while a level trains: none, gradual, movement, set, rigl or edge-popup.", "none"
    )
    update_every: Step = _about("Time between changes of the mask.", Step(100))
    update_until: float = _about("Fraction of training after which the mask stays.", 0.75)
    drop: float = _about("Fraction of the weights that set and rigl exchange at first; it falls as a cosine.", 0.3)
    early_bird: float = _about(
        "Prune the dense network as it is once its mask moves less than this distance (0.1); 0: at its end.", 0.0
    )
    controls: tuple[str, ...] = _about(
        "Trained beside the ticket: reinit, random, shuffled, at-init, resampled, signs, or noise-X (X deviations).",
        (REINIT, RANDOM),
    )
    draws: int = _about("Draws of every control for every ticket.", 1)
    replicates: int = _about("Repetitions with their own initialisation and data order.", 3)
    seed: int = _about("Root of every random stream.", 0)

    def __post_init__(self) -> None:
        for step in ("steps", "warmup", "rewind", "update_every"):
            object.__setattr__(self, step, Step.parse(getattr(self, step)))
        object.__setattr__(self, "milestones", tuple(Step.parse(m) for m in self.milestones))
        object.__setattr__(self, "controls", tuple(c for c in self.controls if c != "none"))
        object.__setattr__(self, "densities", tuple(float(d) for d in self.densities))
        if self.densities:
            object.__setattr__(self, "levels", len(self.densities))
        self._check_choices()
        self._check_numbers()
        self._check_combinations()

    @property
    def rates(self) -> dict[str, float]:
        """The pruning rate per kind of layer."""
        return {"conv": self.rate_conv, "fc": self.rate_fc, "output": self.rate_output}

    def _check_choices(self) -> None:
        choices = {"rounds": ROUNDS, "rewinding": REWINDS, "during": DURING}
        for name, allowed in choices.items():
            if getattr(self, name) not in allowed:
                raise _bad(name, f"{getattr(self, name)!r} is not one of {', '.join(allowed)}")
        unknown = [control for control in self.controls if control not in CONTROLS and not _NOISE.fullmatch(control)]
        if unknown:
            known = f"there are {', '.join(CONTROLS)}, noise-X such as noise-0.5, or none"
            raise _bad("controls", f"no control {', '.join(unknown)}; {known}")
        if len(set(self.controls)) < len(self.controls):
            raise _bad("controls", "a control is named twice; --draws repeats every control")

    def _check_combinations(self) -> None:
        if ":" in self.structure and self.levels > 1:
            raise _bad("levels", f"{self.structure} is reached in one level; give --levels 1")
        if self.rewinding == "rate" and self.rounds not in ("iterative", "oneshot"):
            raise _bad("rewinding", f'learning-rate rewinding keeps trained weights; "{self.rounds}" rounds do not')
        if self.during != "none" and self.rounds != AT_START:
            raise _bad("during", f'a mask that changes in training goes with "{AT_START}" rounds only')
        if self.during != "none" and self.controls:
            raise _bad("controls", f"the mask of {self.during} is known only at the end; give --controls none")
        if self.early_bird and (self.rounds != "oneshot" or self.rewind.count):
            raise _bad("early_bird", 'early-bird drawing goes with "oneshot" rounds, without late rewinding')

    def _check_numbers(self) -> None:
        for name in ("levels", "validation", "seed", "score_images", "early_bird"):
            if getattr(self, name) < 0:
                raise _bad(name, "it must not be negative")
        for name in ("replicates", "batch", "evaluate_every", "draws", "score_rounds"):
            if getattr(self, name) < 1:
                raise _bad(name, "it must be at least 1")
        for name in ("rate_conv", "rate_fc", "rate_output"):
            if not 0 <= getattr(self, name) < 1:
                raise _bad(name, "a pruning rate is a fraction, at least 0 and below 1")
        for name in ("drop", "update_until"):
            if not 0 < getattr(self, name) <= 1:
                raise _bad(name, "it is a fraction above 0, at most 1")
        if any(not 0 < density < 1 for density in self.densities):
            raise _bad("densities", "a density is a fraction between 0 and 1, such as 0.2")
        if any(later >= earlier for earlier, later in pairwise(self.densities)):
            raise _bad("densities", "every level keeps less than the one before")
        if self.update_every.count < 1:
            raise _bad("update_every", "masks change after at least one step")
        if self.steps.count < 1:
            raise _bad("steps", "training needs at least one step")
        if not self.learning_rate > 0:
            raise _bad("learning_rate", "it must be above 0")


def flags_of(recipe: FindRecipe, base: FindRecipe) -> list[str]:
    """The flags that make `recipe` out of `base`, for the report's "how to reproduce"."""
    words: list[str] = []
    for item in fields(recipe):
        value = getattr(recipe, item.name)
        if item.name == "name" or value == getattr(base, item.name):
            continue
        words.append(f"--{item.name.replace('_', '-')}")
        words += [str(part) for part in value] or ["none"] if isinstance(value, tuple) else [str(value)]
    return words


def _bad(name: str, why: str) -> WinnowError:
    return WinnowError("WN-R02", why, where=f"--{name.replace('_', '-')}")
