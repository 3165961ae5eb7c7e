"""Resources that come more than once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from winnow.trials.patients.fhir.concepts import one_line
from winnow.trials.patients.fhir.pool import Entry
from winnow.trials.patients.patient import Unread


def one_of_each(entries: Sequence[Entry]) -> tuple[list[Entry], list[Unread]]:
    """The resources, each name once, and what was done about names that came twice.

    The same resource again is read once. Of two versions the later by `meta.lastUpdated` is read; where that does not
    decide, both are, the second under the id "ID#2", and a reader sees that they conflict.
    """
    found: dict[str, Entry] = {}
    unread: list[Unread] = []
    for entry in entries:
        name = entry.name if "/" in entry.name else _numbered(entry.name, found)
        entry = entry if name == entry.name else _renamed(entry, name)
        earlier = found.get(name)
        if earlier is None:
            found[name] = entry
        elif earlier.body == entry.body:
            unread.append(Unread(name, "the same resource twice: read once"))
        elif _updated(earlier) and _updated(entry) and _updated(earlier) != _updated(entry):
            found[name] = max(earlier, entry, key=_updated)
            unread.append(Unread(name, "two versions: the one updated last is read"))
        else:
            other = _numbered(name, found)
            found[other] = _renamed(entry, other)
            unread.append(Unread(name, f"two different resources of this id: the second is kept as {other}"))
    return list(found.values()), unread


def _numbered(name: str, taken: dict[str, Entry]) -> str:
    start = 2 if "/" in name else 1
    mark = "#" if "/" in name else "/no-id-"
    return next(free for number in range(start, len(taken) + 3) if (free := f"{name}{mark}{number}") not in taken)


def _renamed(entry: Entry, name: str) -> Entry:
    return replace(entry, body={**entry.body, "id": name.split("/", 1)[1]})


def _updated(entry: Entry) -> str:
    meta = entry.body.get("meta")
    return one_line(meta.get("lastUpdated")) if isinstance(meta, dict) else ""
