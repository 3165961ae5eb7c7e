"""Find a ticket in your own network, load it, and use it with plain PyTorch.

`python examples/own_network.py` takes seconds.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import torch
from torch import nn

from winnow.data import load
from winnow.recipes import lenet_digits
from winnow.sparsity import to_torch_prune
from winnow.tickets import find, load_ticket, summarise


def build(classes: int) -> nn.Module:
    """Any module will do; a builder may ask for `image_shape` (C, H, W) and `classes`."""
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.Flatten(), nn.Linear(16 * 64, classes)
    )


def main(folder: Path) -> None:
    """Search, read the numbers, load the sparsest ticket, and hand it to `torch.nn.utils.prune`'s habit."""
    recipe = lenet_digits(model=f"{Path(__file__).stem}:build", levels=2, steps="100it", replicates=2)
    run = find(recipe, out=folder / "run")
    for level in summarise(run.metrics):
        accuracy = 100 * level.test_accuracy.mean
        print(f"{level.branch:<7} {level.density_percent:6.2f} % of the weights: {accuracy:.2f} % test accuracy")

    ticket, network = load_ticket(run.level(2) / "replicate-0", trained=True)
    digits = load("digits", validation=recipe.validation, seed=recipe.seed, scaling=recipe.scaling)
    with torch.no_grad():
        right = network.eval()(digits.test.inputs).argmax(1) == digits.test.labels
    print(f"{ticket.mask} gets {100 * right.float().mean():.2f} % right after loading")
    print("as torch.nn.utils.prune saves it:", ", ".join(to_torch_prune(ticket.trained or {}, ticket.mask)))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        main(Path(place))
