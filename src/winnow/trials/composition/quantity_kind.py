"""What the table holds of one clinical quantity."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """One quantity.

    Attributes:
        name: canonical, lower case.
        unit: canonical unit; None for a bare score.
        names: what it is called, lower case; matched at word boundaries without regard to case.
        abbreviations: what it is called in exactly this case, since in lower case it is a word or something else.
        plausible: lowest and highest value ever seen, in the canonical unit.
        others: units a bare number may be in when it is not plausible in the canonical one, in order of trial.
        molar_mass: g/mol; None where no conversion between mass and amount makes sense.
        valence: equivalents a mole.
        counted: a blood count.
        whole: a score in whole numbers, where "0 or 1" is a range.
    """

    name: str
    unit: str | None
    names: tuple[str, ...]
    abbreviations: tuple[str, ...] = ()
    plausible: tuple[float, float] = (0.0, float("inf"))
    others: tuple[str, ...] = ()
    molar_mass: float | None = None
    valence: int = 1
    counted: bool = False
    whole: bool = False
