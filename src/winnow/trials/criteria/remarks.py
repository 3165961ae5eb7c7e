"""Notes and exceptions: lines that go on about the criterion before them and are none themselves."""

from __future__ import annotations

import re

from winnow.trials.criteria.nodes import Node
from winnow.trials.criteria.titles import EXCLUSION

_NOTE = re.compile(
    r"[*(\[]*(?:note\b|n\.?b\.|exceptions?\b(?!\s+of)|except for\b|the exceptions?\b|for the purposes? of this\b)",
    re.IGNORECASE,
)
# In an exclusion section a line that lets patients in takes back part of the line before it.
_LETS_IN = re.compile(
    r"\b(?:may|can|will|should) (?:still )?(?:be )?(?:participate|eligible|enroll(?:ed)?|included|allowed|permitted|"
    r"considered)\b"
    r"|\b(?:is|are) (?:also |still )?(?:eligible|allowed|permitted|acceptable|not excluded)\b|\bwill not be excluded\b",
    re.IGNORECASE,
)
_KEEPS_OUT = re.compile(r"\b(?:not|no|unless|only if|except|excluded|ineligible)\b(?! (?:be )?excluded)", re.IGNORECASE)


def with_remarks(text: str, siblings: list[Node]) -> list[Node]:
    """Siblings with each remark, and what stands below it, made part of the criterion before it."""
    kept: list[Node] = []
    for node in siblings:
        if kept and _is_remark(text, node):
            _last_leaf(kept[-1]).end = node.last_end
            continue
        node.children = with_remarks(text, node.children)
        kept.append(node)
    return kept


def _is_remark(text: str, node: Node) -> bool:
    own = node.own(text)
    if _NOTE.match(own):
        return True
    first = re.split(r"(?<=[.;])\s", re.sub(r"\([^)]*\)", "", own))[0]
    return node.kind == EXCLUSION and bool(_LETS_IN.search(first)) and not _KEEPS_OUT.search(first)


def _last_leaf(node: Node) -> Node:
    return _last_leaf(node.children[-1]) if node.children else node
