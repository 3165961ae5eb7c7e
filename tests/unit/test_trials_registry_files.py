"""Trials are read from every layout, and nothing is dropped without a word. All texts are synthetic."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from winnow.core import WinnowError
from winnow.trials.registry import Reading, Trial, read_age, read_trials

TEXT = "Inclusion Criteria:\n\n* Platelets \\>= 100\n\nExclusion Criteria:\n\n* Gout"


def study(nct_id: str | None = "NCT90000001", **eligibility: Any) -> dict[str, Any]:
    fields = {"eligibilityCriteria": TEXT, "sex": "ALL", "minimumAge": "18 Years", **eligibility}
    return {
        "protocolSection": {
            "identificationModule": {"nctId": nct_id, "briefTitle": "A made-up study"},
            "statusModule": {"overallStatus": "RECRUITING"},
            "conditionsModule": {"conditions": ["Gout"], "keywords": ["joints"]},
            "designModule": {"phases": ["PHASE2"]},
            "armsInterventionsModule": {"interventions": [{"type": "DRUG", "name": "Imaginumab"}]},
            "eligibilityModule": {name: value for name, value in fields.items() if value is not None},
        }
    }


def write(path: Path, held: Any) -> Path:
    path.write_text(held if isinstance(held, str) else json.dumps(held), encoding="utf-8")
    return path


def only(reading: Reading) -> Trial:
    assert len(reading.trials) == 1
    return reading.trials[0]


def refused(path: Path) -> WinnowError:
    with pytest.raises(WinnowError) as caught:
        read_trials(path)
    assert caught.value.code == "WN-L02"
    assert caught.value.where
    assert caught.value.fix
    return caught.value


def test_a_study_of_the_api_is_read_with_all_its_fields(tmp_path: Path) -> None:
    reading = read_trials(write(tmp_path / "one.json", study(maximumAge="6 Months", healthyVolunteers=False)))
    trial = only(reading)
    assert reading.unread == []
    assert (trial.trial_id, trial.title, trial.status) == ("NCT90000001", "A made-up study", "RECRUITING")
    assert (trial.conditions, trial.keywords, trial.phases) == (("Gout",), ("joints",), ("PHASE2",))
    assert (trial.interventions, trial.source) == (("Imaginumab",), "one.json")
    assert (trial.sex, trial.minimum_age, trial.maximum_age) == ("all", 18.0, 0.5)
    assert trial.healthy_volunteers is False
    assert trial.eligibility == TEXT.replace("\\", "")


def test_absent_bounds_and_sex_never_limit(tmp_path: Path) -> None:
    trial = only(read_trials(write(tmp_path / "one.json", study(sex=None, minimumAge=None))))
    assert (trial.minimum_age, trial.maximum_age, trial.sex) == (None, None, "all")
    assert trial.healthy_volunteers is None


def test_a_bound_that_is_not_understood_is_no_bound_and_is_said(tmp_path: Path) -> None:
    reading = read_trials(write(tmp_path / "one.json", study(minimumAge="Adult", sex="OTHERS")))
    trial = only(reading)
    assert (trial.minimum_age, trial.sex) == (None, "all")
    assert sorted(one.reason.split("'")[1] for one in reading.unread) == ["Adult", "others"]


@pytest.mark.parametrize(
    ("words", "years"),
    [("18 Years", 18), ("1 Year", 1), ("6 Months", 0.5), ("2 Weeks", 14 / 365.25), ("30 Days", 30 / 365.25)],
)
def test_ages_become_years(words: str, years: float) -> None:
    assert read_age(words) == pytest.approx(years, rel=1e-12)


@pytest.mark.parametrize("words", [None, "", "N/A", "None"])
def test_no_age_is_no_bound(words: str | None) -> None:
    assert read_age(words) is None


@pytest.mark.parametrize("words", ["-3 Years", "18 Parsecs", "Years", "1e400", "18 Years 6 Months"])
def test_words_that_are_no_age_are_refused(words: str) -> None:
    with pytest.raises(ValueError, match="not understood"):
        read_age(words)


@pytest.mark.parametrize("shape", ["list", "page", "lines", "folder"])
def test_several_studies_come_in_four_shapes(tmp_path: Path, shape: str) -> None:
    studies = [study("NCT90000001"), study("NCT90000002")]
    if shape == "list":
        path = write(tmp_path / "all.json", studies)
    elif shape == "page":
        path = write(tmp_path / "all.json", {"studies": studies, "nextPageToken": "x"})
    elif shape == "lines":
        path = write(tmp_path / "all.ndjson", "\n".join(map(json.dumps, studies)) + "\n\n")
    else:
        path = tmp_path / "inside"
        (path / "deep").mkdir(parents=True)
        write(path / "a.json", studies[0])
        write(path / "deep" / "b.json", studies[1])
        write(path / ".hidden.json", "{")
    reading = read_trials(path)
    assert [trial.trial_id for trial in reading.trials] == ["NCT90000001", "NCT90000002"]
    assert reading.unread == []


def test_what_is_left_out_is_listed(tmp_path: Path) -> None:
    held = [
        study("NCT90000001"),
        study(None),
        study("NCT90000003", eligibilityCriteria="  "),
        study("NCT90000001"),
        study("NCT90000001", eligibilityCriteria="other"),
        {"no": "study"},
        7,
    ]
    reading = read_trials(write(tmp_path / "all.json", held))
    assert only(reading).trial_id == "NCT90000001"
    assert [one.source for one in reading.unread] == [f"all.json[{at}]" for at in range(1, 7)]
    reasons = [one.reason for one in reading.unread]
    assert reasons[0] == "a study without an id"
    assert "NCT90000003 has no eligibility text" in reasons[1]
    assert "the same text" in reasons[2]
    assert "another text" in reasons[3]
    assert all("protocolSection" in reason for reason in reasons[4:])


def test_a_broken_line_or_file_among_others_is_listed(tmp_path: Path) -> None:
    write(tmp_path / "a.ndjson", json.dumps(study()) + "\n{cut\n")
    write(tmp_path / "b.json", "{cut")
    write(tmp_path / "c.docx", "x")
    reading = read_trials(tmp_path)
    assert only(reading).trial_id == "NCT90000001"
    assert [one.source for one in reading.unread] == ["a.ndjson:2", "b.json", "c.docx"]


ROW = {
    "nct_id": "NCT90000009",
    "brief_title": "A row",
    "phase": "Phase 1; Phase 2",
    "conditions": ["Gout", "Rash"],
    "interventions": ["Imaginumab"],
    "inclusion_criteria": "inclusion criteria: \n\n Gout for a year \n\n ",
    "exclusion_criteria": ": \n\n Pregnant",
    "brief_summary": "Synthetic.",
}


def table(path: Path, rows: list[dict[str, Any]]) -> Path:
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    elif path.suffix == ".jsonl":
        path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    else:
        with path.open("w", newline="", encoding="utf-8-sig") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    return path


@pytest.mark.parametrize("name", ["pool.parquet", "pool.jsonl", "pool.csv"])
def test_tables_of_the_pool_s_layout_give_the_same_trial(tmp_path: Path, name: str) -> None:
    reading = read_trials(table(tmp_path / name, [ROW, {**ROW, "nct_id": ""}]))
    trial = only(reading)
    assert " ".join(trial.eligibility.split()) == "Inclusion Criteria: Gout for a year Exclusion Criteria: Pregnant"
    assert (trial.phases, trial.conditions) == (("Phase 1", "Phase 2"), ("Gout", "Rash"))
    assert (trial.interventions, trial.summary, trial.minimum_age) == (("Imaginumab",), "Synthetic.", None)
    assert [one.reason for one in reading.unread] == ["a study without an id"]


def test_one_half_alone_gets_its_heading_only(tmp_path: Path) -> None:
    trial = only(read_trials(table(tmp_path / "p.csv", [{"nct_id": "X1", "exclusion_criteria": "Gout"}])))
    assert trial.eligibility == "Exclusion Criteria:\n\nGout"


def test_plain_text_takes_its_name_from_the_file(tmp_path: Path) -> None:
    trial = only(read_trials(write(tmp_path / "NCT90000004.txt", "\ufeffAge over 40\r\n")))
    assert (trial.trial_id, trial.eligibility) == ("NCT90000004", "Age over 40\r\n")


def test_what_cannot_be_read_at_all_is_refused(tmp_path: Path) -> None:
    assert "nothing is here" in refused(tmp_path / "none.json").what
    assert "empty" in refused(tmp_path).what
    assert "broken" in refused(write(tmp_path / "cut.json", "{")).what
    assert "column" in refused(table(tmp_path / "odd.csv", [{"a": 1}])).what
    assert "no trial could be read" in refused(write(tmp_path / "no.json", study(None))).what
    assert "not a kind" in refused(write(tmp_path / "x.docx", "x")).what
    latin = tmp_path / "latin.txt"
    latin.write_bytes(b"\xe9t\xe9")
    assert "broken" in refused(latin).what
    parquet = tmp_path / "bad.parquet"
    parquet.write_bytes(b"PAR1 nothing")
    assert "broken" in refused(parquet).what


def test_the_shared_pool_reads_whole(shared: Path) -> None:
    reading = read_trials(shared / "trials" / "trial-pool.parquet")
    assert (len(reading.trials), reading.unread) == (1191, [])
    one = only(read_trials(shared / "trials" / "fhir" / "ctgov_v2_NCT02513394.json"))
    assert (one.minimum_age, one.maximum_age, one.sex) == (18.0, None, "all")
