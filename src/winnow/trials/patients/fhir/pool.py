"""The resources of one or several FHIR files, and what their references mean."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from winnow.trials.patients.fhir.concepts import items, one_line
from winnow.trials.patients.patient import Unread

_REFERENCE = re.compile(r"(?:.*/)?(?P<kind>[A-Z][A-Za-z]+)/(?P<id>[A-Za-z0-9.-]+)(?:/_history/.*)?$")


@dataclass(frozen=True)
class Entry:
    """One resource and where it came from.

    Attributes:
        body: the resource.
        source: the file's name.
        full_url: the Bundle entry's `fullUrl`; "" when it has none.
    """

    body: dict[str, Any]
    source: str
    full_url: str = ""

    @cached_property
    def kind(self) -> str:
        """The resource type."""
        return one_line(self.body.get("resourceType"))

    @cached_property
    def name(self) -> str:
        """ "Condition/123"; a resource without an id is named by its `fullUrl`, else by its type alone."""
        own = one_line(self.body.get("id")) or self.full_url.rsplit(":", 1)[-1].rsplit("/", 1)[-1]
        return f"{self.kind}/{own}" if own else self.kind


@dataclass
class Pool:
    """All resources that are read together, so that references between files are found.

    Attributes:
        entries: in the order read.
        unread: parts of the files that hold no resource.
    """

    entries: list[Entry] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)

    def add(self, body: dict[str, Any], source: str, full_url: str = "") -> None:
        """Take a resource in; of a Bundle, every resource inside it."""
        if body.get("resourceType") == "Bundle":
            for entry, url in self._entries(body, source):
                self.add(entry, source, url)
        elif one_line(body.get("resourceType")):
            self.entries.append(Entry(body, source, full_url))
        else:
            self.unread.append(Unread(source, "an object without resourceType"))

    def _entries(self, bundle: dict[str, Any], source: str) -> Iterator[tuple[dict[str, Any], str]]:
        if any(link.get("relation") == "next" for link in items(bundle.get("link"))):
            self.unread.append(Unread(source, "the Bundle is one page of several: the next pages are not in this file"))
        entries = bundle.get("entry")
        for number, entry in enumerate(entries if isinstance(entries, list) else [], start=1):
            body = entry.get("resource") if isinstance(entry, dict) else None
            if isinstance(entry, dict) and isinstance(body, dict):
                yield body, one_line(entry.get("fullUrl"))
            else:
                self.unread.append(Unread(source, f"entry {number} of the Bundle has no resource"))

    def find(self, reference: Any, holder: Entry | None = None) -> Entry | None:
        """The resource that a reference names: contained in `holder`, by `fullUrl`, or by type and id; else None."""
        text = one_line(reference.get("reference")) if isinstance(reference, dict) else one_line(reference)
        if text.startswith("#"):
            contained = items(holder.body.get("contained")) if holder else []
            body = next((body for body in contained if body.get("id") == text[1:]), None)
            return Entry(body, holder.source) if holder and body else None
        return self._by_url.get(text) or self._by_name.get(referred(text))

    @cached_property
    def _by_url(self) -> dict[str, Entry]:
        return {entry.full_url: entry for entry in self.entries if entry.full_url}

    @cached_property
    def _by_name(self) -> dict[str, Entry]:
        return {entry.name: entry for entry in self.entries}


def referred(reference: str) -> str:
    """ "Patient/123" of any form of reference to it; a bare or urn:uuid one is a Patient's (only asked for those)."""
    found = _REFERENCE.match(reference)
    return f"{found['kind']}/{found['id']}" if found else f"Patient/{reference.rsplit(':', 1)[-1]}"
