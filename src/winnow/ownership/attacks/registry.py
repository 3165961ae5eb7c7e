"""All attacks by name."""

from __future__ import annotations

from torch import Generator

from winnow.core import chosen
from winnow.ownership.attacks import accusing, adding, compressing, disguising, forging, removing, tuning
from winnow.ownership.attacks.target import Attack, Attacked, Target

BASELINE = "none"


def _nothing(target: Target, strength: float, generator: Generator) -> Attacked:  # noqa: ARG001
    return Attacked(dict(target.tensors), target.mask, note="the released model as it is")


ATTACKS: dict[str, Attack] = {
    attack.name: attack
    for attack in (
        Attack(BASELINE, "baseline", "Nothing: the released model.", "", (0.0,), _nothing, drawn=False),
        *removing.ATTACKS,
        *tuning.ATTACKS,
        *adding.ATTACKS,
        *disguising.ATTACKS,
        *forging.ATTACKS,
        *accusing.ATTACKS,
        *compressing.ATTACKS,
    )
}


def attack_named(name: str) -> Attack:
    """The attack of that name.

    Raises:
        WinnowError: WN-O06 when there is none.
    """
    return chosen(ATTACKS, name, "attack", "WN-O06")
