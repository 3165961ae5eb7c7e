"""Made pairs: only the evidence tells the answer, and every label is told in its own way."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from winnow.core import WinnowError
from winnow.trials.tuning.made import Line, lines_of, make_pairs, read_lines

LINES = [
    Line("History of kettlepox", "kettlepox", "condition", "exclusion"),
    Line("Documented marrowgrip", "marrowgrip", "condition", "inclusion"),
    Line("Prior lintectomy", "lintectomy", "procedure", "exclusion"),
    Line("Treated with ostramine", "ostramine", "drug", "inclusion"),
    Line("Known QVZ syndrome", "QVZ", "condition", "exclusion"),
]


@given(st.integers(0, 10_000))
def test_a_stated_or_denied_fact_is_mentioned_once_and_half_of_the_unknown_are_not(seed: int) -> None:
    pairs = make_pairs(LINES, 60, seed)
    assert Counter(pair.label for pair in pairs) == {"yes": 20, "no": 20, "unknown": 20}
    mentions = {id(pair): pair.evidence.lower().count(pair.line.name.lower()) for pair in pairs}
    assert {mentions[id(pair)] for pair in pairs if pair.label != "unknown"} == {1}
    assert 0 < sum(mentions[id(pair)] for pair in pairs if pair.label == "unknown") < 20


def test_the_line_alone_tells_nothing() -> None:
    pairs = make_pairs(LINES, 3000, 0)
    for line in LINES:
        counts = Counter(pair.label for pair in pairs if pair.line == line)
        assert max(counts.values()) < 1.4 * min(counts.values())


def test_the_same_seed_makes_the_same_pairs() -> None:
    assert make_pairs(LINES, 30, 5) == make_pairs(LINES, 30, 5)
    assert make_pairs(LINES, 30, 5) != make_pairs(LINES, 30, 6)
    with pytest.raises(ValueError, match="four lines"):
        make_pairs(LINES[:3], 10)


def test_lines_are_those_with_one_name_and_no_negation() -> None:
    text = (
        "Inclusion Criteria:\n- Documented kettlepox\nExclusion Criteria:\n"
        "- No prior lintectomy\n- Takes ostramine\n- Gout or hives\n"
    )
    spans = [("Condition-Name", "kettlepox"), ("Negation", "No"), ("Procedure-Name", "lintectomy")]
    spans += [("Drug-Name", "ostramine"), ("Condition-Name", "Gout"), ("Condition-Name", "hives")]
    told = "".join(
        f"T{number}\t{kind} {text.index(name)} {text.index(name) + len(name)}\t{name}\n"
        for number, (kind, name) in enumerate(spans)
    )
    assert lines_of(text, told + "R1\tAny Arg1:T1\n") == [
        Line("Documented kettlepox", "kettlepox", "condition", "inclusion"),
        Line("Takes ostramine", "ostramine", "drug", "exclusion"),
    ]


def test_lines_are_read_from_a_table_and_what_is_none_has_a_code(tmp_path: Path) -> None:
    told = "T1\tDrug-Name 6 15\tostramine\n"
    pq.write_table(
        pa.table({"criteria": ["Takes ostramine", None], "annotations": [told, None]}), tmp_path / "a.parquet"
    )
    assert read_lines(tmp_path / "a.parquet") == [Line("Takes ostramine", "ostramine", "drug", "inclusion")]
    pq.write_table(pa.table({"criteria": ["Takes ostramine"]}), tmp_path / "b.parquet")
    (tmp_path / "c.parquet").write_text("no table")
    for name, code in (("b.parquet", "WN-D03"), ("c.parquet", "WN-D03"), ("d.parquet", "WN-D01")):
        with pytest.raises(WinnowError) as caught:
            read_lines(tmp_path / name)
        assert caught.value.code == code


def test_every_line_of_the_real_corpus_names_what_it_is_about(shared: Path) -> None:
    lines = read_lines(shared / "trials" / "annotated-criteria.parquet")
    assert len(lines) > 1500
    assert all(line.name in line.text for line in lines)
    assert {line.kind for line in lines} == {"inclusion", "exclusion"}
