"""Boolean forms over questions. A form says what a criterion claims; whether that is wanted is the criterion's kind."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Ask:
    """The answer to one question: an index into `Composed.questions`."""

    question: int


@dataclass(frozen=True)
class Negated:
    """Not `part`."""

    part: Form


@dataclass(frozen=True)
class All:
    """Every part; the empty one is true."""

    parts: tuple[Form, ...]


@dataclass(frozen=True)
class Any:
    """At least one part; the empty one is false."""

    parts: tuple[Form, ...]


@dataclass(frozen=True)
class AtLeast:
    """`count` parts or more."""

    count: int
    parts: tuple[Form, ...]


Form = Ask | Negated | All | Any | AtLeast
