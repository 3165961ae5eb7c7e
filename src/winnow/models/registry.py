"""Networks by name, or by "package.module:build"."""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch
from torch import nn

from winnow.core import WinnowError

# Name to builder. A builder takes any of `image_shape` (C, H, W) and `classes`, and returns a freshly drawn network.
MODELS: dict[str, str] = {
    "lenet-300-100": "winnow.models.lenet:lenet_300_100",
    "conv-2": "winnow.models.conv:conv_2",
    "conv-4": "winnow.models.conv:conv_4",
    "conv-6": "winnow.models.conv:conv_6",
    "conv-2-dropout": "winnow.models.conv:conv_2_dropout",
    "conv-4-dropout": "winnow.models.conv:conv_4_dropout",
    "conv-6-dropout": "winnow.models.conv:conv_6_dropout",
    "vgg-19": "winnow.models.vgg:vgg_19",
    "resnet-18": "winnow.models.resnet:resnet_20",  # the paper's name for its 20 layers
    "resnet-20": "winnow.models.resnet:resnet_20",
    "resnet-50": "winnow.models.resnet50:resnet_50",
}


@dataclass(frozen=True)
class Model:
    """A network that can be built again: a builder with its arguments."""

    reference: str
    builder: Callable[..., nn.Module]
    arguments: dict[str, Any]

    def build(self, seed: int) -> nn.Module:
        """A new network; its initial weights are a function of the seed. The global generators stay as they were.

        Raises:
            WinnowError: WN-M01 when the builder fails or returns no `nn.Module`.
        """
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)
            try:
                module = self.builder(**self.arguments)
            except WinnowError:
                raise
            except Exception as error:
                raise WinnowError("WN-M01", f"building failed: {_told(error)}", where=self.reference) from error
        if not isinstance(module, nn.Module):
            raise WinnowError("WN-M01", f"it returned a {type(module).__name__}, no nn.Module", where=self.reference)
        return module

    def describe(self) -> dict[str, Any]:
        """Builder and arguments as plain data, for a ticket's manifest."""
        return {"build": self.reference, "arguments": {k: _plain(v) for k, v in self.arguments.items()}}


def model_named(reference: str, **offered: Any) -> Model:
    """The registered network of that name, or the builder at "package.module:build".

    The builder gets those of the offered arguments that its signature takes.

    Raises:
        WinnowError: WN-M01 when there is no such network or it cannot be imported.
    """
    target = MODELS.get(reference, reference)
    module_name, colon, attribute = target.partition(":")
    if not colon or not module_name or not attribute:
        raise WinnowError(
            "WN-M01",
            f"no network {reference!r}",
            fix=f"One of: {', '.join(MODELS)}; or your own as package.module:build.",
        )
    builder = _import(module_name, attribute, reference)
    return Model(target, builder, _accepted(builder, offered))


def model_of(manifest: Mapping[str, Any]) -> Model:
    """The network that a ticket's manifest names, with the arguments that it was built with.

    Raises:
        WinnowError: WN-M01 when it names none, or one that cannot be imported.
    """
    model = manifest.get("model") or {}
    if "build" not in model:
        raise WinnowError(
            "WN-M01",
            "the ticket does not tell how its network is built",
            fix="Build it in your own code, and load the ticket into it.",
        )
    arguments = {key: tuple(v) if isinstance(v, list) else v for key, v in model.get("arguments", {}).items()}
    return model_named(model["build"], **arguments)


def check_fit(module: nn.Module, inputs: torch.Tensor, classes: int) -> None:
    """Run a few inputs through the network.

    Args:
        module: the network; it stays as it is.
        inputs: such as the first two of the train split: images [N, C, H, W], or token ids [N, T].
        classes: of the data set.

    Raises:
        WinnowError: WN-M02 when it cannot take the inputs or does not return one number per class.
    """
    shape = f"{' x '.join(map(str, inputs.shape[1:]))} {'numbers' if inputs.is_floating_point() else 'token ids'}"
    modes = [(part, part.training) for part in module.modules()]
    try:
        with torch.no_grad():
            logits = module.eval()(inputs)
    except Exception as error:
        raise WinnowError(
            "WN-M02", f"inputs of {shape} do not go through the network: {_told(error)}", fix="Choose another --model."
        ) from error
    finally:
        for part, was_training in modes:
            part.training = was_training
    count = len(inputs)
    if not isinstance(logits, torch.Tensor) or tuple(logits.shape) != (count, classes):
        found = tuple(logits.shape) if isinstance(logits, torch.Tensor) else type(logits).__name__
        raise WinnowError(
            "WN-M02", f"for {count} inputs of {shape} it returned {found}, not ({count}, {classes}) logits"
        )


def _import(module_name: str, attribute: str, reference: str) -> Callable[..., nn.Module]:
    try:
        with _working_folder_importable():
            builder = getattr(importlib.import_module(module_name), attribute)
    except Exception as error:  # importing runs the user's own module, which may fail in any way
        raise WinnowError(
            "WN-M01", f"cannot import {reference}: {_told(error)}", fix="Run from the folder of your package."
        ) from error
    if not callable(builder):
        raise WinnowError("WN-M01", f"{reference} is no function", where=reference)
    return cast("Callable[..., nn.Module]", builder)


@contextmanager
def _working_folder_importable():
    """A console script does not look for modules in the working folder, and a user's own module is often there."""
    folder = str(Path.cwd())
    sys.path.insert(0, folder)
    try:
        yield
    finally:
        sys.path.remove(folder)


def _accepted(builder: Callable[..., nn.Module], offered: dict[str, Any]) -> dict[str, Any]:
    try:
        parameters = inspect.signature(builder).parameters.values()
    except ValueError:  # some built-in functions tell nothing about themselves
        return {}
    if any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters):
        return dict(offered)
    names = {p.name for p in parameters}
    return {name: value for name, value in offered.items() if name in names}


def _told(error: Exception) -> str:
    """An error's kind and first line."""
    return f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
