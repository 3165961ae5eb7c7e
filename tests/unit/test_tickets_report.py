"""The page of a run, from what is in its folder."""

import csv
import subprocess
import sys

import numpy as np
import pytest

from winnow.core import WinnowError
from winnow.storage import Metric, RunFolder, write_part
from winnow.tickets.report import write_report

RUN_ID = "ab12" * 16
HEADER = {"recipe": {"levels": 2, "note": "<b>"}}


@pytest.fixture
def run(tmp_path):
    return RunFolder.create(tmp_path / f"lenet-mnist-{RUN_ID[:12]}", run_id=RUN_ID, header=HEADER)


def finish(run, level, branch="ticket", replicates=2, accuracy=0.9):
    rows = []
    for replicate in range(replicates):
        rows.append(Metric(replicate, branch, level, 0, "mask", "density", 0.8**level))
        rows.append(Metric(replicate, branch, level, 0, "mask", "density/fc.weight", 0.8**level))
        for step in (0, 100, 200):
            for split in ("train", "validation", "test"):
                rows.append(Metric(replicate, branch, level, step, split, "loss", 1 - step / 1000))
                rows.append(Metric(replicate, branch, level, step, split, "accuracy", accuracy * step / 200))
    write_part(run.metrics, f"{branch}-{level}", rows)


def test_a_finished_run_gets_its_page_figures_and_tables(run):
    finish(run, 0)
    finish(run, 1, accuracy=0.91)
    finish(run, 1, "reinit", accuracy=0.85)
    path = write_report(run)
    html = path.read_text()
    assert path == run.report
    assert "A winning ticket was found with 80% of the weights remaining" in html
    assert "lenet-mnist: lottery tickets" in html and "winnow tickets find lenet-mnist" in html
    assert "2 replicates" in html and RUN_ID in html and "&lt;b&gt;" in html
    assert "http://" not in html and "https://" not in html
    names = {file.stem for file in (run.path / "figures").iterdir()}
    assert names == {"early_stop", "test_accuracy", "end_accuracy", "learning_curves", "layer_density"}
    assert len(list((run.path / "figures").glob("*.png"))) == len(list((run.path / "figures").glob("*.svg"))) == 5
    assert html.count("<figure>") == html.count("<figcaption>") == 5
    with (run.path / "tables" / "summary.csv").open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert [(row["branch"], row["level"]) for row in rows] == [("ticket", "0"), ("ticket", "1"), ("reinit", "1")]
    assert float(rows[2]["test_accuracy_percent_mean"]) == pytest.approx(85)


def test_only_the_dense_network_makes_a_page_too(run):
    finish(run, 0, replicates=1)
    html = write_report(run).read_text()
    assert "Only the dense network has finished" in html
    assert "One replicate: no bars." in html
    assert "1 finished level" in html


def test_the_first_layers_mask_and_the_command_are_shown_when_given(tmp_path):
    run = RunFolder.create(tmp_path / "run", run_id=RUN_ID, header={**HEADER, "command": "winnow x --y"})
    finish(run, 0)
    mask = np.ones((20, 64), dtype=bool)
    html = write_report(run, first_layer=(mask, (1, 8, 8))).read_text()
    assert (run.path / "figures" / "first_layer_mask.png").is_file()
    assert "images of 8 x 8 pixels" in html and "winnow x --y" in html


def test_writing_again_gives_the_same_bytes(run):
    finish(run, 0)
    first = write_report(run).read_bytes()
    assert write_report(run).read_bytes() == first


def test_a_run_with_nothing_finished_has_no_report(run):
    with pytest.raises(WinnowError, match="WN-R05"):
        write_report(run)
    write_part(run.metrics, "trunk", [Metric(0, "trunk", 0, 0, "test", "accuracy", 0.1)])
    with pytest.raises(WinnowError, match="WN-R05"):
        write_report(run)
    assert not run.report.exists()


def test_no_run_is_told_as_such(tmp_path):
    with pytest.raises(WinnowError, match="WN-R05"):
        write_report(RunFolder(tmp_path))


def test_the_report_needs_no_torch():
    code = "import sys, winnow.tickets.report; print('torch' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "False"
