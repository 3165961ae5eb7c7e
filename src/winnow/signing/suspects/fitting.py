"""Which tensor of a suspect stands for which layer of a claim."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

Array = NDArray[Any]
Shapes = Mapping[str, tuple[int, ...]]
# What wrappers put into a name: DataParallel, torch.compile.
_WRAPPERS = {"module", "_orig_mod"}


@dataclass(frozen=True)
class Fit:
    """How a suspect's tensors stand to a claim's layers.

    Attributes:
        names: layer of the claim to tensor of the suspect, where one was found; its shape may still differ.
        how: by what they were found, in words.
        misfits: a sentence for every layer that is missing or of another shape.
        sure: False where equal shapes left a choice that only the order of the names decided.
        prefix: what the suspect's names have before the claim's, or None where they were not found by name.
    """

    names: Mapping[str, str]
    how: str
    misfits: tuple[str, ...] = ()
    sure: bool = True
    prefix: str | None = ""


def matched(tensors: Mapping[str, Array], shapes: Shapes) -> Fit:
    """Find each layer: by its name, else by its name behind one prefix, else by shapes that fit in one way.

    Names decide before shapes: a layer of the right name and a wrong shape is a changed network, not a chance to look
    elsewhere.

    Args:
        tensors: the suspect's.
        shapes: the claim's layers, in their order.
    """
    by_name = _by_name(tensors, shapes)
    if by_name is not None and len(by_name.names) == len(shapes):
        return by_name
    by_shape = _by_shape(tensors, shapes)
    if by_shape is not None:
        return by_shape
    if by_name is not None:
        return by_name
    return Fit({}, "not found", tuple(f"{name}: no tensor of this name, and shapes do not tell" for name in shapes))


def renamed(tensors: Mapping[str, Array], fit: Fit) -> dict[str, Array]:
    """The suspect's tensors under the claim's names: the layers that were found, and what else has the same prefix."""
    found = {layer: tensors[name] for layer, name in fit.names.items()}
    if fit.prefix is None:
        return found
    others = {_unwrapped(name): tensor for name, tensor in tensors.items()}
    prefix = fit.prefix
    return {n.removeprefix(prefix): t for n, t in others.items() if n.startswith(prefix)} | found


def _by_name(tensors: Mapping[str, Array], shapes: Shapes) -> Fit | None:
    """The prefix under which most layers are found; None where no layer is, or two prefixes serve alike."""
    bare = _bare(tensors)
    wanted = {name: _unwrapped(name) for name in shapes}
    prefixes = Counter(
        own.removesuffix(want) for want in wanted.values() for own in bare if _ends(own, want)
    ).most_common(2)
    if not prefixes or (len(prefixes) == 2 and prefixes[0][1] == prefixes[1][1]):
        return None
    prefix = "" if any(want in bare for want in wanted.values()) else prefixes[0][0]
    names = {name: bare[prefix + want] for name, want in wanted.items() if prefix + want in bare}
    misfits = [_misfit(name, shape, tensors, names.get(name)) for name, shape in shapes.items()]
    how = f"by their names after {prefix!r}" if prefix else "by their names"
    return Fit(names, how, tuple(told for told in misfits if told), prefix=prefix)


def _bare(tensors: Mapping[str, Array]) -> dict[str, str]:
    """Names without wrappers to names; with them where two would become one."""
    counts = Counter(_unwrapped(name) for name in tensors)
    return {(bare if counts[bare := _unwrapped(name)] == 1 else name): name for name in tensors}


def _unwrapped(name: str) -> str:
    return ".".join(part for part in name.split(".") if part not in _WRAPPERS)


def _ends(name: str, want: str) -> bool:
    return name == want or name.endswith(f".{want}")


def _by_shape(tensors: Mapping[str, Array], shapes: Shapes) -> Fit | None:
    """Layer for tensor where every shape of the claim occurs as often in the suspect; names give the order."""
    rows: dict[tuple[int, ...], list[str]] = {}
    for name in sorted(tensors, key=_natural):
        rows.setdefault(tuple(tensors[name].shape), []).append(name)
    counts = Counter(tuple(shape) for shape in shapes.values())
    if any(len(rows.get(shape, ())) != count for shape, count in counts.items()):
        return None
    found = {name: rows[tuple(shape)].pop(0) for name, shape in shapes.items()}
    sure = max(counts.values()) == 1
    return Fit(found, "by their shapes, in the order of the names", sure=sure, prefix=None)


def _natural(name: str) -> list[tuple[int, str]]:
    """Layer 10 after layer 2."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.findall(r"[0-9]{1,18}|[^0-9]+", name)]


def _misfit(layer: str, shape: tuple[int, ...], tensors: Mapping[str, Array], name: str | None) -> str | None:
    if name is None:
        return f"{layer}: missing"
    found = tuple(tensors[name].shape)
    if found == tuple(shape):
        return None
    turned = found == tuple(reversed(shape)) or (
        len(found) == len(shape) > 2 and found == (shape[1], shape[0], *shape[2:])
    )
    what = "transposed, " if turned else ""
    return f"{layer}: {what}{list(found)} instead of {list(shape)}"
