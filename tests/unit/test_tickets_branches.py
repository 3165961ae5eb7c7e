"""Controls of every kind in the summary, the sentences, the page and its figures."""

from __future__ import annotations

from pathlib import Path

import pytest

from winnow.reports import Details, Points, Spread, theme
from winnow.storage import Metric, write_part
from winnow.tickets import figures
from winnow.tickets.findings import findings
from winnow.tickets.legend import count, legend
from winnow.tickets.recipe import CONTROLS
from winnow.tickets.summary import BRANCHES, LevelSummary, summarise


def point(branch: str = "ticket", level: int = 0, *, accuracy: tuple[float, ...] = (0.97,)) -> LevelSummary:
    stop, test = Spread.of([1000.0] * len(accuracy)), Spread.of(accuracy)
    return LevelSummary(branch, level, 100 * 0.8**level, len(accuracy), stop, test, test, test, test, 3000)


def test_controls_come_in_one_order_noise_by_its_strength_and_the_trunk_stays_out(tmp_path: Path) -> None:
    branches = ["zeta", "noise-10", "trunk", "noise-0.5", "noise-2", *reversed(BRANCHES)]
    rows = []
    for branch in branches:
        place = (0, branch, 1, 0)
        rows += [Metric(*place, "mask", "density", 0.5), Metric(*place, "validation", "loss", 1.0)]
        rows.append(Metric(*place, "test", "accuracy", 0.5))
    write_part(tmp_path, "a", rows)
    order = [level.branch for level in summarise(tmp_path)]
    assert order == [*BRANCHES, "noise-0.5", "noise-2", "noise-10", "zeta"]


def test_draws_are_replicates_of_the_control_with_its_own_density(tmp_path: Path) -> None:
    rows = []
    for branch, count_, density in (("ticket", 2, 0.5), ("shuffled", 6, 0.4)):
        for replicate in range(count_):
            place = (replicate, branch, 1, 0)
            rows += [Metric(*place, "mask", "density", density), Metric(*place, "validation", "loss", 1.0)]
            rows.append(Metric(*place, "test", "accuracy", 0.5 + 0.01 * replicate))
    write_part(tmp_path, "a", rows)
    ticket, shuffled = summarise(tmp_path)
    assert (ticket.replicates, shuffled.replicates) == (2, 6)
    assert (round(ticket.density_percent), round(shuffled.density_percent)) == (50, 40)
    assert shuffled.test_accuracy.maximum == pytest.approx(0.55)
    assert count([ticket, shuffled]) == "2 replicates, 6 of every control"


def test_every_control_of_the_recipe_is_known_to_summary_page_and_sentences() -> None:
    summary = [point(), point(level=1), *(point(control, 1, accuracy=(0.9,)) for control in CONTROLS)]
    assert set(CONTROLS) <= set(BRANCHES)
    assert len(findings(summary)) == 1 + len(CONTROLS)
    (points,) = legend(summary).blocks
    assert isinstance(points, Points) and len(points.items) == 1 + len(CONTROLS) + 2
    assert len({theme.series_style(control).colour for control in ("ticket", *CONTROLS)}) == 1 + len(CONTROLS)


def test_each_other_control_has_a_sentence_after_the_three() -> None:
    summary = [point(), point(level=1, accuracy=(0.98,)), point("shuffled", 1, accuracy=(0.985,))]
    said = findings(summary)
    assert len(said) == 4
    assert "the ticket's start weights under its mask shuffled" in said[3]
    assert "98.50% (the ticket is 0.50 percentage points behind)" in said[3]


def test_noise_of_all_strengths_is_one_sentence() -> None:
    noisy = [point("noise-0.5", 1, accuracy=(0.96,)), point("noise-3", 1, accuracy=(0.94,))]
    said = findings([point(), point(level=1, accuracy=(0.97,)), *noisy])
    assert "noise of 0.5 and 3 deviations" in said[-1] and "reaches 96.00% and 94.00% test accuracy" in said[-1]
    assert said[-1].endswith("and without noise 97.00%, in one replicate.")


def test_a_run_pruned_at_the_start_is_told_as_one() -> None:
    summary = [point(), point(level=1, accuracy=(0.98,))]
    said = findings(summary, {"rounds": "at-start", "score": "snip"})[0]
    assert said.startswith("With masks chosen on the untrained network (score snip), a winning ticket was found")
    lost = findings([point(), point(level=1, accuracy=(0.9,))], {"rounds": "at-start", "score": "grasp"})[0]
    assert "(score grasp), no winning ticket was found" in lost
    moving = findings(summary, {"rounds": "at-start", "during": "rigl"})[0]
    assert moving.startswith("With masks that change while a level trains (rigl), a winning ticket")
    assert findings(summary, {"rounds": "iterative"})[0].startswith("A winning ticket was found")


def test_the_legend_of_a_page_holds_what_the_run_has_and_no_more() -> None:
    found = legend([point(), point("signs", 1), point("noise-1", 1)])
    assert isinstance(found, Details)
    (points,) = found.blocks
    assert isinstance(points, Points)
    assert [item.partition(":")[0] for item in points.items[:3]] == ["Ticket", "Signs", "Noise-X"]


def test_a_figure_of_all_controls_draws_each_in_its_own_style() -> None:
    names = ["ticket", *BRANCHES[1:], "noise-0.5", "noise-1", "noise-3"]
    summary = [point()] + [point(name, level) for name in names for level in (1, 2)]
    axes = figures.accuracy_figure(summary).axes[0]
    lines = [line for line in axes.lines if str(line.get_label()) in names]
    assert len(lines) == len(names)
    looks = {(line.get_color(), str(line.get_marker()), line.get_linestyle()) for line in lines}
    assert len(looks) == len(names)
