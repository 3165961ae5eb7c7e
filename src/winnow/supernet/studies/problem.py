"""What a recipe is about: its data, its task and the whole supernet."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from winnow.core import WinnowError
from winnow.data.vision import VisionSet, load_vision
from winnow.storage import cache_root
from winnow.supernet.recipe import SupernetRecipe
from winnow.supernet.scenes import write_scenes
from winnow.supernet.space import Architecture, dense_architecture, space_named
from winnow.supernet.tasks import Task, task_for

SCENES = "scenes"
_SCENES = (2000, 500)  # to train on, and to measure on
_LAYOUTS = {"classification": "image-folder", "segmentation": "cityscapes", "keypoints": "coco"}


@dataclass(frozen=True, eq=False)
class Problem:
    """Data, task and the whole supernet of a recipe.

    Attributes:
        data: in memory.
        task: how it is learned and measured.
        dense: the whole supernet.
    """

    data: VisionSet
    task: Task
    dense: Architecture


def problem_of(recipe: SupernetRecipe, data: VisionSet | None = None) -> Problem:
    """Resolve a recipe. Which images are held out for validation does not follow from its seed: seeds share them.

    Args:
        recipe: names task, data and space.
        data: the set in memory. When not given it is loaded from the recipe's place: a folder, a Hub id, "digits", or
            "scenes", which are composed of digits and kept in the cache.

    Raises:
        WinnowError: WN-M02 when the data are of another task or size than the recipe, WN-M01 for an unknown space,
            and as `winnow.data.vision.load_vision`.
    """
    found = data or _loaded(recipe.data, recipe.task, recipe.size, recipe.validation)
    if (found.task, found.size) != (recipe.task, recipe.size):
        wanted = f"{recipe.task} on {recipe.height} x {recipe.width} pixels"
        given = f"{found.task} on {found.size[0]} x {found.size[1]} pixels"
        raise WinnowError("WN-M02", f"the recipe wants {wanted}, the data are {given}", where=found.name)
    # Where a flip is allowed the task decides: bodies without pairs of joints cannot be mirrored.
    flip = None if recipe.mirror else False
    task = task_for(found, smoothing=recipe.smoothing, augment=recipe.augment, flip=flip)
    space = space_named(recipe.space, tokens=recipe.tokens)
    return Problem(found, task, dense_architecture(space, recipe.task, task.outputs, recipe.size))


# A study loads its data once for all of its runs; more than two would be a memory's worth of photographs.
@lru_cache(maxsize=2)
def _loaded(source: str, task: str, size: tuple[int, int], validation: float) -> VisionSet:
    place = _scenes(task, size) if source == SCENES else source
    return load_vision(place, task, size=size, validation=validation)


def _scenes(task: str, size: tuple[int, int]) -> Path:
    """Composed once and kept in the cache."""
    train, test = _SCENES
    place = cache_root() / "scenes" / f"{task}-{size[0]}x{size[1]}-{train}-{test}"
    if not place.is_dir():
        write_scenes(place, task, _LAYOUTS[task], train=train, test=test, size=size)
    return place
