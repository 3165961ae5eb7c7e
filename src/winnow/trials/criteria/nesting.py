"""Blocks of demands made into trees: by indentation and marks, or by what a lead-in announces."""

from __future__ import annotations

import re

from winnow.trials.criteria.layout import Block
from winnow.trials.criteria.leads import ends_with_or, named_count, opens
from winnow.trials.criteria.nodes import Node
from winnow.trials.criteria.remarks import with_remarks
from winnow.trials.criteria.runon import open_list, semicolon_items, sentences
from winnow.trials.criteria.sections import leads_exclusions
from winnow.trials.criteria.titles import EXCLUSION

_ALTERNATIVE_END = re.compile(r"(?:[,;]\s*(?:or|and/or)|\bOR|\bAND/OR)\s*$")
_GOES_ON = re.compile(r"(?:[,;]|\b(?:and|or|AND|OR|and/or))\s*$")
# How a demand of its own usually starts; an item below a lead-in seldom does.
_FRESH = re.compile(
    r"(?:patients?|subjects?|participants?|women|men|females?|males?|written|signed|informed|provi\w+|ability|able|willing\w*|"
    r"aged?|ecog|eastern|karnofsky|who|performance|life|adequate|histolog\w+|cytolog\w+|measurable|must|history|known|"
    r"pregnan\w+|negative|has|have|is|any|prior|previous\w*|concurrent|active|uncontrolled|other|agree\w*|recovery|no|not)\b",
    re.IGNORECASE,
)
_LAB_LEAD = re.compile(
    r"\b(?:organ|marrow|renal|hepatic|liver|kidney|h[a]?ematolog\w*|laborator\w+|lab|blood|coagulation)\b",
    re.IGNORECASE,
)
_LAB_ITEM = re.compile(
    r"[<>≤≥=]|\b(?:ULN|normal|count|platelets?|h[a]?emoglobin|neutrophils?|ANC|creatinine|bilirubin|AST|ALT|albumin|INR|"
    r"clearance|transaminase|phosphatase|LVEF|function|marrow)\b",
)
_MOST = 12


def grow(text: str, block: Block) -> list[Node]:
    """The top-level nodes of a block, with everything else below them."""
    nodes = block.nodes
    if len(nodes) == 1 and not nodes[0].style:
        nodes = _prose(text, nodes[0])
    roots = with_remarks(text, _absorb(text, _by_depth(text, nodes)))
    roots = _alternatives(text, roots, block.joined)
    for node in walk(roots):
        open_list(text, node)
    for root in roots:
        if root.children and leads_exclusions(root.own(text)):
            for node in walk([root]):
                node.kind = EXCLUSION
    return roots


def walk(nodes: list[Node]) -> list[Node]:
    """All nodes, parents before children, in the order of the text."""
    return [one for node in nodes for one in [node, *walk(node.children)]]


def _prose(text: str, node: Node) -> list[Node]:
    """A lone paragraph as its sentences, or as the items of its list."""
    items = semicolon_items(text, node)
    return items if len(items) > 1 else sentences(text, node)


def _by_depth(text: str, nodes: list[Node]) -> list[Node]:
    roots: list[Node] = []
    stack: list[Node] = []
    for node in nodes:
        _pop_to_parent(text, stack, node)
        (stack[-1].children if stack else roots).append(node)
        stack.append(node)
    if len(roots) == 1 and len(roots[0].children) > 1 and roots[0].own(text).endswith((".", ";")):
        # One full sentence above everything else leads to nothing: its indentation is a slip.
        roots, roots[0].children = [roots[0], *roots[0].children], []
    return roots


def _pop_to_parent(text: str, stack: list[Node], node: Node) -> None:
    """Leave on the stack only the nodes that `node` stands below."""
    while stack and not _below(text, stack, node):
        stack.pop()


def _below(text: str, stack: list[Node], node: Node) -> bool:
    """Whether a node stands below the last one of the stack."""
    top = stack[-1]
    known = any(one.indent == node.indent and one.style == node.style for one in stack)
    if node.indent > top.indent:
        return bool(node.style) or bool(top.style) or opens(top.own(text))
    if node.indent < top.indent or node.style == top.style or known:
        return False
    own = top.own(text)
    titled = not top.style and len(own.split()) <= 8 and not own.endswith((".", ";", ","))
    starts_list = bool(top.style) and re.fullmatch(r"\W*[1aiAI]\W+", node.style) is not None
    return bool(node.style) and (opens(own) or titled or (starts_list and top.style[-1:] != node.style[-1:]))


def _absorb(text: str, siblings: list[Node]) -> list[Node]:
    """Siblings with those that a lead-in before them announces put below it, as flat texts write lists."""
    kept: list[Node] = []
    at = 0
    while at < len(siblings):
        node = siblings[at]
        at += 1
        kept.append(node)
        if node.children:
            node.children = _absorb(text, node.children)
        elif opens(node.own(text)):
            taken = _extent(text, node, siblings[at:])
            node.children = _absorb(text, siblings[at : at + taken])
            at += taken
    return kept


def _extent(text: str, lead: Node, following: list[Node]) -> int:
    """How many of the siblings after a flat lead-in belong to it."""
    words = [node.own(text) for node in following[:_MOST]]
    for at, node in enumerate(following[: len(words)]):
        if node.style != following[0].style or (at and opens(words[at])):
            words = words[:at]
            break
    if not words:
        return 0
    stated = named_count(lead.own(text))
    if stated is not None:
        return min(stated, len(words))
    if _GOES_ON.search(words[0]):
        return next((at + 1 for at, word in enumerate(words) if not _GOES_ON.search(word)), len(words))
    return _while(words, _likeness(lead.own(text), words))


def _likeness(lead: str, words: list[str]) -> re.Pattern[str]:
    """What the items below a lead-in have in common with the first of them."""
    first = words[0]
    if _LAB_LEAD.search(lead) and _LAB_ITEM.search(first):
        return _LAB_ITEM
    if first[:1].islower():
        return re.compile(r"[a-z]")
    shared = _opening_word(lead, words)
    if shared or _FRESH.match(first):
        return re.compile(rf".{{0,40}}\b{re.escape(shared or first.split()[0])}", re.IGNORECASE)
    return re.compile(rf"(?!{_FRESH.pattern})", re.IGNORECASE)


def _opening_word(lead: str, words: list[str]) -> str:
    """A word of the lead-in with which the first two items also open; "" when there is none."""
    said = {word.lower() for word in re.findall(r"[^\W\d_]{5,}", lead)}
    opening = [[word.lower() for word in re.findall(r"[^\W\d_]+", item)[:4]] for item in words[:2]]
    return next((word for word in opening[0] if len(opening) > 1 and word in opening[1] and word in said), "")


def _while(words: list[str], pattern: re.Pattern[str]) -> int:
    match = pattern.search if pattern is _LAB_ITEM else pattern.match
    return next((at for at, word in enumerate(words) if not match(word)), len(words))


def _alternatives(text: str, siblings: list[Node], joined: set[int]) -> list[Node]:
    """Inclusion criteria of which one ends in "OR" made one with the next: neither is a demand alone."""
    kept: list[Node] = []
    for node in siblings:
        before = kept[-1] if kept else None
        if before is not None and before.kind != EXCLUSION and not before.children and not node.children:
            between = any(before.end <= at <= node.start for at in joined)
            if between or (_ALTERNATIVE_END.search(before.own(text)) and ends_with_or(before.own(text))):
                before.end = node.end
                continue
        kept.append(node)
    return kept
