"""What of a supernet is pruned, and what search reads."""

from __future__ import annotations

from torch import nn

from winnow.supernet.network.block import SearchBlock
from winnow.supernet.network.model import Supernet


def maskable(network: Supernet) -> dict[str, nn.Parameter]:
    """The weights that may be pruned, by name and in the order of the network's parameters.

    All convolutions but those of token paths and the classifier: stem, expand, depthwise, project, shortcut and, for
    classification, the final one (as in the released code).
    """
    convolutions = {
        f"{name}.weight"
        for name, module in network.named_modules()
        if isinstance(module, nn.Conv2d) and ".tokens." not in name and name != "classifier"
    }
    return {name: parameter for name, parameter in network.named_parameters() if name in convolutions}


def importances(network: Supernet) -> dict[str, nn.Parameter]:
    """The importance of each search unit [units], per block that has any: the scale of its normalisation."""
    return {name: block.unit_norm.weight for name, block in search_blocks(network).items() if block.units}


def token_importances(network: Supernet) -> dict[str, nn.Parameter]:
    """The importance of each token [tokens], per block that has any."""
    blocks = search_blocks(network).items()
    return {name: block.tokens.token_norm.weight for name, block in blocks if block.tokens is not None}


def search_blocks(network: Supernet) -> dict[str, SearchBlock]:
    """The blocks by name, in order."""
    return {name: block for name, block in network.blocks.items() if isinstance(block, SearchBlock)}
