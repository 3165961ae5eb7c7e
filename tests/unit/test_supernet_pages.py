"""Pages of supernets: true sentences first, the numbers of the run, and one file that needs no other."""

import csv
import functools
import math
import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
import torch

from winnow.core import plain
from winnow.reports import save_figure
from winnow.sparsity import Mask
from winnow.storage import Metric, RunFolder, write_json, write_part, write_text
from winnow.supernet.compact import BenchRow, Percentiles, Saved, accounting, to_ticket
from winnow.supernet.figures import write_ablation_page, write_draw_page, write_transfer_page
from winnow.supernet.figures.comparison_findings import findings as comparison_findings
from winnow.supernet.figures.drawn_findings import Evidence, findings
from winnow.supernet.network import build, maskable
from winnow.supernet.recipe import SupernetRecipe
from winnow.supernet.space import costs_of, dense_architecture, space_named
from winnow.supernet.studies import Comparison, DrawResult, Measured, Problem
from winnow.supernet.studies.effects import effect_rows
from winnow.supernet.studies.table import Network, arm_rows, network_rows
from winnow.supernet.studies.verdicts import effect_verdicts, verdicts

RECIPE = SupernetRecipe(data="digits", steps=20, retrain_steps=10, search="threshold")
DATA = {
    "name": "digits", "task": "classification", "fingerprint": "ab" * 32, "size": [32, 32],
    "images": {"train": 8, "validation": 4, "test": 6}, "classes": [str(number) for number in range(10)],
}  # fmt: skip
EVENTS = [
    {"phase": "draw", "step": 10, "kind": "search", "changed": True, "macs_after": 5_000_000, "sparsity": 0.0},
    {"phase": "draw", "step": 10, "kind": "prune", "sparsity": 0.2, "hamming": 0.2, "returned": 0.0},
    {"phase": "draw", "step": 20, "kind": "prune", "sparsity": 0.5, "hamming": 0.3, "returned": 0.02},
]
WHOLE = dense_architecture(space_named("tiny"), "classification", 10, (32, 32))


@functools.cache
def searched():
    """A third of all units, none of one block; every second weight."""
    rows = zip(WHOLE.places, WHOLE.widths, strict=True)
    one = WHOLE.with_widths([(0,) * 3 if p.name == "s3_branch_1_0" else tuple(-(-n // 3) for n in w) for p, w in rows])
    network = build(one, 0).eval()
    mask = {
        name: torch.arange(weight.numel()).reshape(weight.shape) % 2 == 0 for name, weight in maskable(network).items()
    }
    return network, mask


@functools.cache
def counted():
    """Its layers."""
    network, mask = searched()
    return accounting(network.architecture, mask)


def row_of(name, network, value, steps=20):
    """The measurement of a network that reaches `value` on test images."""
    costs = counted().summary()
    return Measured(
        name, steps, network.architecture.units, costs["weights"], costs["kept"], 1 - costs["density"], costs["macs"],
        costs["sparse_macs"], round(costs["scaled_macs"]), {"accuracy": 0.4}, {"accuracy": value},
    )  # fmt: skip


def run_in(folder, test=(0.5, 0.6)):
    """A finished run whose networks reach `test`, drawn and retrained."""
    network, mask = searched()
    header = {"kind": "supernet", "recipe": plain(RECIPE), "data": DATA, "command": "winnow supernet draw tiny"}
    RunFolder.create(folder, run_id="0123456789abcdef", header=header)
    rows = [row_of("drawn", network, test[0]), row_of("retrained", network, test[1], 30)]
    tensors = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    for name, part in mask.items():
        tensors[name] *= part
    to_ticket(Saved(network.architecture, tensors, Mask(mask), {}), tensors).save_pretrained(
        folder / "ticket-retrained"
    )
    write_json(folder / "events.json", EVENTS)
    values = [
        Metric(0, "draw", 0, s, "validation", m, v) for s in (10, 20) for m, v in (("loss", 1.0), ("accuracy", 0.4))
    ]
    write_part(RunFolder(folder).metrics, "0-draw", values)
    costs = costs_of(WHOLE)
    return DrawResult(
        folder, "0123456789abcdef", "two-in-one", RECIPE, "accuracy", costs.parameters, costs.macs, tuple(rows)
    )


def problem():
    """Six test images of digits whose class a network would have to guess."""
    noise = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (6, 3, 32, 32), dtype=torch.uint8, generator=noise)
    split = SimpleNamespace(images=images, targets=torch.arange(6))
    data = SimpleNamespace(task="classification", classes=tuple("0123456789"), test=split, train=split)
    return SimpleNamespace(data=data, task=SimpleNamespace(predict=lambda _, images: torch.zeros(len(images)).long()))


@pytest.fixture(scope="module", autouse=True)
def few_rendered():
    """Only some figures are rendered: laying all of them out twice takes most of the time of a page."""

    def saved(figure, folder, name):
        if name in ("architecture", "arms"):
            return save_figure(figure, folder, name)
        paths = folder / f"{name}.png", folder / f"{name}.svg"
        for path in paths:
            write_text(path, '<svg viewBox="0 0 1 1"></svg>')
        return paths

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("winnow.reports.theme.PNG_DPI", 30)
        patch.setattr("winnow.reports.save_figure", saved)
        yield


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    folder = tmp_path_factory.mktemp("drawn")
    result = run_in(folder)
    bench = [BenchRow("dense supernet", 1, Percentiles(4.0, 5.0, 9)), BenchRow("compact", 1, Percentiles(2.0, 2.5, 9))]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("winnow.supernet.figures.drawn_page.trivial", lambda _: {"accuracy": 0.1})
        path = write_draw_page(result, problem=cast("Problem", problem()), bench=bench)
    return result, path.read_text(encoding="utf-8")


def headings(page):
    return re.findall(r"<h2[^>]*>([^<]*)", page)


def rows_of(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def self_contained(page):
    """Nothing is fetched and nothing runs."""
    assert "<script" not in page and "<link" not in page and "@import" not in page
    assert not re.findall(r'(?:src|href)="(?!#|data:)', page)
    assert not re.findall(r"url\((?!#)", page)


def test_the_page_of_a_run_tells_what_was_found_first_and_where_it_comes_from_last(drawn):
    _, page = drawn
    assert headings(page) == [
        "What was found", "The architecture", "Examples", "Where the weights are left", "How the mask moves",
        "Training", "Importances at the end", "How long it takes", "In numbers", "How to reproduce it", "Recipe",
        "Data", "Machine",
    ]  # fmt: skip
    assert "winnow supernet draw tiny" in page and "ab" * 32 in page
    assert "60.00% after retraining (validation 40.00%)" in page
    self_contained(page)


def test_every_figure_is_there_as_png_and_svg_with_its_table_and_words(drawn):
    result, page = drawn
    names = {"architecture", "examples", "layers", "movement", "curves", "importance", "latency"}
    files = {path.name for path in (result.folder / "figures").iterdir()}
    assert files == {f"{name}.{kind}" for name in names for kind in ("png", "svg")}
    assert all((result.folder / "tables" / f"{name}.csv").is_file() for name in names)
    assert page.count('role="img"') == len(names) and 'aria-hidden="true"' not in page


def test_the_tables_of_a_run_add_up_to_its_measurement(drawn):
    result, _ = drawn
    layers = rows_of(result.folder / "tables" / "layers_all.csv")
    last = result.last
    assert sum(int(row["sparse_macs"]) for row in layers) == last.sparse_macs
    assert round(sum(float(row["scaled_macs"]) for row in layers)) == last.scaled_macs
    assert sum(int(row["kept"]) for row in layers) == last.weights
    assert sum(int(row["units"]) for row in rows_of(result.folder / "tables" / "architecture.csv")) == last.units
    assert len(rows_of(result.folder / "tables" / "importance.csv")) == last.units
    assert [float(row["test"]) for row in rows_of(result.folder / "tables" / "measured.csv")] == [50, 60]


def evidence(test=(0.5, 0.6), events=EVENTS, blind=0.1, **changed):
    network, account = searched()[0], counted()
    names = ("drawn", "retrained")[: len(test)]
    rows = [row_of(name, network, value) for name, value in zip(names, test, strict=True)]
    costs = costs_of(WHOLE)
    result = DrawResult(
        Path(), "0", "two-in-one", replace(RECIPE, **changed), "accuracy", costs.parameters, costs.macs, tuple(rows)
    )
    return Evidence(result, network.architecture, account, events, {"accuracy": blind})


def test_findings_count_what_was_kept():
    one = evidence()
    said = findings(one)
    assert said[0].startswith(f"The network has {one.architecture.units:,} of the supernet's {WHOLE.units:,} units")
    assert "1 of 19 blocks have only a shortcut left; 80 of 80 tokens are left" in said[0]
    assert "1 of 1 search removed units." in said
    assert (
        "At a pruning after the first, on average, 2% of the weights that it keeps had been pruned by the one before."
        in said
    )
    assert not [sentence for sentence in said if sentence.startswith("Did not hold")]


def test_findings_say_what_did_not_hold():
    said = " ".join(findings(evidence((0.6, 0.5), sparsity=0.9)))
    assert "retraining made it worse, by 10.00 points" in said
    assert re.search(r"the mask hides (49|50)\.\d\d% of the maskable weights, and 90% were asked for", said)
    still = [{**event, "returned": 0.0} if "returned" in event else event for event in EVENTS]
    assert "no weight that was pruned came back" in " ".join(findings(evidence(events=still)))
    assert "no weight that was pruned" not in " ".join(findings(evidence(events=still, reactivation="none")))
    over = " ".join(findings(evidence(search="budget", budget=0.01)))
    assert "the MACs are above the budget of 1%" in over


def test_findings_of_nan_and_of_a_network_that_learned_nothing():
    said = " ".join(findings(evidence((math.nan,), blind=0.1)))
    assert "not a number as drawn" in said and "the test accuracy of drawn is not a number" in said
    assert "the network is not above it" in said
    assert "Nothing was searched or pruned" in " ".join(findings(evidence(events=())))


def network(arm, seed, value, row="drawn", sparsity=0.5, masked=0.5):
    cost = {"parameters": 1000, "weights": 500, "macs": 10_000, "sparse_macs": 4000, "scaled_macs": 5000}
    one = Measured(row, 30, 60, sparsity=masked, validation={"accuracy": value}, test={"accuracy": value}, **cost)
    return Network(arm, sparsity, seed, "accuracy", one)


def compared(folder, networks, kind="supernet-ablation", reference="two-in-one", failed=None):
    header = {"kind": kind, "recipe": plain(RECIPE), "command": f"winnow supernet {kind}"}
    RunFolder.create(folder, run_id="0" * 16, header=header)
    RunFolder.create(folder / "cells" / "a-s0", run_id="1" * 16, header={**header, "data": DATA})
    arms, effects = arm_rows(networks, reference), effect_rows(networks)
    told = [*verdicts(arms, reference), *effect_verdicts(effects)]
    return Comparison(folder, kind, reference, network_rows(networks), arms, effects, told, failed or {})


@pytest.fixture(scope="module")
def ablation(tmp_path_factory):
    """All eight settings on two seeds, the dense supernet, and a random mask whose one seed broke off."""
    settings = ("two-in-one", "no-progressive", "no-reactivation", "neither")
    networks = [
        network(arm, seed, 0.8 - 0.05 * place + 0.01 * seed + 0.02 * (row == "retrained"), row)
        for place, arm in enumerate(settings)
        for seed in (0, 1)
        for row in ("drawn", "retrained")
    ]
    networks += [
        network("dense", seed, 0.9 + 0.01 * seed, sparsity=at, masked=0.0) for seed in (0, 1) for at in (0.5, 0.9)
    ]
    networks += [network("random-matched", 0, math.nan), network("random-matched", 1, 0.7)]
    found = compared(tmp_path_factory.mktemp("ablation"), networks, failed={"neither-s2": "WN-T01: no number"})
    return found, write_ablation_page(found).read_text(encoding="utf-8")


def test_the_page_of_an_ablation_has_the_arms_the_costs_and_the_effects(ablation):
    found, page = ablation
    assert headings(page) == [
        "What was found", "Pipelines at equal compute", "What it costs, drawn", "What it costs, retrained",
        "What each part does", "What the arms are", "How to reproduce it", "Recipe", "Data", "Machine",
    ]  # fmt: skip
    assert all(verdict.split(":")[0] in page for verdict in found.verdicts)
    assert "neither-s2 failed: WN-T01" in page and "random-matched ended with a measure that is not a number" in page
    self_contained(page)


def test_the_tables_behind_the_figures_of_an_ablation_are_its_networks(ablation):
    found, _ = ablation
    arms = rows_of(found.folder / "tables" / "arms.csv")
    given = {(row["row"], row["sparsity"], row["arm"], row["seed"]): row["test"] for row in found.networks}
    read = {(*one["panel"].split(", sparsity "), one["arm"], one["seed"]): one["value"] for one in arms}
    assert len(arms) == len(given)
    for (row, sparsity, arm, seed), value in given.items():
        assert read[row, f"{sparsity:g}", arm, str(seed)] == ("" if value is None else repr(value))
    # A dense network stands at both sparsities of the study, and is one point of the trade-off.
    points = rows_of(found.folder / "tables" / "tradeoff_drawn.csv")
    assert sum(point["pipeline"] == "dense" for point in points) == 2


def test_findings_of_a_study_begin_with_the_reference_beside_dense(ablation):
    said = comparison_findings(ablation[0])
    assert said[0].startswith("At sparsity 0.5, drawn, two-in-one reaches a test accuracy of 80.50%")
    assert "100.0% and 100.0% of the dense supernet's, which reaches 90.50%" in said[0]
    assert any("With so few" in sentence for sentence in said)


def test_the_page_of_a_transfer(tmp_path):
    networks = [
        network(arm, seed, 0.5 + 0.01 * seed) for arm in ("direct", "architecture", "mask") for seed in range(3)
    ]
    found = compared(tmp_path, networks, "supernet-transfer", "direct")
    page = write_transfer_page(found, "winnow supernet transfer x").read_text(encoding="utf-8")
    assert "winnow supernet transfer x" in page and "architecture ties with direct" in page
    assert "its trunk and mask, fresh weights" in page
    self_contained(page)


def test_a_study_of_which_nothing_has_finished_has_a_page(tmp_path):
    found = compared(tmp_path, [], failed={"two-in-one-s0": "WN-T01"})
    page = write_ablation_page(found).read_text(encoding="utf-8")
    assert "No run of this study has finished." in page and "two-in-one-s0 failed" in page
    self_contained(page)
