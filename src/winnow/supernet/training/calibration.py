"""BatchNorm's statistics taken anew, and the ticket as it comes out of a search: average, mask, fresh statistics."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from winnow.core import derive_seed
from winnow.data.vision import VisionSet, VisionSplit
from winnow.supernet.network import Supernet, assembled
from winnow.supernet.recipe import SupernetRecipe
from winnow.supernet.tasks import Task
from winnow.supernet.training.batches import Batches
from winnow.supernet.training.learner import Learner
from winnow.supernet.training.masking import masked


@torch.no_grad()
def recalibrate(network: nn.Module, task: Task, split: VisionSplit, batches: int, batch_size: int, seed: int) -> None:
    """Set every BatchNorm's mean and variance to the averages over batches of training images.

    Averages weigh all batches equally (cumulative, not moving). Images are not augmented: statistics are those of what
    the network is evaluated on. Modes and momenta are left as they were.

    Args:
        network: changed in place, its BatchNorm buffers only.
        task: prepares images.
        split: training images, never those that are evaluated.
        batches: how many.
        batch_size: images in each.
        seed: which.
    """
    device = next(network.parameters()).device
    order = Batches(len(split), batch_size, derive_seed(seed, "calibration"))
    with _collecting(network):
        for step in range(batches):
            rows = order.at(step)
            images, _ = task.prepared(split.images[rows], split.targets[rows], None)
            network(images.to(device))


def ticket_network(learner: Learner, task: Task, data: VisionSet, recipe: SupernetRecipe) -> Supernet:
    """The ticket without retraining: average times mask, BatchNorm's statistics taken anew; in evaluation mode."""
    tensors = {name: tensor.clone() for name, tensor in masked(learner.average, learner.mask).items()}
    network = assembled(learner.architecture, tensors, norm=learner.network.norm)
    recalibrate(network, task, data.train, recipe.calibration, recipe.batch, recipe.seed)
    return network.eval()


@contextmanager
def _collecting(network: nn.Module) -> Iterator[None]:
    """Training mode without dropout; every BatchNorm from nothing, with a cumulative average."""
    modes = [(part, part.training) for part in network.modules()]
    norms = [part for part in network.modules() if isinstance(part, _BatchNorm)]
    momenta = [norm.momentum for norm in norms]
    network.train()
    for part in network.modules():
        if isinstance(part, nn.Dropout):
            part.eval()
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None
    try:
        yield
    finally:
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum
        for part, mode in modes:
            part.training = mode
