"""No character of an eligibility text is lost, whatever the text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from winnow.trials.criteria import Criterion, account, split_criteria
from winnow.trials.registry import Trial, read_trials

ROLES = {"heading", "criterion", "bullet", "not a demand"}
# List marks, separators and markup: all that may stand between headings and criteria.
MARK = re.compile(r"[\W_]*(?:\d{1,2}(?:\.\d{1,2})*|[A-Za-z]|[ivxIVX]{1,5}|(?:[IE]|INC|EXC|IC|EC)[-. ]?\d{1,2})?[\W_]*")

words = st.sampled_from(
    re.findall(
        r"\S+",
        "gout Fever AND or (e.g. a; b) >= 18 years, not: None Stage I. 2. 3) a. ii) ~ * - \u2265 \u00b5g/L "
        "No Patients must the following: at least two of Age: Sex: Cohort A: Arm Part 2 only **bold** "
        "inclusion exclusion criteria Criteria: excluded if Note: OR \u70ce\u75c7 \u00e9t\u00e9 \U0001f9ec",
    )
)
lines = st.lists(words, max_size=9).map(" ".join)
headings = st.sampled_from(
    [
        "Inclusion Criteria:",
        "EXCLUSION CRITERIA",
        "### Key exclusion criteria",
        "Patients are excluded if",
        "DISEASE CHARACTERISTICS: Gout PATIENT CHARACTERISTICS: Age: 18 Sex: Not specified",
        "Cohort A:",
        "One of the following:",
        "Inclusion Criteria: 1. Gout 2. Fever 3. Hives",
        "OR",
    ]
)
marks = st.sampled_from(
    ["", "* ", "- ", "\u2022 ", "1. ", "2) ", "(a) ", "b. ", "ii. ", "\\* ", "** ", "\u2013", "1- ", "E-3. "]
)
rows = st.tuples(st.sampled_from(["", " ", "  ", "\t", "      "]), marks, st.one_of(lines, headings)).map("".join)
breaks = st.sampled_from(["\n", "\n\n", "\r\n", "~", "\u2028", "\x0b", " \n \n"])
texts = st.one_of(
    st.text(max_size=200),
    st.lists(st.tuples(rows, breaks).map("".join), max_size=14).map("".join),
)


def walk(criteria: tuple[Criterion, ...]) -> Iterator[Criterion]:
    for one in criteria:
        yield one
        yield from walk(one.children)


def check(trial: Trial) -> tuple[Criterion, ...]:
    text, criteria = trial.eligibility, split_criteria(trial)
    every = list(walk(criteria))
    assert len({one.criterion_id for one in every}) == len(every)
    own = [one for one in every if one.start >= 0]
    assert all(text[one.start : one.end] == one.text == one.text.strip() != "" for one in own)
    for kind in ("inclusion", "exclusion"):
        spans = [(one.start, one.end) for one in own if one.kind == kind]
        assert all(before[1] <= after[0] for before, after in pairwise(spans))
    check_account(trial, sorted((one.start, one.end) for one in own))
    return criteria


def check_account(trial: Trial, criteria: list[tuple[int, int]]) -> None:
    text, at = trial.eligibility, 0
    spans = account(trial)
    assert [(start, end) for start, end, role in spans if role == "criterion"] == criteria
    for start, end, role in spans:
        assert at <= start < end
        assert not text[at:start].strip()
        assert role in ROLES
        assert role != "bullet" or MARK.fullmatch(text[start:end]), text[start:end]
        at = end
    assert not text[at:].strip()


@settings(max_examples=250, deadline=None)
@given(texts)
def test_nothing_is_lost_from_any_text(text: str) -> None:
    check(Trial("T1", "synthetic", text, minimum_age=18.0, sex="male"))


@settings(max_examples=100, deadline=None)
@given(st.lists(lines.filter(lambda line: any(c.isalpha() for c in line)), min_size=1, max_size=6))
def test_every_word_stays_in_its_order(items: list[str]) -> None:
    text = "Inclusion Criteria:\n\n" + "\n".join(f"* {item}" for item in items)
    told = " ".join(text[start:end] for start, end, _ in account(Trial("T1", "", text)))
    assert told.split() == text.split() or "".join(told.split()) == "".join(text.split())


def test_nothing_is_lost_from_the_pool(shared: Path) -> None:
    trials = read_trials(shared / "trials" / "trial-pool.parquet").trials
    # Every third: the whole pool passes too and takes half a minute.
    for trial in trials[::3]:
        assert any(one.start >= 0 for one in check(trial)), trial.trial_id
