"""An audit: its cases, its files, how it resumes, its figures and its page."""

from __future__ import annotations

import dataclasses
import json
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.lines import Line2D

from attack_cases import KEY, signed_lenet
from winnow.core import WinnowError
from winnow.ownership.attacks import audit as auditing
from winnow.ownership.attacks.audit import Case, audit, planned
from winnow.ownership.attacks.figures import groups, survival_figure
from winnow.ownership.attacks.findings import findings, survival
from winnow.ownership.attacks.registry import ATTACKS
from winnow.ownership.attacks.report import write_report
from winnow.ownership.attacks.rows import rows_of
from winnow.ownership.attacks.target import Attack, Attacked, Target
from winnow.storage import read_json

pytestmark = pytest.mark.usefixtures("one_thread")
CLAIM = {"bits": 255, "code": "bch-255-131", "threshold_log2": -64.0}
STRENGTHS = {"prune-random": (0.1, 0.3), "disguise": (1,), "quantise": (8, 4), "grind": (2, 3)}


@pytest.fixture(scope="module")
def target() -> Target:
    return signed_lenet()


@pytest.fixture(scope="module")
def done(target: Target, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("audit") / "run"
    audit(target, folder, planned(tuple(STRENGTHS), strengths=STRENGTHS, seeds=(0, 1)))
    return folder


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """An attack that only counts how often it is carried out."""
    calls: list[float] = []

    def run(target: Target, strength: float, generator: Any) -> Attacked:
        calls.append(strength)
        if strength == 9:
            raise WinnowError("WN-O06", "nine is too strong")
        if strength == 10:
            raise KeyboardInterrupt
        return Attacked(target.tensors, target.mask)

    monkeypatch.setitem(ATTACKS, "count", Attack("count", "removing", "Counts.", "share of it", (0.1, 0.2), run))
    yield calls


def row(attack: str, strength: float, seed: int = 0, **values: Any) -> dict[str, Any]:
    made = {"ticket": "t", "attack": attack, "family": "removing", "unit": "share of it", "note": ""}
    figures = {"bits": 255, "errors": 0, "decoded": True, "tests": 4}
    worth = {"outcome": "match", "accuracy": 0.9, "accuracy_lost": 0.0}
    given = {**made, "strength": strength, "seed": seed, "log2_p": -200.0, **figures, **worth, **values}
    p = given["log2_p"]
    return {"log2_p_adjusted": None if p is None else p + 2, **given}


def heights(line: Line2D) -> list[float]:
    return np.asarray(line.get_ydata()).tolist()


def test_cases_begin_with_the_untouched_model_and_draw_where_there_are_draws() -> None:
    cases = planned(("prune-smallest", "prune-random"), strengths={"prune-random": (0.1,)}, seeds=(3, 4))
    assert cases[0] == Case("none", 0.0, 3)
    names = [case.name for case in cases]
    assert names[1:] == [f"prune-smallest-{s:g}-3" for s in ATTACKS["prune-smallest"].strengths] + [
        "prune-random-0.1-3",
        "prune-random-0.1-4",
    ]
    assert {case.attack for case in planned()} == set(ATTACKS)
    with pytest.raises(WinnowError, match="WN-O06"):
        planned(("guess",))


def test_every_case_has_a_file_and_a_row(done: Path) -> None:
    files = {file.stem for file in (done / "cases").iterdir()}
    assert len(files) == 1 + 2 * 2 + 1 * 2 + 2 + 2 * 2
    rows = rows_of(done)
    assert {f"{r['attack']}-{r['strength']:g}-{r['seed']}" for r in rows} == files
    assert [r["family"] for r in rows] == sorted(
        (r["family"] for r in rows), key=("baseline", "removing", "disguising", "accusing", "compressing").index
    )


def test_a_case_does_not_hang_on_the_cases_before_it(target: Target, done: Path, tmp_path: Path) -> None:
    (alone,) = audit(target, tmp_path / "one", [Case("prune-random", 0.3, 1)])
    before = read_json(done / "cases" / "prune-random-0.3-1.json")
    assert {**alone, "seconds": 0} == {**before, "seconds": 0}


def test_the_key_is_nowhere_in_the_folder(done: Path) -> None:
    for file in done.rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            assert KEY not in content and KEY.hex().encode() not in content


def test_running_again_does_only_what_is_missing(target: Target, tmp_path: Path, counted: list[float]) -> None:
    first = planned(("count",), strengths={"count": (0.1, 0.2)}, seeds=(0,))
    rows = audit(target, tmp_path / "run", first)
    assert counted == [0.1, 0.2]
    assert audit(target, tmp_path / "run", [*first, Case("count", 0.3, 0)])[:-1] == rows
    assert counted == [0.1, 0.2, 0.3]


def test_a_broken_off_audit_keeps_what_it_has(target: Target, tmp_path: Path, counted: list[float]) -> None:
    cases = [Case("count", 0.1, 0), Case("count", 10, 0), Case("count", 0.2, 0)]
    with pytest.raises(KeyboardInterrupt):
        audit(target, tmp_path / "run", cases)
    assert [r["strength"] for r in rows_of(tmp_path / "run")] == [0.1]
    audit(target, tmp_path / "run", [cases[0], cases[2]])
    assert counted == [0.1, 10, 0.2]


def test_an_attack_that_cannot_be_done_is_a_row(target: Target, tmp_path: Path, counted: list[float]) -> None:
    told: list[str] = []
    rows = audit(target, tmp_path / "run", [Case("count", 9, 0)], told=told.append)
    assert rows[0]["outcome"] == "not done" and "nine is too strong" in rows[0]["note"] and "log2_p" not in rows[0]
    assert told == ["1 of 1  count-9-0  not done"]
    assert "could not be done here" in findings(rows)[0]
    assert "nine is too strong" in write_report(tmp_path / "run").read_text(encoding="utf-8")


def test_other_mistakes_are_no_rows(target: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise WinnowError("WN-S01", "full")

    monkeypatch.setattr(auditing, "write_json", full)
    with pytest.raises(WinnowError, match="WN-S01"):
        audit(target, tmp_path / "run", [Case("none", 0, 0)])


def test_the_folder_of_another_model_is_refused(target: Target, done: Path) -> None:
    other = dataclasses.replace(target, budget=dataclasses.replace(target.budget, steps=41))
    with pytest.raises(WinnowError, match="WN-R03"):
        audit(other, done, [Case("none", 0, 0)])


def test_attacks_of_one_unit_share_a_figure(done: Path) -> None:
    assert list(groups(rows_of(done)).values()) == [["prune-random"], ["disguise"], ["grind"], ["quantise"]]


def test_curves_run_from_the_untouched_model_to_the_strongest() -> None:
    rows = [
        row("none", 0, family="baseline", unit="", log2_p=-255.0),
        *(
            row("cut", s, seed, log2_p=-255 + 100 * s + 10 * seed, accuracy=0.9 - s)
            for s in (0.5, 0.1)
            for seed in (0, 1)
        ),
    ]
    figure = survival_figure(rows, ["cut"], CLAIM)
    assert figure is not None
    evidence, worth = figure.axes
    line = next(own for own in evidence.lines if own.get_label() == "cut")
    assert heights(line) == [-253.0, -238.0, -198.0]
    assert [label.get_text() for label in worth.get_xticklabels()] == ["none", "10%", "50%"]
    marked = sorted(heights(own)[0] for own in evidence.lines if own is not line)
    # 18 bits of 255 can be mended, so what decodes for certain has a p of at most P(Bin(255, 1/2) <= 18).
    mended = math.log2(sum(math.comb(255, errors) for errors in range(19))) - 255 + 2
    assert marked == pytest.approx([mended, -64])
    percents = heights(next(own for own in worth.lines if own.get_label() == "cut"))
    assert percents == pytest.approx([90, 80, 40])
    band = np.asarray(evidence.collections[0].get_paths()[0].vertices)
    assert band[:, 1].min() == -253 and band[:, 1].max() == -193


def test_fewer_bits_stand_further_right() -> None:
    rows = [row("quantise", bits, unit="bits a weight") for bits in (4, 8)]
    figure = survival_figure(rows, ["quantise"], CLAIM)
    assert figure is not None
    assert [label.get_text() for label in figure.axes[-1].get_xticklabels()] == ["8", "4"]


def test_an_accusation_is_drawn_as_judged_and_as_claimed() -> None:
    accused = {"family": "accusing", "unit": "log2 of the tries", "accuracy": None, "accuracy_lost": None}
    rows = [row("grind", g, **accused, log2_p_adjusted=-1.0, claimed_log2_p=-1.0 - g) for g in (2, 4)]
    figure = survival_figure([row("none", 0, family="baseline", unit=""), *rows], ["grind"], CLAIM)
    assert figure is not None and len(figure.axes) == 1
    drawn = {str(line.get_label()): heights(line) for line in figure.axes[0].lines}
    assert drawn["grind"] == [-1, -1] and drawn["grind, as claimed"] == [-3, -5]


def test_accuracy_on_another_task_is_not_drawn() -> None:
    rows = [row("none", 0, family="baseline", unit=""), row("cut", 0.1), row("other", 0.1, accuracy_lost=None)]
    figure = survival_figure(rows, ["cut", "other"], CLAIM)
    assert figure is not None
    evidence, worth = ({line.get_label() for line in axes.lines} for axes in figure.axes)
    assert {"cut", "other"} <= evidence and "cut" in worth and "other" not in worth
    assert "no accuracy to compare" in findings(rows)[2]


def test_nothing_measured_is_no_figure() -> None:
    assert survival_figure([row("cut", 0.1, log2_p=None)], ["cut"], CLAIM) is None


def test_survival_counts_what_the_owner_has_to_fear() -> None:
    rows = [
        row("cut", 0.1),
        row("cut", 0.2, decoded=False, accuracy_lost=0.005),
        row("cut", 0.3, decoded=False, outcome="no match", accuracy_lost=0.009),
        row("cut", 0.4, decoded=False, outcome="no match", accuracy_lost=0.2),
    ]
    found = survival(rows, "cut")
    assert (found.cases, found.convicted, found.decoded, found.valuable, found.escaped) == (4, 2, 1, 3, 1)
    assert (found.to_match, found.to_decode) == (0.2, 0.1)
    told = findings(rows)[0]
    assert told == (
        "cut: of 4 cases 2 (all up to 20%) end in a match, 1 (all up to 10%) decode. "
        "Of 3 that stay within 1 point of the accuracy, 1 escape."
    )
    # One draw that fails at a strength ends the reach there, also when a stronger case holds again.
    again = [row("cut", 0.1), row("cut", 0.2, 0), row("cut", 0.2, 1, outcome="no match"), row("cut", 0.3)]
    assert survival(again, "cut").to_match == 0.1


def test_false_accusations_are_counted_together() -> None:
    accused = {"family": "accusing", "unit": "log2 of the tries", "outcome": "no match", "log2_p_adjusted": -3.5}
    rows = [row("grind", g, **accused) for g in (2, 4)]
    assert findings(rows) == [
        "Of 2 accusations of an innocent model none ends in a match; the lowest log2 of an adjusted p is -3.5."
    ]
    assert "1 END IN A MATCH" in findings([*rows, row("grind", 6, **{**accused, "outcome": "match"})])[0]


def test_the_page_has_every_row_every_figure_and_needs_nothing_else(done: Path) -> None:
    page = write_report(done)
    text = page.read_text(encoding="utf-8")
    assert page == done / "report.html"
    body = text[text.index("Every case") :]
    table = body[body.index("<tbody>") : body.index("</tbody>")]
    assert table.count("<tr>") == len(rows_of(done))
    for name in STRENGTHS:
        assert table.count(f">{name}<") == sum(r["attack"] == name for r in rows_of(done))
    assert text.count("<svg") == 4 and not re.search(r'(src|href)="(?!#)', text)
    assert {file.name for file in (done / "figures").glob("*.svg")} == {
        "01-removing.svg",
        "02-disguising.svg",
        "03-accusing.svg",
        "04-compressing.svg",
    }
    told = (done / "tables" / "cases.csv").read_text(encoding="utf-8").splitlines()
    assert len(told) == 1 + len(rows_of(done))


def test_a_folder_without_cases_has_no_page(target: Target, tmp_path: Path) -> None:
    audit(target, tmp_path / "run", [])
    with pytest.raises(WinnowError, match="WN-R05"):
        write_report(tmp_path / "run")
    with pytest.raises(WinnowError, match="WN-R05"):
        write_report(tmp_path)


def test_the_header_tells_model_and_budget(done: Path) -> None:
    header = json.loads((done / "recipe.json").read_text(encoding="utf-8"))
    assert header["kind"] == "ownership-audit" and header["recipe"]["bits"] == 255
    assert header["recipe"]["budget"] == {"steps": 40, "batch": 60, "learning_rate": 3e-3}
