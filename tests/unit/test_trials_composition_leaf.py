"""The comparison with hand-written logical forms: reading them, counting, and the table; all rows invented."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from winnow.core import WinnowError
from winnow.trials.evaluation.composition import evaluate_composition, half_of
from winnow.trials.evaluation.leaf_forms import detokenized, parse_form, read_leaf
from winnow.trials.evaluation.leaf_structure import Structure, leaf_structure


def row(kind: str, text: str, form: str) -> str:
    return f"'{kind}'\n\n'-  {text}'\n\n'-  tagged'\n\n{form}"


def structure(form: str) -> Structure:
    call = parse_form(form)
    assert call is not None
    return leaf_structure(call)


@pytest.mark.parametrize(
    ("form", "operators"),
    [
        ('cond("a")', {}),
        ('union(cond("a"), cond("b"))', {"OR": 1}),
        ('union(cond("a"), union(cond("b"), cond("c")))', {"OR": 1}),
        ('union(cond("a"), intersect(cond("b"), cond("c")))', {"OR": 1, "AND": 1}),
        ('neg(cond("a"))', {"NOT": 1}),
        ('neg(cond("a"), cond("b"))', {"NOT": 1, "OR": 1}),
        ('contraindication(drug("a"), drug("b"))', {"OR": 1}),
        ('cond("a").except(cond("b"))', {"AND": 1, "NOT": 1}),
        ('cond("a").mod("x").mod("y").equiv(cond("b"), cond("c"))', {}),
    ],
)
def test_operators(form: str, operators: dict[str, int]) -> None:
    assert structure(form).operators == operators


def test_numbers_and_windows_are_told_apart() -> None:
    found = structure(
        'intersect(age().num_filter(eq(op(BETWEEN), val("18"), val("65"), temporal_unit(YEAR))), '
        'cond("a").temporality(eq(op(LTEQ), val("six"), temporal_unit(MONTH))).temporality(eq(temporal_per(PAST))))'
    )
    assert found.comparisons == {("between", 18.0, 65.0)}
    assert found.units == {("between", 18.0, 65.0, "year")}
    assert found.windows == {183}
    assert found.states == {"ever"}


def test_a_row_is_read_as_a_person_writes_it() -> None:
    read = read_leaf("NCT1", "NCT1_1", row("EXC", "Asthma ( e . g .  mild )  < = 3 mg / dL", 'cond("Asthma")'))
    assert read is not None
    assert (read.kind, read.text) == ("exclusion", "Asthma (e.g. mild) <= 3 mg/dL")
    assert detokenized("WBC > 12, 000/mm ^ 3") == "WBC > 12,000/mm^3"


@pytest.mark.parametrize("form", ["", "cond(", "cond", '"a"'])
def test_a_broken_form_is_none(form: str) -> None:
    assert parse_form(form) is None


def corpus(folder: Path) -> Path:
    rows = [
        ("NCT1", row("INC", "Age ≥ 18 years", 'age().num_filter(eq(op(GTEQ), val("18"), temporal_unit(YEAR)))')),
        ("NCT2", row("EXC", "Asthma or gout", 'union(cond("Asthma"), cond("gout"))')),
        ("NCT3", row("INC", "No asthma", 'neg(cond("asthma"))')),
        ("NCT4", row("EXC", "Asthma", 'cond("Asthma")')),
        ("NCT5", "no form here"),
    ]
    names = ("nct_id", "criterion", "form")
    columns = zip(*((trial, f"{trial}_1", form) for trial, form in rows), strict=True)
    pq.write_table(pa.table(dict(zip(names, map(list, columns), strict=True))), folder / "forms.parquet")
    return folder / "forms.parquet"


def figures(path: Path, half: str) -> dict[tuple[str, str], float]:
    return {(str(r["method"]), str(r["figure"])): float(r["value"]) for r in evaluate_composition(path, half)}


def test_figures_of_a_corpus_that_can_be_counted_by_hand(tmp_path: Path) -> None:
    got = figures(corpus(tmp_path), "all")
    assert got["grammar", "exact structure"] == got["grammar", "parse rate"] == 1.0
    for figure in ("operator F1", "OR F1", "negation F1", "comparison F1", "comparison with unit F1"):
        assert got["grammar", figure] == 1.0
    # One of the four has no structure; none of the other three is found.
    assert got["no structure", "exact structure"] == 0.25
    assert got["no structure", "parse rate"] == got["no structure", "operator F1"] == 0.0
    assert got["numbers by one expression", "comparison F1"] == 1.0
    assert got["words as operators", "operator F1"] == 1.0


def test_the_halves_share_no_trial(tmp_path: Path) -> None:
    path = corpus(tmp_path)
    sizes = {half: evaluate_composition(path, half)[0]["trials"] for half in ("development", "test", "all")}
    assert int(sizes["development"]) + int(sizes["test"]) == sizes["all"] == 4
    assert {half_of(f"NCT{n}") for n in range(1, 5)} == {"development", "test"}


def test_the_interval_holds_the_value(tmp_path: Path) -> None:
    for one in evaluate_composition(corpus(tmp_path), "all"):
        assert float(one["low"]) <= float(one["value"]) <= float(one["high"])


def test_what_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.parquet").write_bytes(b"no")
    with pytest.raises(WinnowError, match="WN-D02"):
        evaluate_composition(tmp_path / "x.parquet")
    with pytest.raises(WinnowError, match="WN-C01"):
        evaluate_composition(corpus(tmp_path), "third")
