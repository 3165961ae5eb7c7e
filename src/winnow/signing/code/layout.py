"""How many bits of a mark each layer holds, and how wide each is: public, part of the claim."""

from __future__ import annotations

import heapq
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from winnow.core import WinnowError
from winnow.signing.code.codes import CODES, code_length

# With two fifths keyed some offset always has a free rectangle: even a 3 x 3 grid holds one, four of its nine cells.
_MOST_KEYED = 0.4
# How a key's positions are drawn; another number is another way, which this version would read as noise.
DRAWS = 2
_MOST_WEIGHTS = 2**32
_MOST_LAYERS = 100_000


@dataclass(frozen=True)
class KeyedLayer:
    """One layer's part of a mark.

    Attributes:
        name: the weight's name.
        shape: its shape.
        kept: how many of its weights the ticket keeps.
        bits: how many bits of the mark it holds; 0 for none.
        width: positions on each side of a bit, even.
    """

    name: str
    shape: tuple[int, ...]
    kept: int
    bits: int
    width: int

    @property
    def size(self) -> int:
        """How many weights it has."""
        return math.prod(self.shape)

    @property
    def rectangles(self) -> int:
        """How many rectangles its bits are made of."""
        return self.bits * self.width // 2

    @property
    def grid(self) -> tuple[int, int, int]:
        """Rows (axis 0), columns (axis 1) and offsets (the other axes in one); a vector has one column."""
        return (*self.shape[:2], math.prod(self.shape[2:])) if len(self.shape) > 1 else (self.size, 1, 1)


@dataclass(frozen=True)
class Layout:
    """All layers of a ticket with their parts of a mark, in the network's order, and the code of the mark.

    Attributes:
        layers: in the order in which their bits are counted.
        code: for example "bch-511-130".

    Raises:
        WinnowError: WN-O02 when it contradicts itself.
    """

    layers: tuple[KeyedLayer, ...]
    code: str

    def __post_init__(self) -> None:
        for layer in self.layers:
            _check_layer(layer)
        if len({layer.name for layer in self.layers}) != len(self.layers):
            raise _nonsense("two layers of one name")
        if sum(layer.size for layer in self.layers) > _MOST_WEIGHTS or len(self.layers) > _MOST_LAYERS:
            raise _nonsense("more weights or layers than any network has")
        if self.bits != code_length(self.code):
            raise _nonsense(f"{self.bits} bits for the code {self.code}")

    @property
    def bits(self) -> int:
        """How many bits the mark has."""
        return sum(layer.bits for layer in self.layers)

    @cached_property
    def keyed(self) -> tuple[KeyedLayer, ...]:
        """The layers that hold bits."""
        return tuple(layer for layer in self.layers if layer.bits)

    def to_plain(self) -> dict[str, Any]:
        """Plain data, for the claim."""
        layers = [
            {"name": own.name, "shape": list(own.shape), "kept": own.kept, "bits": own.bits, "width": own.width}
            for own in self.layers
        ]
        return {"code": self.code, "draws": DRAWS, "layers": layers}

    @classmethod
    def from_plain(cls, value: Any) -> Layout:
        """Read what `to_plain` wrote; keys that it does not know are passed over.

        Raises:
            WinnowError: WN-O02 when it is not a layout.
        """
        try:
            layers = tuple(
                KeyedLayer(own["name"], tuple(own["shape"]), own["kept"], own["bits"], own["width"])
                for own in value["layers"]
            )
            draws, found = value["draws"], cls(layers, value["code"])
        except (KeyError, TypeError) as error:
            raise _nonsense(f"its parts are missing or of the wrong kind: {error}") from error
        if draws != DRAWS:
            raise _nonsense(f"its positions are drawn in way {draws!r}, and this version knows way {DRAWS}")
        return found


def plan_layout(
    shapes: Mapping[str, tuple[int, ...]],
    kept: Mapping[str, int],
    *,
    code: str | None = None,
    expected: float = 4.0,
    share: float = _MOST_KEYED,
) -> Layout:
    """Spread the bits of a code over the layers of a ticket.

    Args:
        shapes: the prunable weights' shapes by name, in the network's order.
        kept: how many weights of each remain.
        code: the code; without it the longest that fits.
        expected: weights of the rarer kind (kept or pruned) to expect on each side of a bit; at least 2 is taken.
        share: the largest part of a layer that may be keyed, 0.4 at most; a suspect is aligned by the rest.

    Returns:
        A layout with bits in proportion to the weights that each layer keeps.

    Raises:
        WinnowError: WN-O01 when no code, or not the one asked for, fits.
    """
    widths = {name: _width(math.prod(shape), kept[name], expected) for name, shape in shapes.items()}
    room = {name: _room(shape, kept[name], widths[name], min(share, _MOST_KEYED)) for name, shape in shapes.items()}
    choice = next((c for c in ([code] if code else CODES) if code_length(c) <= sum(room.values())), None)
    if choice is None:
        wanted = code or list(CODES)[-1]
        raise WinnowError(
            "WN-O01",
            f"room for {sum(room.values())} bits, {wanted} has {code_length(wanted)}",
            fix="Sign a ticket that keeps more weights, or choose a shorter code.",
        )
    bits = _spread(code_length(choice), kept, room)
    layers = (KeyedLayer(name, tuple(shape), kept[name], bits[name], widths[name]) for name, shape in shapes.items())
    return Layout(tuple(layers), choice)


def _width(size: int, kept: int, expected: float) -> int:
    """The even number of positions that holds about `expected` weights of the rarer kind; 2 where there is none."""
    rarer = min(kept, size - kept)
    if rarer <= 0:
        return 2
    return max(2 * round(expected * size / rarer / 2), 2 * math.ceil(size / rarer))


def _room(shape: tuple[int, ...], kept: int, width: int, share: float) -> int:
    """How many bits a layer can hold."""
    size = math.prod(shape)
    fits = len(shape) > 1 and min(shape[:2]) > 1 and 0 < kept < size
    return int(share * size) // (2 * width) if fits else 0


def _spread(bits: int, kept: Mapping[str, int], room: Mapping[str, int]) -> dict[str, int]:
    """Give each bit to the layer that keeps most weights for each bit it would then hold."""
    given = dict.fromkeys(room, 0)
    waiting = [(1 / kept[name], at, name) for at, name in enumerate(room) if room[name]]
    heapq.heapify(waiting)
    for _ in range(bits):
        _, at, name = heapq.heappop(waiting)
        given[name] += 1
        if given[name] < room[name]:
            heapq.heappush(waiting, ((given[name] + 1) / kept[name], at, name))
    return given


def _check_layer(layer: KeyedLayer) -> None:
    """Refuse what no plan gives, before a judge draws positions for it."""
    numbers = (*layer.shape, layer.kept, layer.bits, layer.width)
    if not isinstance(layer.name, str) or any(type(number) is not int for number in numbers):
        raise _nonsense("a name or number of another kind", layer.name)
    if not layer.shape or min(layer.shape) < 1 or not 0 <= layer.kept <= layer.size or layer.bits < 0:
        raise _nonsense("numbers out of range", layer.name)
    if layer.bits and (layer.width < 2 or layer.width % 2 or 2 * layer.width * layer.bits > _MOST_KEYED * layer.size):
        raise _nonsense(f"{layer.bits} bits of width {layer.width} do not fit", layer.name)
    if layer.bits and min(layer.grid[:2]) < 2:
        raise _nonsense("no rectangle fits", layer.name)


def _nonsense(what: str, where: object = None) -> WinnowError:
    return WinnowError("WN-O02", f"a layout that cannot be: {what}", where=where, fix="Ask for the original claim.")
