"""`--grid FIELD=VALUE,VALUE`: axes of a sweep, their values read as the flags of `winnow tickets find` are."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Annotated, Any

from cyclopts import App, CycloptsError, Parameter

from winnow.cli.flags import given, overrides_of
from winnow.core import WinnowError, chosen
from winnow.recipes import METHODS
from winnow.tickets.recipe import FindRecipe
from winnow.tickets.sweeps.grid import METHOD, label

_reader = App(name="grid", help_flags=[], version_flags=[])


@_reader.default
def _read(*, flags: Any = None) -> dict[str, Any]:
    return given(flags)


_Flags = overrides_of(FindRecipe)
_read.__annotations__["flags"] = Annotated[_Flags | None, Parameter(name="*")]


def axes_of(texts: Iterable[str], methods: Sequence[str] = (), fixed: Collection[str] = ()) -> dict[str, list[Any]]:
    """The axes in the order given, with their values.

    Args:
        texts: such as "score=magnitude,random" or "controls=none,reinit+random".
        methods: values of the axis "method", which stands first.
        fixed: fields that all cells share.

    Raises:
        WinnowError: WN-C01 for an axis that is no field, has no values, has one twice, or is given twice; WN-R01 for an
            unknown method.
    """
    axes: dict[str, list[Any]] = {}
    for text in [*([f"{METHOD}={','.join(methods)}"] if methods else []), *texts]:
        name, equals, values = text.partition("=")
        axis = name.strip().replace("-", "_")
        if not equals:
            raise _bad(text, "it has no values", "Such as --grid score=magnitude,random.")
        if axis in axes or axis in fixed:
            raise _bad(text, f"{axis} is given twice", "Give each field once, as an axis or as a flag.")
        axes[axis] = _values(text, axis, [value.strip() for value in values.split(",")])
    if not axes:
        raise WinnowError("WN-C01", "a sweep needs an axis", where="--grid", fix="Such as --grid seed=0,1,2.")
    return axes


def _values(text: str, axis: str, words: Sequence[str]) -> list[Any]:
    if not all(words):
        raise _bad(text, "a value is empty", "Put commas between values, and none at the ends.")
    values = [
        chosen(METHODS, word, "pruning method", "WN-R01") and word if axis == METHOD else _value(text, axis, word)
        for word in words
    ]
    shown = [str(label(value)) for value in values]
    twice = [word for word, value in zip(words, shown, strict=True) if shown.count(value) > 1]
    if twice:
        raise _bad(text, f"{' and '.join(twice)} are one value", "Give each value once.")
    return values


def _value(text: str, axis: str, word: str) -> Any:
    """One value as its flag reads it; parts of a list stand between plus signs."""
    fields = _Flags.__dataclass_fields__
    if axis not in fields:
        raise _bad(text, f"no field {axis}", f"One of: {', '.join([METHOD, *fields])}.")
    several = "tuple" in str(fields[axis].type)
    flag = f"--{axis.replace('_', '-')}"
    tokens = [f"{flag}={part}" for part in (word.split("+") if several else [word])]
    try:
        found = _reader(tokens, exit_on_error=False, print_error=False, result_action="return_value")
    except CycloptsError as error:
        raise _bad(text, f"{word!r} is no value of {axis}", str(error).strip().replace("\n", " ")) from error
    return found[axis]


def _bad(text: str, what: str, fix: str) -> WinnowError:
    return WinnowError("WN-C01", what, where=f"--grid {text}", fix=fix)
