"""FHIR resources shared out to their patients."""

from __future__ import annotations

from winnow.trials.patients.draft import Draft
from winnow.trials.patients.fhir.concepts import one_line
from winnow.trials.patients.fhir.fields import is_read, overlooked
from winnow.trials.patients.fhir.pool import Entry, Pool, referred
from winnow.trials.patients.fhir.reading import read_record
from winnow.trials.patients.fhir.record import Record
from winnow.trials.patients.fhir.versions import one_of_each
from winnow.trials.patients.patient import Unread

_NOBODY = ""


def fhir_drafts(pool: Pool, file: str) -> list[Draft]:
    """The patients of a pool of resources.

    With one Patient resource, resources of any other patient are listed with it and not read. With none or several,
    every patient that is referred to is a patient.

    Args:
        file: the patient's id when no resource tells whose it is.
    """
    entries, unread = one_of_each(pool.entries)
    owners = {entry.name: _owner(entry, pool) for entry in entries}
    drafts = {name: Draft(name.split("/", 1)[1]) for name in _patients(entries, owners)} or {_NOBODY: Draft(file)}
    alone = next(iter(drafts)) if len(drafts) == 1 else _NOBODY
    shares: dict[str, list[Entry]] = {}
    for entry in entries:
        shares.setdefault(owners[entry.name] or alone, []).append(entry)
    for name, draft in drafts.items():
        for entry in shares.get(name, []):
            if is_read(entry):
                read_record(Record(entry, pool), draft)
        draft.unread += overlooked(shares.get(name, []))
    _list_the_rest(shares, drafts)
    for complaint in unread:
        own = drafts.get(owners.get(complaint.source) or alone)
        for draft in [own] if own else drafts.values():
            draft.unread.append(complaint)
    for draft in drafts.values():
        draft.unread += pool.unread
    return list(drafts.values())


def _patients(entries: list[Entry], owners: dict[str, str]) -> list[str]:
    """The names of the patients that are read, in order of appearance."""
    own = [entry.name for entry in entries if entry.kind == "Patient"]
    referred_to = [name for name in owners.values() if name.startswith("Patient/")]
    return own if len(own) == 1 else list(dict.fromkeys([*own, *referred_to]))


def _owner(entry: Entry, pool: Pool) -> str:
    """The name of the patient a resource is about; "" when it does not say or is about none."""
    if entry.kind == "Patient":
        return entry.name
    reference = entry.body.get("subject", entry.body.get("patient"))
    text = one_line(reference.get("reference")) if isinstance(reference, dict) else ""
    if not text or text.startswith("#"):
        return _NOBODY
    found = pool.find(text)
    return found.name if found else referred(text)


def _list_the_rest(shares: dict[str, list[Entry]], drafts: dict[str, Draft]) -> None:
    """List, with every patient, the resources that are no patient's."""
    for owner, entries in shares.items():
        if owner in drafts:
            continue
        reason = "about another subject: not read" if owner else "does not say whose it is: not read"
        listed = [Unread(entry.name, reason) for entry in entries if is_read(entry)]
        listed += overlooked([entry for entry in entries if not is_read(entry)])
        for draft in drafts.values():
            draft.unread += listed
