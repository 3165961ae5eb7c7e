"""What FHIR holds and Winnow does not understand is listed, and one bad record stops nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from patient_cases import ADA, attached, bundle, coded, patient_of, reasons, resource, status, written
from winnow.trials.patients import read_patients

GOOD = resource("Condition", "good", code=coded("Asthma"), recordedDate="2020-01-01")
BODY = {"code": coded("Something"), "status": "final", "valueInteger": 1}


def listed(folder: Path, *bodies: Any) -> dict[str, str]:
    """The complaints about these resources; the good one beside them is always read."""
    patient = patient_of(folder, *bodies, GOOD)
    assert patient.note("Condition/good").text.startswith("Condition: Asthma")
    return reasons(patient)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (resource("Condition", code=coded("X"), verificationStatus=status("entered-in-error")), "entered in error"),
        (resource("Observation", **{**BODY, "status": "entered-in-error"}), "entered-in-error"),
        (resource("Observation", **{**BODY, "status": "cancelled"}), "cancelled"),
        (resource("Observation", code=coded("X"), status="final"), "no value"),
        (resource("Observation", code=coded("X"), hasMember=[{"reference": "Observation/y"}]), "only members"),
        (resource("Observation", valueInteger=1), "no code or text"),
        (resource("Observation", code=coded("X"), valueSampledData={"data": "1 2"}), "no value"),
        (resource("Condition"), "no code or text"),
        (resource("Procedure", status="completed"), "no code or text"),
        (resource("Procedure", status="entered-in-error", code=coded("X")), "entered in error"),
        (resource("MedicationStatement", medicationReference={"reference": "Medication/gone"}), "which medication"),
        (resource("DiagnosticReport", status="final", code=coded("X")), "neither a presented form nor a conclusion"),
        (resource("DiagnosticReport", status="cancelled", conclusion="X"), "cancelled"),
        (resource("DocumentReference", status="superseded", content=[attached("old")]), "superseded"),
        (resource("DocumentReference", status="current"), "no content"),
        (resource("DocumentReference", content=[attached(b"%PDF", "application/pdf")]), "application/pdf"),
        (resource("DocumentReference", content=[attached(b"\xff\xfa\x00")]), "not the text it says"),
        (
            resource("DocumentReference", content=[attached("x", "text/plain; charset=nonsense")]),
            "not the text it says",
        ),
        (resource("DocumentReference", content=[{"attachment": {"url": "https://a.example/1"}}]), "not fetched"),
        (resource("DocumentReference", content=[{"attachment": {"data": "a?b"}}]), "no base64"),
        (resource("DocumentReference", content=[attached("<p></p>", "text/html")]), "without words"),
        (resource("Observation", **BODY, modifierExtension=[{"url": "x", "valueBoolean": True}]), "modifierExtension"),
        ({**resource("Condition", code=coded("X")), "subject": {"reference": "Patient/eve"}}, "another subject"),
        ({**resource("Condition", code=coded("X")), "subject": {"reference": "Group/g"}}, "another subject"),
    ],
)
def test_a_record_that_is_not_read_is_listed(body: dict[str, Any], reason: str, tmp_path: Path) -> None:
    assert reason in listed(tmp_path, body)[f"{body['resourceType']}/r1"]
    (patient,) = read_patients(tmp_path / "bundle.json")
    assert {note.note_id for note in patient.notes} == {"Patient/ada", "Condition/good"}


def test_a_bad_date_is_listed_and_the_record_kept(tmp_path: Path) -> None:
    body = resource("Observation", **BODY, effectiveDateTime="2020-02-31")
    patient = patient_of(tmp_path, body, patient={**ADA, "birthDate": "yesterday"})
    assert patient.note("Observation/r1").day is None
    assert reasons(patient) == {
        "Observation/r1": "a date that cannot be read",
        "Patient/ada": "a birth date that cannot be read",
    }
    assert patient.born is None


@pytest.mark.parametrize("kind", ["Condition", "Observation", "Procedure", "MedicationStatement", "DocumentReference"])
@pytest.mark.parametrize("wrong", [None, 3, "text", [], [[1]], {"coding": "x"}, {"coding": [None, 4]}, [{"a": {}}]])
def test_a_malformed_record_stops_nothing(kind: str, wrong: Any, tmp_path: Path) -> None:
    fields = ("code", "status", "content", "component", "bodySite", "effectivePeriod", "onsetAge", "valueQuantity")
    body = resource(kind, **dict.fromkeys((*fields, "note", "stage", "extension", "context"), wrong))
    assert f"{kind}/r1" in listed(tmp_path, body)


def test_types_that_are_not_read_are_counted(tmp_path: Path) -> None:
    found = listed(tmp_path, *(resource("Encounter", str(number)) for number in range(3)), resource("Claim", "c"))
    patient = read_patients(tmp_path / "bundle.json")[0]
    assert {entry.reason for entry in patient.unread} == {
        "type Encounter: not read (3)",
        "type Claim: not read (1)",
    }
    assert set(found) == {"bundle.json"}


def test_a_resource_that_comes_twice_is_read_once(tmp_path: Path) -> None:
    patient = patient_of(tmp_path, GOOD, GOOD)
    assert len(patient.notes) == 2
    assert reasons(patient) == {"Condition/good": "the same resource twice: read once"}


def test_the_later_version_is_read(tmp_path: Path) -> None:
    new = {**GOOD, "code": coded("Severe asthma"), "meta": {"lastUpdated": "2021-01-01T00:00:00Z"}}
    old = {**GOOD, "meta": {"lastUpdated": "2020-01-01T00:00:00Z"}}
    for order in ((old, new), (new, old)):
        patient = patient_of(tmp_path, *order)
        assert patient.note("Condition/good").text.startswith("Condition: Severe asthma")
        assert "two versions" in reasons(patient)["Condition/good"]


def test_two_records_of_one_id_are_both_kept(tmp_path: Path) -> None:
    patient = patient_of(tmp_path, GOOD, {**GOOD, "code": coded("Eczema")})
    assert patient.note("Condition/good").text.startswith("Condition: Asthma")
    assert patient.note("Condition/good#2").text.startswith("Condition: Eczema")
    assert "Condition/good#2" in reasons(patient)["Condition/good"]


def test_records_without_an_id_are_all_read(tmp_path: Path) -> None:
    bodies = [{**resource("Condition", code=coded(name))} for name in ("Asthma", "Eczema")]
    for body in bodies:
        del body["id"]
    texts = {note.text for note in patient_of(tmp_path, *bodies).notes}
    assert {"Condition: Asthma.", "Condition: Eczema."} <= texts


def test_odd_parts_of_a_bundle_are_listed(tmp_path: Path) -> None:
    body = bundle(GOOD)
    body["entry"] += [{}, {"resource": None}, 7, {"resource": {"id": "x"}}]
    body["link"] = [{"relation": "next", "url": "https://a.example/page2"}]
    (patient,) = read_patients(written(tmp_path, body))
    told = [entry.reason for entry in patient.unread]
    assert len(patient.notes) == 2
    assert sum("has no resource" in reason for reason in told) == 3
    assert any("resourceType" in reason for reason in told)
    assert any("one page of several" in reason for reason in told)


def test_references_by_full_url_address_and_history_are_the_patient(tmp_path: Path) -> None:
    url = "urn:uuid:11111111-2222-3333-4444-555555555555"
    ways = [url, "https://a.example/fhir/Patient/ada", "Patient/ada/_history/3"]
    bodies = [
        {**resource("Condition", str(n), code=coded("X")), "subject": {"reference": w}} for n, w in enumerate(ways)
    ]
    body = bundle(*bodies)
    body["entry"][0]["fullUrl"] = url
    (patient,) = read_patients(written(tmp_path, body))
    assert patient.patient_id == "ada"
    assert patient.unread == ()
    assert len(patient.notes) == 4


def test_one_file_may_hold_many_patients(tmp_path: Path) -> None:
    ben = {**ADA, "id": "ben", "gender": "male"}
    of_ben = {**resource("Condition", "b", code=coded("Gout")), "subject": {"reference": "Patient/ben"}}
    of_eve = {**resource("Condition", "e", code=coded("Lupus")), "subject": {"reference": "Patient/eve"}}
    of_none = {"resourceType": "Condition", "id": "n", "code": coded("Nobody's")}
    lines = [ADA, of_ben, ben, GOOD, of_eve, of_none]
    path = tmp_path / "export.ndjson"
    path.write_text("\n".join(json.dumps(line) for line in lines) + "\nnot json\n")
    found = {patient.patient_id: patient for patient in read_patients(path)}
    assert list(found) == ["ada", "ben", "eve"]
    assert [note.note_id for note in found["ben"].notes] == ["Patient/ben", "Condition/b"]
    assert [note.note_id for note in found["eve"].notes] == ["Condition/e"]
    for patient in found.values():
        assert "does not say whose it is" in reasons(patient)["Condition/n"]
        assert reasons(patient)["export.ndjson"] == "line 7: no JSON object"


def test_a_bare_resource_is_a_patient_of_its_subject_or_file(tmp_path: Path) -> None:
    (patient,) = read_patients(written(tmp_path, GOOD))
    assert (patient.patient_id, len(patient.notes)) == ("ada", 1)
    (other,) = read_patients(written(tmp_path, {key: GOOD[key] for key in GOOD if key != "subject"}, "p7.json"))
    assert other.patient_id == "p7"


def test_complaints_hold_no_words_of_the_record(tmp_path: Path) -> None:
    secret = "zanzibar"
    bodies = [
        resource("Observation", "1", code=coded(secret), effectiveDateTime=secret),
        resource("DocumentReference", "2", content=[attached(secret, "application/pdf"), {"attachment": secret}]),
        resource("Condition", "3", code=secret, onsetDateTime=secret),
        {**resource("Condition", "4", code=coded(secret)), "subject": {"reference": "Patient/other"}},
        resource("Encounter", "5", reasonCode=[coded(secret)]),
    ]
    assert secret not in json.dumps(listed(tmp_path, *bodies))
