"""Run-on text: the National Cancer Institute's one-line style, sentences of prose and lists between semicolons."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

from winnow.trials.criteria.labels import labels_inside
from winnow.trials.criteria.nodes import Node
from winnow.trials.criteria.pieces import Piece
from winnow.trials.criteria.signs import SEMICOLON

# Words with which a new demand starts in the run-on style, which has no full stops between demands.
_STARTS = re.compile(
    r"(?<=[a-z0-9)%])\s+(?=(?:No|Not|Must|Able|Ability|At least|Prior|Previous|Concurrent|Measurable|Evaluable|"
    r"Histologically|Cytologically|Negative|Fertile|Recovered|See|Accessible|Adequate|More than|Less than|Absolute|"
    r"Platelets?|Hemoglobin|Bilirubin|Creatinine|WBC|SGOT|AST|Normal|Treatment|Willing|Patients?|Subjects?|Any|Unknown)\b)"
)
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z(])")
_ABBREVIATION = re.compile(r"(?:\b(?:e\.g|i\.e|vs|approx|no|dr|spp?|etc|incl|resp|fig|ca|[A-Z])\.)$", re.IGNORECASE)
# Sentences that go on about the one before are no demand of their own.
_GOES_ON = re.compile(
    r"(?:However|This|These|Those|If|In (?:this|these|such|the event|case)|Such|Note|NOTE|Except|Exceptions?|Unless|"
    r"Otherwise|It|They|For example|Examples?|Also|That|Then|Or|And|But|Please)\b"
)


def cut_labels(text: str, pieces: list[Piece]) -> list[Piece]:
    """The pieces with run-on lines of labels cut: each label a piece, each demand after it one."""
    found: list[Piece] = []
    for piece in pieces:
        labels = labels_inside(text[piece.start : piece.end])
        if len(labels) < 2:
            found.append(piece)
            continue
        found += [
            replace(piece, start=a, end=b) for a, b in _parts(text, piece.start, piece.start + labels[0][0], _STARTS)
        ]
        ends = [piece.start + start for start, _ in labels[1:]] + [piece.end]
        for (start, end), stop in zip(labels, ends, strict=True):
            label_end = piece.start + end
            found.append(replace(piece, start=piece.start + start, end=label_end))
            found += [replace(piece, start=a, end=b) for a, b in _parts(text, label_end, stop, _STARTS)]
    return found


def sentences(text: str, node: Node) -> list[Node]:
    """A paragraph of prose as one node a sentence; sentences that go on about the one before stay with it."""
    spans: list[tuple[int, int]] = []
    for start, end in _parts(text, node.start, node.end, _SENTENCE):
        broken = spans and _ABBREVIATION.search(text[spans[-1][0] : spans[-1][1]])
        if spans and (broken or _GOES_ON.match(text, start)):
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))
    return [node.piece(start, end) for start, end in spans]


def semicolon_items(text: str, node: Node) -> list[Node]:
    """ "a; b; c" as one node an item; only the node itself when it is not clearly a list."""
    spans = _outside_brackets(text, node.start, node.end)
    is_list = len(spans) >= 3 or (len(spans) == 2 and text[node.end - 1] in SEMICOLON)
    return [node.piece(start, end) for start, end in spans] if is_list else [node]


def open_list(text: str, node: Node) -> None:
    """Give a node "lead-in: a; b; c" its items as children."""
    own = node.own(text)
    colon = own.find(":")
    lead, rest = own[: colon + 1], own[colon + 1 :]
    if node.children or colon < 0 or not rest[:1].isspace() or lead.count("(") > lead.count(")"):
        return
    spans = _outside_brackets(text, node.start + colon + 1, node.end)
    if len(spans) >= 3 or (len(spans) == 2 and re.search(r"\bfollowing\b", lead)):
        node.children = [node.piece(start, end) for start, end in spans]
        for child in node.children:
            child.indent, child.style = node.indent + 1, ";"
        node.end = node.start + colon + 1


def _outside_brackets(text: str, start: int, end: int) -> list[tuple[int, int]]:
    depth, cuts = 0, []
    for at in range(start, end):
        depth += (text[at] in "([") - (text[at] in ")]" and depth > 0)
        if text[at] in SEMICOLON and depth == 0:
            cuts.append(at + 1)
    edges = [start, *cuts, end]
    spans = [_trimmed(text, a, b) for a, b in pairwise(edges)]
    return (
        [(a, b) for a, b in spans if any(c.isalnum() for c in text[a:b])] if _all_words(text, spans) else [(start, end)]
    )


def _all_words(text: str, spans: list[tuple[int, int]]) -> bool:
    """Whether every span but empty ones holds a word: nothing may be lost by cutting."""
    return all(a == b or any(c.isalnum() for c in text[a:b]) for a, b in spans)


def _parts(text: str, start: int, end: int, boundary: re.Pattern[str]) -> list[tuple[int, int]]:
    cuts = [match.end() for match in boundary.finditer(text, start, end)]
    edges = [start, *cuts, end]
    spans = [_trimmed(text, a, b) for a, b in pairwise(edges)]
    return [(a, b) for a, b in spans if b > a]


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    own = text[start:end]
    return start + len(own) - len(own.lstrip()), max(start + len(own.rstrip()), start + len(own) - len(own.lstrip()))
