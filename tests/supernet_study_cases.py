"""Small vision sets in memory, a supernet of 144 units and a recipe of ten steps, for tests of studies."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from winnow.data.vision import VisionSet, VisionSplit
from winnow.supernet.recipe import SupernetRecipe
from winnow.supernet.space import SPACES, Space, Stage

SIZE = 16
MINI = Space(
    name="tiny",
    stem=(4,),
    stem_strides=(2,),
    stages=(Stage((1, 1), (4, 8)),),
    head_channels=(4, 8),
    class_features=8,
    dense_channels=4,
    expansion=2,
    kernels=(3, 5),
    tokens=2,
    token_side=2,
)
RECIPE = SupernetRecipe(
    height=SIZE,
    width=SIZE,
    steps=8,
    retrain_steps=2,
    batch=6,
    search_every=4,
    prune_every=2,
    progress=0.25,
    tokens=False,
    budget=0.7,
    calibration=1,
    augment=False,
)


def use_mini(patch: pytest.MonkeyPatch) -> None:
    """Let "tiny" be the supernet of these tests."""
    patch.setitem(SPACES, "tiny", MINI)


def labelled() -> VisionSet:
    """Three classes that differ in brightness."""
    return _set("labelled", "classification", lambda labels: labels, ("dark", "grey", "light"))


def painted() -> VisionSet:
    """The same images, every pixel of one of two classes."""
    return _set("painted", "segmentation", _halves, ("left", "right"))


def _set(name: str, task: str, targets: Callable[[Tensor], Tensor], classes: tuple[str, ...]) -> VisionSet:
    train, validation, test = (_split(count, seed, targets) for seed, count in enumerate((24, 6, 6)))
    scaling = torch.full((3,), 0.5), torch.full((3,), 0.3)
    return VisionSet(name, task, f"{name:0>64}", classes, train, validation, test, *scaling)


def _split(count: int, seed: int, targets: Callable[[Tensor], Tensor]) -> VisionSplit:
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randint(0, 80, (count, 3, SIZE, SIZE), generator=generator)
    labels = torch.arange(count) % 3
    return VisionSplit((noise + 80 * labels[:, None, None, None]).to(torch.uint8), targets(labels))


def _halves(labels: Tensor) -> Tensor:
    classes = torch.zeros(len(labels), SIZE, SIZE, dtype=torch.uint8)
    classes[:, :, SIZE // 2 :] = 1
    return classes
