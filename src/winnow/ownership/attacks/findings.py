"""What an audit found, attack by attack, in sentences. No torch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from winnow.ownership.attacks.rows import Row

MATCH = "match"
# A model that lost more than this is hardly worth stealing (one percentage point, as Chen et al. 2021 take it).
VALUE = 0.01


@dataclass(frozen=True)
class Survival:
    """How one attack fared against the mark, over all of its cases.

    Attributes:
        attack: its name.
        cases: how many were carried out.
        convicted: in how many the verdict was "match".
        decoded: in how many the payload decoded.
        comparable: cases whose accuracy is that of the owner's task.
        valuable: of those, how many in which the model lost at most one percentage point.
        escaped: of those, how many were not a match: what the owner has to fear.
        to_match: the largest strength up to which all cases were a match; None when not even the weakest.
        to_decode: the same for decoding.
    """

    attack: str
    cases: int
    convicted: int
    decoded: int
    comparable: int
    valuable: int
    escaped: int
    to_match: float | None
    to_decode: float | None


def survival(rows: Sequence[Row], attack: str) -> Survival:
    """The figures of one attack."""
    own = [row for row in rows if row["attack"] == attack and row.get("log2_p") is not None]
    comparable = [row for row in own if row.get("accuracy_lost") is not None]
    valuable = [row for row in comparable if row["accuracy_lost"] <= VALUE]
    return Survival(
        attack,
        len(own),
        sum(row["outcome"] == MATCH for row in own),
        sum(bool(row["decoded"]) for row in own),
        len(comparable),
        len(valuable),
        sum(row["outcome"] != MATCH for row in valuable),
        _up_to(own, lambda row: row["outcome"] == MATCH),
        _up_to(own, lambda row: bool(row["decoded"])),
    )


def findings(rows: Sequence[Row]) -> list[str]:
    """One sentence on the untouched model, one on each attack, one on all false accusations."""
    names = list(dict.fromkeys(row["attack"] for row in rows if row["family"] not in ("baseline", "accusing")))
    return [*_untouched(rows), *(_told(rows, name) for name in names), *_accusations(rows)]


def _told(rows: Sequence[Row], name: str) -> str:
    found, unit = survival(rows, name), next(row["unit"] for row in rows if row["attack"] == name)
    if not found.cases:
        return f"{name}: {_why_not(rows, name)}"
    matches = _share(found.convicted, found.cases, found.to_match, unit)
    decodes = _share(found.decoded, found.cases, found.to_decode, unit)
    return f"{name}: of {found.cases} cases {matches} end in a match, {decodes} decode. {_worth(found)}"


def _share(count: int, cases: int, reach: float | None, unit: str) -> str:
    """ "all", "none", or a number and how far all do: "12 (all up to 20%)"."""
    if count in (0, cases):
        return "all" if count else "none"
    return f"{count} (all up to {shown(reach, unit)})" if reach is not None else f"{count}"


def _worth(found: Survival) -> str:
    if not found.comparable:
        return "On another task there is no accuracy to compare."
    if not found.valuable:
        return "No case keeps the accuracy to within 1 percentage point."
    if not found.escaped:
        return f"The mark is found in all {found.valuable} that stay within 1 point of the accuracy."
    return f"Of {found.valuable} that stay within 1 point of the accuracy, {found.escaped} escape."


def _why_not(rows: Sequence[Row], name: str) -> str:
    notes = list(dict.fromkeys(str(row.get("note", "")).partition("\n")[0] for row in rows if row["attack"] == name))
    return f"could not be done here: {notes[0]}"


def _untouched(rows: Sequence[Row]) -> list[str]:
    row = next((row for row in rows if row["family"] == "baseline" and row.get("log2_p") is not None), None)
    if row is None:
        return []
    hits = ""
    if row.get("trigger_total"):
        hits = f" Of {row['trigger_total']} triggers it answers {row['trigger_hits']} as keyed."
    decoded = "decodes" if row["decoded"] else "does not decode"
    return [
        f"The released model: {row['errors']} of {row['bits']} bits are wrong, log2 p is {row['log2_p']:.0f}, the "
        f"payload {decoded}; the verdict is {row['outcome']}.{hits}"
    ]


def _accusations(rows: Sequence[Row]) -> list[str]:
    own = [row for row in rows if row["family"] == "accusing" and row.get("log2_p") is not None]
    if not own:
        return []
    wrong = sum(row["outcome"] == MATCH for row in own)
    lowest = min(row["log2_p_adjusted"] for row in own)
    verdict = "none ends in a match" if not wrong else f"{wrong} END IN A MATCH"
    return [
        f"Of {len(own)} accusations of an innocent model {verdict}; the lowest log2 of an adjusted p is {lowest:.1f}."
    ]


def _up_to(rows: Sequence[Row], holds: Callable[[Row], bool]) -> float | None:
    """The last strength, from the weakest on, before a case does not hold."""
    reached = None
    for strength in ordered({row["strength"] for row in rows}, rows[0]["unit"] if rows else ""):
        if not all(holds(row) for row in rows if row["strength"] == strength):
            break
        reached = strength
    return reached


def ordered(strengths: Iterable[float], unit: str) -> list[float]:
    """From the weakest to the strongest; fewer bits are more of an attack."""
    return sorted(strengths, reverse=unit.startswith("bits"))


def shown(strength: float, unit: str) -> str:
    """A strength in words: shares as percent, other numbers as they are."""
    return f"{100 * strength:g}%" if unit.startswith("share") else f"{strength:g}"
