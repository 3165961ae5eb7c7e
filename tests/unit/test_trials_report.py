"""The worklist's page and sheets: nothing of a note runs, quotes are exact slices, no formula reaches a sheet."""

from __future__ import annotations

import base64
import csv
import hashlib
import html
import io
import json
import re
from pathlib import Path

import pytest

from winnow.trials.report import render_worklist, write_sheets, write_worklist
from winnow.trials.report.files import file_name
from worklist_case import TEXT, document


def test_the_page_allows_one_script_by_its_hash_and_escapes_the_rest() -> None:
    page = render_worklist(document())
    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    assert len(scripts) == 1
    allowed = base64.b64encode(hashlib.sha256(scripts[0].encode()).digest()).decode()
    assert f"script-src 'sha256-{allowed}'" in page
    assert 'alert("x")' not in page.replace(json.dumps('alert("x")')[1:-1], "")
    assert "<b>so</b>" not in page
    assert "A &lt;trial&gt;" in page


def test_the_data_in_the_page_is_the_notes_letter_by_letter() -> None:
    page = render_worklist(document())
    data = re.search(r'<script type="application/json" id="worklist">(.*?)</script>', page, re.DOTALL)
    assert data is not None
    assert json.loads(data[1])["notes"][0]["text"] == TEXT
    shown = re.search(r'<pre data-text="n1">(.*?)</pre>', page, re.DOTALL)
    assert shown is not None
    assert html.unescape(shown[1]) == TEXT


def test_every_report_states_what_it_is_for() -> None:
    page = html.unescape(render_worklist(document()))
    for words in (
        "Research use",
        "not a medical device",
        "Decision support for trained staff",
        "excluded automatically",
    ):
        assert words in page


def test_an_age_of_zero_is_shown() -> None:
    assert "age 0" in render_worklist(document())


def test_sheets_hold_no_formula_and_the_files_are_for_their_owner(tmp_path: Path) -> None:
    folder = tmp_path / "worklists"
    page = write_worklist(document(), folder)
    trials, criteria = write_sheets([document()], folder)
    row = next(csv.DictReader(io.StringIO(criteria.read_text())))
    assert row["text"] == "'=HYPERLINK(melanoma)"
    assert (row["quote"], row["start"]) == ("Has melanoma", str(TEXT.index("Has")))
    assert next(csv.DictReader(io.StringIO(trials.read_text())))["met"] == "1"
    for path in (page, page.with_suffix(".json"), trials, criteria):
        assert path.stat().st_mode & 0o077 == 0
    saved = json.loads(page.with_suffix(".json").read_text())
    quote = saved["trials"][0]["criteria"][0]["answers"][0]["quotes"][0]
    assert saved["notes"][0]["text"][quote["start"] : quote["end"]] == quote["text"]


@pytest.mark.parametrize("patient", ["../../etc/passwd", "a/b", "", ".hidden", "x" * 200, "con\0"])
def test_a_patient_id_names_no_place_outside(patient: str) -> None:
    name = file_name(patient)
    assert re.fullmatch(r"[A-Za-z0-9_-]+", name)
    assert file_name(patient) != file_name(patient + "b")
