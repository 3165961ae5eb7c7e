"""Small fictional FHIR resources for tests; every name and number is invented."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

from winnow.trials.patients import Patient, read_patients

ADA: dict[str, Any] = {"resourceType": "Patient", "id": "ada", "gender": "female", "birthDate": "1965-01-01"}
SUBJECT = {"reference": "Patient/ada"}


def coded(text: str = "", code: str = "", display: str = "", system: str = "http://example.org") -> dict[str, Any]:
    """A CodeableConcept with what is given."""
    coding = {key: value for key, value in (("system", system), ("code", code), ("display", display)) if value}
    return {**({"text": text} if text else {}), **({"coding": [coding]} if code or display else {})}


def status(code: str) -> dict[str, Any]:
    return {"coding": [{"code": code}]}


def resource(kind: str, key: str = "r1", **fields: Any) -> dict[str, Any]:
    return {"resourceType": kind, "id": key, "subject": SUBJECT, **fields}


def bundle(*resources: Any, patient: dict[str, Any] | None = ADA) -> dict[str, Any]:
    """A collection Bundle of these resources, the patient first."""
    entries = [{"resource": body} for body in ((patient,) if patient else ()) + resources]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


def written(folder: Path, body: Any, name: str = "bundle.json") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(json.dumps(body))
    return folder / name


def patient_of(folder: Path, *resources: Any, patient: dict[str, Any] | None = ADA) -> Patient:
    """The one patient of a Bundle of these resources."""
    (found,) = read_patients(written(folder, bundle(*resources, patient=patient)))
    return found


def line_of(folder: Path, body: dict[str, Any]) -> str:
    """The one line that a resource is put into."""
    found = patient_of(folder, body)
    return found.note(f"{body['resourceType']}/{body['id']}").text


def reasons(patient: Patient) -> dict[str, str]:
    """What was not understood, by source."""
    return {entry.source: entry.reason for entry in patient.unread}


def attached(text: str | bytes, media: str = "text/plain", **fields: Any) -> dict[str, Any]:
    data = text if isinstance(text, bytes) else text.encode()
    return {"attachment": {"contentType": media, "data": base64.b64encode(data).decode(), **fields}}
