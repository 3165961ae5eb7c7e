"""Colours of classes in pictures: the hues of Okabe and Ito, which colour-blind readers tell apart, in three shades."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from winnow.data.vision import VOID
from winnow.reports.theme import BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILLION

_YELLOW = "#F0E442"  # too pale for a line on white, but not for an area
_HUES = (BLUE, ORANGE, GREEN, VERMILLION, SKY, PURPLE, _YELLOW, GREY)
# A second and third round of the hues differ in lightness, which every reader sees.
_SHADES = ((0, 0.0), (255, 0.55), (0, 0.5))


def colour_of(number: int) -> str:
    """The colour of a class as "#rrggbb". The first 24 classes have colours of their own; then they repeat."""
    return "#{:02X}{:02X}{:02X}".format(*_PALETTE[number % len(_PALETTE)].tolist())


def legend(classes: Sequence[str], shown: Tensor | None = None) -> list[tuple[str, str]]:
    """Names and colours, in order.

    Args:
        classes: the names by id.
        shown: class ids of a picture, any shape; only classes that are in it are named. None names all.
    """
    present = set(range(len(classes)) if shown is None else shown.unique().tolist())
    return [(name, colour_of(number)) for number, name in enumerate(classes) if number in present]


def overlay(image: Tensor, classes: Tensor, *, strength: float = 0.55) -> Tensor:
    """A picture under the colours of its classes.

    Args:
        image: uint8 [3, H, W].
        classes: class ids [H, W]; 255 is left in the picture's own colours.
        strength: share of the class's colour.

    Returns:
        uint8 [H, W, 3], as pictures are saved.
    """
    picture = image.permute(1, 2, 0).float()
    ids = classes.long()
    colours = _PALETTE.to(image.device)[ids % len(_PALETTE)].float()
    mixed = torch.where((ids == VOID)[:, :, None], picture, torch.lerp(picture, colours, strength))
    return mixed.round().to(torch.uint8)


def _palette() -> Tensor:
    """uint8 [24, 3]."""
    hues = torch.tensor([[int(hue[place : place + 2], 16) for place in (1, 3, 5)] for hue in _HUES]).float()
    shades = [hues + (towards - hues) * share for towards, share in _SHADES]
    return torch.cat(shades).round().to(torch.uint8)


_PALETTE = _palette()
