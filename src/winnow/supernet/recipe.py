"""`SupernetRecipe`: everything that decides what a supernet becomes. No torch here: `--help` reads it."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

from winnow.core import WinnowError

SEARCHES = ("threshold", "budget", "none")
REACTIVATIONS = ("search", "prune", "none")
OPTIMIZERS = ("adamw", "adam", "rmsprop", "sgd")
SCHEDULES = ("onecycle", "cosine", "exponential", "steps", "constant")


def _about(text: str, default: Any, *, identity: bool = True) -> Any:
    """A field with its help text."""
    return field(default=default, metadata={"help": text, "identity": identity})


@dataclass(frozen=True, kw_only=True)
class SupernetRecipe:
    """One task, one supernet, and how it is searched and pruned (You et al. 2022, section 3).

    Every field is a flag of the `winnow supernet` commands. All periods are in optimizer steps, so a run of any
    length searches and prunes. The fields that differ from the defaults below name the run, with the data.
    """

    task: str = _about("classification, segmentation or keypoints.", "classification")
    data: str = _about("Folder or Hub id of the data.", "", identity=False)
    height: int = _about("Height that images are resized to, in pixels.", 32)
    width: int = _about("Width that images are resized to, in pixels.", 32)
    space: str = _about("Supernet: tiny, small, paper or paper-ade20k.", "tiny")
    tokens: bool = _about("Connect the token path; the released code leaves it out.", True)
    validation: float = _about("Share of the training images held out to choose by.", 0.1)
    steps: int = _about("Updates of the joint search and pruning.", 2000)
    retrain_steps: int = _about("Updates after it, with architecture and mask frozen; 0: none.", 1000)
    batch: int = _about("Images a step.", 32)
    optimizer: str = _about("adamw, adam, rmsprop or sgd.", "adamw")
    learning_rate: float = _about("Highest learning rate.", 1e-2)
    schedule: str = _about("onecycle, cosine, exponential, steps or constant.", "onecycle")
    weight_decay: float = _about("L2 penalty on convolutions and linear layers, half of it in the loss.", 1e-5)
    smoothing: float = _about("Label smoothing of classification.", 0.1)
    augment: bool = _about("Flips, shifts and crops while training.", True)
    mirror: bool = _about("Let a flip be one of them; not for digits, letters, or sides that count.", True)
    average: float = _about("Decay of the weights' moving average.", 0.99)
    search: str = _about("threshold (the paper's), budget (of MACs), or none.", "budget")
    budget: float = _about("Share of the dense supernet's MACs to come down to, in budget mode.", 0.4)
    threshold: float = _about("Importance at or below which a unit is dead.", 1e-3)
    least_macs: float = _about("MACs that a search must save to change anything, as a share of the dense ones.", 4e-4)
    rho: float = _about("Weight of the L1 penalty on importances.", 5e-3)
    rho_ramp: float = _about("Share of the steps over which it grows from 0.", 0.1)
    proximal: bool = _about("Shrink importances after the update instead of through its gradient.", True)
    search_every: int = _about("Steps between searches.", 150)
    prune_every: int = _about("Steps between prunings.", 150)
    sparsity: float = _about("Share of the surviving weights that is pruned in the end.", 0.5)
    progress: float = _about("Share more at each pruning; 1: all at the first (no progressive pruning).", 0.1)
    reactivation: str = _about("When masks are lifted: at search (the paper's), at prune, or none.", "search")
    score: str = _about("What is pruned first: magnitude, snip, grasp, synflow or random.", "magnitude")
    calibration: int = _about("Batches over which BatchNorm's statistics are taken anew.", 10)
    seed: int = _about("Root of every random stream.", 0)

    def __post_init__(self) -> None:
        """Refuse what cannot be run.

        Raises:
            WinnowError: WN-R02.
        """
        for name in ("steps", "batch", "search_every", "prune_every", "calibration", "height", "width"):
            if getattr(self, name) < 1:
                raise _bad(name, "it must be at least 1")
        for name in ("retrain_steps", "weight_decay", "rho", "threshold", "least_macs"):
            if not getattr(self, name) >= 0:
                raise _bad(name, "it must not be below 0")
        for name in ("average", "smoothing", "sparsity", "rho_ramp"):
            if not 0 <= getattr(self, name) < 1:
                raise _bad(name, "it must lie between 0 and 1, 1 not included")
        for name in ("budget", "progress"):
            if not 0 < getattr(self, name) <= 1:
                raise _bad(name, "it must lie between 0 and 1, 0 not included")
        if not self.learning_rate > 0:
            raise _bad("learning_rate", "it must be above 0")
        self._check_words()

    def _check_words(self) -> None:
        known = {"search": SEARCHES, "reactivation": REACTIVATIONS, "optimizer": OPTIMIZERS, "schedule": SCHEDULES}
        for name, words in known.items():
            if getattr(self, name) not in words:
                raise _bad(name, f"it must be one of {', '.join(words)}")

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of an image in pixels."""
        return self.height, self.width


def flags_of(recipe: SupernetRecipe, base: SupernetRecipe) -> list[str]:
    """The flags that make `recipe` out of `base`, for the report's "how to reproduce"."""
    words: list[str] = []
    for item in fields(recipe):
        value = getattr(recipe, item.name)
        if value == getattr(base, item.name):
            continue
        flag = item.name.replace("_", "-")
        words += [f"--{flag}" if value else f"--no-{flag}"] if isinstance(value, bool) else [f"--{flag}", str(value)]
    return words


def _bad(name: str, why: str) -> WinnowError:
    return WinnowError("WN-R02", why, where=f"--{name.replace('_', '-')}")
