"""Recipes by the name that the command line takes."""

from __future__ import annotations

from collections.abc import Callable

from winnow.core import chosen
from winnow.recipes import conv, resnet, vgg
from winnow.recipes.encoder import encoder_text
from winnow.recipes.lenet import lenet_digits, lenet_mnist
from winnow.tickets.recipe import FindRecipe

RECIPES: dict[str, Callable[..., FindRecipe]] = {
    "lenet-digits": lenet_digits,
    "conv2-digits": conv.conv2_digits,
    "resnet20-digits": resnet.resnet20_digits,
    "lenet-mnist": lenet_mnist,
    "conv2-cifar10": conv.conv2_cifar10,
    "conv4-cifar10": conv.conv4_cifar10,
    "conv6-cifar10": conv.conv6_cifar10,
    "conv2-cifar10-dropout": conv.conv2_cifar10_dropout,
    "conv4-cifar10-dropout": conv.conv4_cifar10_dropout,
    "conv6-cifar10-dropout": conv.conv6_cifar10_dropout,
    "vgg19-cifar10": vgg.vgg19_cifar10,
    "vgg19-cifar10-high": vgg.vgg19_cifar10_high,
    "vgg19-cifar10-warmup": vgg.vgg19_cifar10_warmup,
    "resnet18-cifar10": resnet.resnet18_cifar10,
    "resnet18-cifar10-high": resnet.resnet18_cifar10_high,
    "resnet18-cifar10-warmup": resnet.resnet18_cifar10_warmup,
    "resnet20-cifar10": resnet.resnet20_cifar10,
    "resnet50-imagenet": resnet.resnet50_imagenet,
    "encoder-text": encoder_text,
}


def recipe_named(name: str) -> Callable[..., FindRecipe]:
    """The recipe of that name.

    Raises:
        WinnowError: WN-R01 when there is none.
    """
    return chosen(RECIPES, name, "recipe", "WN-R01")
