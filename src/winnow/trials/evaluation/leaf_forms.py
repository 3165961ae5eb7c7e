"""The logical forms of the Leaf Clinical Trials corpus (Dobbins et al., Scientific Data 2022), read.

A form is a call with arguments and chained calls: `cond("x").num_filter(eq(op(LTEQ), val("6")))`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_TOKEN = re.compile(r"\s*(?:(?P<string>\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*')|(?P<name>[\w/%-]+)|(?P<mark>[().,]))")
_PARTS = re.compile(
    r"\s*'(?P<kind>INC|EXC)'\s*\n+(?P<text>'.*?')\s*\n\s*\n(?P<tagged>'.*?')\s*\n(?P<form>.*)$", re.DOTALL
)


@dataclass
class Call:
    """`name(arguments).chained(...)`; an argument is a call or a string (a constant such as `PAST` too)."""

    name: str
    arguments: list[Call | str] = field(default_factory=list)
    chained: list[Call] = field(default_factory=list)

    @property
    def calls(self) -> list[Call]:
        """The arguments that are calls."""
        return [one for one in self.arguments if isinstance(one, Call)]


@dataclass(frozen=True)
class LeafCriterion:
    """One row of the corpus: kind "inclusion" or "exclusion", the words as a person writes them, and the form."""

    trial_id: str
    criterion_id: str
    kind: str
    text: str
    form: Call


def read_leaf(trial_id: str, criterion_id: str, form: str) -> LeafCriterion | None:
    """A row of `logical-forms.parquet`; None when it holds no form that can be read (the corpus has a few)."""
    parts = _PARTS.match(form)
    if parts is None:
        return None
    read = parse_form(parts["form"])
    if read is None:
        return None
    kind = "inclusion" if parts["kind"] == "INC" else "exclusion"
    return LeafCriterion(trial_id, criterion_id, kind, detokenized(_unquoted(parts["text"])), read)


def detokenized(text: str) -> str:
    """The corpus' words without the spaces its tokenizer put around punctuation ("e . g .", "non - small")."""
    text = re.sub(r"^\s*(?:-|\d+\s*\.|[a-z]\s*[.)])\s+", "", text.strip())
    text = re.sub(r"\be\s+\.\s+g\s+\.", "e.g.", text)
    text = re.sub(r"\bi\s+\.\s+e\s+\.", "i.e.", text)
    text = re.sub(r"\s+([,.;:)\]%])", r"\1", text)
    text = re.sub(r"([(\[])\s+", r"\1", text)
    text = re.sub(r"(?<=\w)\s+([-/])\s+(?=\w)", r"\1", text)
    text = re.sub(r"([<>])\s+=", r"\1=", text)
    text = re.sub(r"(\d),\s+(\d{3})(?!\d)", r"\1,\2", text)
    text = re.sub(r"\s*\^\s*(?=\d)", "^", text)
    return re.sub(r"\s+", " ", text).strip()


def parse_form(text: str) -> Call | None:
    """The form; None when it is empty or broken. A stray closing parenthesis between two calls is forgiven: the calls
    are then arguments of the one before."""
    tokens = [match[0].strip() for match in _TOKEN.finditer(text)]
    if not tokens:
        return None
    try:
        call, place = _call(tokens, 0)
        while place < len(tokens):
            if tokens[place] in (")", ","):
                place += 1
                continue
            more, place = _call(tokens, place)
            call.arguments.append(more)
    except (IndexError, ValueError):
        return None
    return call


def _call(tokens: list[str], place: int) -> tuple[Call, int]:
    """A call with what is chained to it, and where it ends."""
    call, place = _head(tokens, place)
    while place < len(tokens) - 1 and tokens[place] == ".":
        after, place = _head(tokens, place + 1)
        call.chained.append(after)
    return call, place


def _head(tokens: list[str], place: int) -> tuple[Call, int]:
    """`name(arguments)`; ValueError when it is no call, IndexError when it does not end."""
    call = Call(tokens[place])
    if tokens[place + 1] != "(":
        raise ValueError(call.name)
    place += 2
    while tokens[place] != ")":
        if tokens[place] == ",":
            place += 1
        elif tokens[place + 1] == "(":
            argument, place = _call(tokens, place)
            call.arguments.append(argument)
        else:
            call.arguments.append(_unquoted(tokens[place]))
            place += 1
    return call, place + 1


def _unquoted(text: str) -> str:
    text = text.strip()
    if text[:1] in "\"'" and text[-1:] == text[:1]:
        text = text[1:-1]
    return text.replace("\\'", "'").replace('\\"', '"')
