"""A small supernet and a small data set that the tests of two-in-one training share."""

from __future__ import annotations

import torch
from torch import Tensor

from winnow.data.vision import VisionSet, VisionSplit
from winnow.supernet.recipe import SupernetRecipe
from winnow.supernet.space import Architecture, Space, Stage, dense_architecture
from winnow.supernet.tasks import Task, task_for
from winnow.supernet.training import Learner

SPACE = Space(
    name="toy",
    stem=(4,),
    stem_strides=(2,),
    stages=(Stage((1,), (4,)), Stage((1, 1), (4, 8))),
    head_channels=(4, 8),
    class_features=8,
    dense_channels=4,
    expansion=2,
    kernels=(3, 5),
    tokens=3,
    token_side=2,
)
CLASSES = ("a", "b", "c", "d")


def toy_data(task: str = "classification", size: int = 8) -> VisionSet:
    """One brighter quarter an image, which is its class, its pixels' class, or its two joints."""
    train, held, test = (_split(task, count, seed, size) for seed, count in enumerate((48, 16, 16)))
    grey, spread = torch.full((3,), 0.3), torch.full((3,), 0.2)
    return VisionSet("toy", task, "f" * 64, CLASSES, train, held, test, grey, spread)


def _split(task: str, count: int, seed: int, size: int) -> VisionSplit:
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(0, 4, (count,), generator=generator)
    images = torch.randint(0, 80, (count, 3, size, size), generator=generator, dtype=torch.uint8)
    ids = torch.zeros(count, size, size, dtype=torch.uint8)
    half = size // 2
    for image, pixels, label in zip(images, ids, labels.tolist(), strict=True):
        rows, columns = (slice(half * place, half * place + half) for place in divmod(label, 2))
        image[:, rows, columns] += 80
        pixels[rows, columns] = label
    return VisionSplit(images, labels if task == "classification" else ids)


def toy_task(data: VisionSet, **options: bool) -> Task:
    return task_for(data, **options)


def toy_architecture(task: str = "classification", *, tokens: bool = False, size: int = 8) -> Architecture:
    space = SPACE if tokens else SPACE.without_tokens()
    return dense_architecture(space, task, len(CLASSES), (size, size))


def toy_recipe(**fields: object) -> SupernetRecipe:
    """Short periods, small batches."""
    given = {"steps": 6, "batch": 8, "search_every": 4, "prune_every": 3, "calibration": 2, "progress": 0.2}
    return SupernetRecipe(**{**given, "height": 8, "width": 8, **fields})  # type: ignore[arg-type]


def toy_learner(recipe: SupernetRecipe, data: VisionSet, *, tokens: bool = False, seed: int = 0) -> Learner:
    return Learner.fresh(toy_architecture(data.task, tokens=tokens), toy_task(data), recipe, seed)


def same(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    """Bit by bit."""
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)
