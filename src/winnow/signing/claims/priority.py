"""Two claims on one ticket, both marks found in it: whose came first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from winnow.signing.stamps.stamps import Stamp

Side = Literal["first", "second"]


@dataclass(frozen=True)
class Party:
    """One claimant, as the judge found it.

    Args:
        name: for the reasons' text.
        key_stamp: valid stamp of the key that was read from the suspect; None when there is none.
        claim_stamp: valid stamp of commit1, which binds the reference; None when there is none.
        carries_other: whether the other party's mark reads as a match in this party's committed reference; None when
            it was not read.
    """

    name: str
    key_stamp: Stamp | None = None
    claim_stamp: Stamp | None = None
    carries_other: bool | None = None


@dataclass(frozen=True)
class Priority:
    """Who came first, or None when it stays open, and why."""

    winner: Side | None
    reasons: tuple[str, ...]


def priority(first: Party, second: Party) -> Priority:
    """Decide between two claimants.

    The earlier stamp wins. A key's stamp alone is cheap: anybody can have keys stamped in advance and embed one in a
    ticket that is stolen later. So where both claims are stamped too, the order of those must be the same; where it is
    not, or stamps are missing, containment decides: the first owner's reference carries one mark, a thief's both.
    """
    stamps = [
        _by_stamp("key", first.name, first.key_stamp, second.name, second.key_stamp),
        _by_stamp("whole claim", first.name, first.claim_stamp, second.name, second.claim_stamp),
    ]
    contained = _by_containment(first, second)
    reasons = tuple(reason for _, reason in (*stamps, contained))
    by_stamps = _agreed([side for side, _ in stamps])
    if by_stamps is not None and contained[0] not in (None, by_stamps):
        return Priority(None, (*reasons, "Stamps and marks contradict each other: undecided."))
    winner = by_stamps or contained[0]
    if winner is None:
        return Priority(None, (*reasons, "Neither stamps nor marks tell who came first: undecided."))
    name = first.name if winner == "first" else second.name
    ground = "its stamps" if by_stamps else "what the references carry"
    return Priority(winner, (*reasons, f"{name} came first, by {ground}."))


def _agreed(sides: list[Side | None]) -> Side | None:
    """The one side that all known ones name."""
    known: list[Side] = [side for side in sides if side is not None]
    return known[0] if known and all(side == known[0] for side in known) else None


def _by_stamp(
    what: str, name: str, stamp: Stamp | None, other_name: str, other: Stamp | None
) -> tuple[Side | None, str]:
    if stamp is None or other is None:
        lacking = [n for n, s in ((name, stamp), (other_name, other)) if s is None]
        return None, f"No valid stamp of the {what}: {' and '.join(lacking)}."
    told = f"{name} {stamp.time:%Y-%m-%d %H:%M:%S}, {other_name} {other.time:%Y-%m-%d %H:%M:%S} (UTC)"
    apart = (other.time - stamp.time).total_seconds()
    if abs(apart) <= stamp.accuracy + other.accuracy:
        return None, f"Stamps of the {what} are nearer to each other than they are accurate: {told}."
    return ("first" if apart > 0 else "second"), f"Stamps of the {what}: {told}."


def _by_containment(first: Party, second: Party) -> tuple[Side | None, str]:
    if first.carries_other is None or second.carries_other is None:
        return None, "It was not read whether each reference carries the other's mark."
    if first.carries_other == second.carries_other:
        return None, f"{'Each' if first.carries_other else 'Neither'} reference carries the other's mark."
    thief, owner = (first, second) if first.carries_other else (second, first)
    side: Side = "second" if first.carries_other else "first"
    return side, f"The reference of {thief.name} carries the mark of {owner.name}, not the other way round."
