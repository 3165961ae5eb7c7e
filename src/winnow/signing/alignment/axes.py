"""Which axes of which tensors can only be permuted together: a network's hidden channels, as plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from winnow.core import WinnowError

_FIELDS = {"size", "signs", "uses"}
_USE = {"tensor", "axis", "repeat"}


@dataclass(frozen=True)
class AxisUse:
    """One axis of one tensor along which the channels of a group stand.

    Attributes:
        tensor: its name.
        axis: 0 for the rows, which put the channels out; 1 for the columns, which read them.
        repeat: entries to a channel, as after flattening: channel i has those from i * repeat on.
    """

    tensor: str
    axis: int
    repeat: int = 1


@dataclass(frozen=True)
class AxisGroup:
    """Hidden channels that permute together wherever they are put out or read.

    Attributes:
        size: how many channels.
        uses: the axes along which they stand.
        signs: whether the signs of a channel can be flipped in all its tensors without a change of the function.
    """

    size: int
    uses: tuple[AxisUse, ...]
    signs: bool = False


Axes = tuple[AxisGroup, ...]


def axes_to_plain(axes: Axes) -> list[dict[str, Any]]:
    """The groups as JSON data."""
    return [
        {
            "size": group.size,
            "signs": group.signs,
            "uses": [{"tensor": use.tensor, "axis": use.axis, "repeat": use.repeat} for use in group.uses],
        }
        for group in axes
    ]


def axes_from_plain(plain: Any) -> Axes:
    """The groups that `axes_to_plain` wrote, also after a journey through JSON.

    Raises:
        WinnowError: WN-O02 when it is no such list, or an axis stands in two groups.
    """
    if not _is_list(plain):
        raise _refused("it is no list of groups")
    axes = tuple(_group(fields) for fields in plain)
    taken = [(use.tensor, use.axis) for group in axes for use in group.uses]
    if len(set(taken)) != len(taken):
        raise _refused("one axis of a tensor stands in two places")
    return axes


def _group(fields: Any) -> AxisGroup:
    if not isinstance(fields, Mapping) or set(fields) != _FIELDS or not isinstance(fields["signs"], bool):
        raise _refused("a group has size, signs and uses")
    if not _is_count(fields["size"]) or not _is_list(fields["uses"]):
        raise _refused("a group has a positive size and a list of uses")
    return AxisGroup(fields["size"], tuple(_use(use) for use in fields["uses"]), fields["signs"])


def _use(fields: Any) -> AxisUse:
    if not isinstance(fields, Mapping) or set(fields) != _USE or not isinstance(fields["tensor"], str):
        raise _refused("a use has tensor, axis and repeat")
    if isinstance(fields["axis"], bool) or fields["axis"] not in (0, 1) or not _is_count(fields["repeat"]):
        raise _refused("an axis is 0 or 1, a repeat positive")
    return AxisUse(fields["tensor"], fields["axis"], fields["repeat"])


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes))


def _refused(what: str) -> WinnowError:
    return WinnowError("WN-O02", f"these are no coupled axes: {what}", where="axes")
