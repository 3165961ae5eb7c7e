"""What may follow the first word of a task's name, such as the 67 of "add-67"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, Protocol

from winnow.core import WinnowError


class Option(Protocol):
    """One part of a name."""

    @property
    def default(self) -> Any:
        """What holds where the name ends before this part; None where it may not."""
        ...

    @property
    def form(self) -> str:
        """How the part is written."""
        ...

    @property
    def limits(self) -> str:
        """What values there are, where `form` does not tell."""
        ...

    def read(self, text: str) -> Any:
        """The part's value; None where the text has none."""
        ...


@dataclass(frozen=True)
class Number:
    """A whole number from `low` to `high`, both included."""

    name: str
    low: int
    high: int
    default: int | None = None

    @property
    def form(self) -> str:
        """See `Option.form`."""
        return self.name

    @property
    def limits(self) -> str:
        """See `Option.limits`."""
        return f"{self.name} from {self.low} to {self.high}"

    def read(self, text: str) -> int | None:
        """See `Option.read`."""
        # The length comes first: Python refuses to read thousands of digits.
        is_number = text.isascii() and text.isdigit() and len(text) <= len(str(self.high))
        return int(text) if is_number and self.low <= int(text) <= self.high else None


@dataclass(frozen=True)
class Word:
    """One of a few words."""

    words: tuple[str, ...]
    default: str | None = None
    limits: str = ""

    @property
    def form(self) -> str:
        """See `Option.form`."""
        return "|".join(self.words)

    def read(self, text: str) -> str | None:
        """See `Option.read`."""
        return text if text in self.words else None


def form(first: str, options: Sequence[Option]) -> str:
    """How a name is written, optional parts in brackets."""
    return required(first, options) + "".join(f"[-{option.form}]" for option in options if option.default is not None)


def required(first: str, options: Sequence[Option]) -> str:
    """How a name is written at its shortest."""
    return "-".join([first, *(option.form for option in options if option.default is None)])


def read_options(name: str, options: Sequence[Option]) -> tuple[Any, ...]:
    """The values of the parts of a task's name behind its first.

    Raises:
        WinnowError: WN-C01 when a part is missing, is one too many or cannot be read.
    """
    first, *texts = name.split("-")
    values = [None if o is None else _value(o, text) for o, text in zip_longest(options, texts)]
    if None in values:
        advice = ", ".join([f"Write {form(first, options)}", *(o.limits for o in options if o.limits)]) + "."
        raise WinnowError("WN-C01", f"{name!r} is not the name of a task", where="task", fix=advice)
    return tuple(values)


def _value(option: Option, text: str | None) -> Any:
    return option.default if text is None else option.read(text)
