"""MNIST with few training images (Liu et al. 2023, "Omnigrok"; Minegishi et al. 2023, Figure 2)."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from winnow.core import WinnowError
from winnow.data import load
from winnow.grokking.tasks.kind import Asked
from winnow.grokking.tasks.options import Option
from winnow.grokking.tasks.sizes import Sizes
from winnow.grokking.tasks.task import Task

_TRAIN = 1000
_SHAPE, _CLASSES = (1, 28, 28), 10


@dataclass(frozen=True)
class Mnist:
    """1,000 images to train on, drawn from the training file by the split's seed; tested on all of the test file.

    Minegishi et al.'s code takes its 1,000 training images from the test file and tests on the training file.
    """

    options: tuple[Option, ...] = ()

    def sizes(self, asked: Asked) -> Sizes:  # noqa: ARG002
        """See `TaskKind.sizes`."""
        return Sizes(arity=torch.Size(_SHAPE).numel(), outputs=_CLASSES)

    def build(self, asked: Asked) -> Task:
        """See `TaskKind.build`: pixels / 255 [70000, 784], rows of the test file last.

        Raises:
            WinnowError: WN-D01 without a folder, WN-D04 for other images, and what `winnow.data.load` raises.
        """
        if asked.data is None:
            advice = "Give the folder of MNIST's files, or a Hub id such as ylecun/mnist."
            raise WinnowError(
                "WN-D01", "no data is named, and this task reads its images", where=asked.name, fix=advice
            )
        # Which images `load` holds out does not matter: they are training images again.
        data = load(asked.data, validation=0.1, seed=0)
        if data.input_shape != _SHAPE or data.class_count != _CLASSES:
            found = f"{' x '.join(map(str, data.input_shape))} in {data.class_count} classes"
            raise WinnowError("WN-D04", f"not 1 x 28 x 28 in 10 classes but {found}", where=asked.data)
        parts = (data.train, data.validation, data.test)
        targets = torch.cat([part.labels for part in parts])
        return Task(
            name=asked.name,
            inputs=torch.cat([part.inputs.flatten(1) for part in parts]),
            targets=targets,
            outputs=_CLASSES,
            train_count=_TRAIN,
            test_rows=torch.arange(len(targets) - len(data.test), len(targets)),
        )
