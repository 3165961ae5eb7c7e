"""Which fields of a resource are put into words, which are none of the chart's business, and which are listed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from winnow.trials.patients.fhir.concepts import items, one_line
from winnow.trials.patients.fhir.pool import Entry
from winnow.trials.patients.patient import Unread


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Who, where, for which order and in which system: no criterion asks for it.
_ADMINISTRATIVE = _words(
    "resourceType id meta implicitRules language contained identifier subject patient encounter category performer "
    "recorder asserter informationSource requester recipient basedOn partOf instantiatesCanonical instantiatesUri "
    "context location issued priority groupIdentifier dispenseRequest substitution specimen device derivedFrom "
    "hasMember result resultsInterpreter media author authenticator custodian masterIdentifier securityLabel "
    "description usedReference usedCode focalDevice supportingInformation eventHistory request reported lastOccurrence "
    "name telecom address maritalStatus communication photo contact generalPractitioner managingOrganization link "
    "active multipleBirthBoolean multipleBirthInteger"
)
_COMMON = _words("status statusReason code note text modifierExtension extension reasonCode reasonReference")
_READ: dict[str, frozenset[str]] = {
    "Patient": _words("gender birthDate deceasedBoolean deceasedDateTime"),
    "Condition": _words(
        "clinicalStatus verificationStatus severity bodySite stage recordedDate onsetDateTime onsetPeriod onsetAge "
        "onsetRange onsetString abatementDateTime abatementPeriod abatementAge abatementRange abatementString "
        "abatementBoolean"
    ),
    "Observation": _words(
        "effectiveDateTime effectivePeriod effectiveInstant valueQuantity valueCodeableConcept valueString "
        "valueBoolean valueInteger valueRange valueRatio valueTime valueDateTime valuePeriod valueSampledData "
        "dataAbsentReason interpretation bodySite method referenceRange component focus"
    ),
    "MedicationStatement": _words("effectiveDateTime effectivePeriod dateAsserted dosage"),
    "MedicationRequest": _words("intent doNotPerform authoredOn dosageInstruction"),
    "MedicationAdministration": _words("effectiveDateTime effectivePeriod dosage"),
    "Procedure": _words(
        "performedDateTime performedPeriod performedString performedAge performedRange bodySite outcome"
    ),
    "AllergyIntolerance": _words(
        "clinicalStatus verificationStatus type criticality reaction recordedDate onsetDateTime onsetPeriod onsetAge "
        "onsetRange onsetString"
    ),
    "FamilyMemberHistory": _words("relationship date condition"),
    "DocumentReference": _words("docStatus type date content"),
    "DiagnosticReport": _words("effectiveDateTime effectivePeriod conclusion conclusionCode presentedForm"),
}
# They are read where another resource refers to them.
_SERVING = ("Medication", "Binary")
_MEDICATION = frozenset(("medicationCodeableConcept", "medicationReference"))
# mCODE and US Core extensions that say something a criterion may ask for.
READ_EXTENSIONS = {
    "mcode-histology-morphology-behavior": "histology",
    "mcode-laterality": "laterality",
    "mcode-laterality-qualifier": "laterality",
    "mcode-treatment-intent": "intent",
    "mcode-procedure-intent": "intent",
}


def extension_name(url: object) -> str:
    """The last part of an extension's address: "mcode-treatment-intent"."""
    return one_line(url).rsplit("/", 1)[-1]


def is_read(entry: Entry) -> bool:
    """Whether resources of this type are put into words."""
    return entry.kind in _READ


def overlooked(entries: Iterable[Entry]) -> list[Unread]:
    """What of these resources is not put into words, counted: whole types, and fields of the types that are read."""
    counts: Counter[tuple[str, str]] = Counter()
    for entry in entries:
        if is_read(entry):
            counts.update((entry.source, f"{entry.kind} {field}") for field in sorted(set(_fields_not_read(entry))))
        elif entry.kind not in _SERVING:
            counts[entry.source, f"type {entry.kind}"] += 1
    return [Unread(source, f"{what}: not read ({count})") for (source, what), count in counts.items()]


def _fields_not_read(entry: Entry) -> Iterable[str]:
    """The fields of a resource that say something and are not put into words; extensions by their name.

    Primitive fields' own extensions ("_birthDate") and the generated narrative are passed over, a narrative that is
    declared to say more than the fields is not (hl7.org/fhir/R4/narrative.html).
    """
    known = _ADMINISTRATIVE | _COMMON | _READ[entry.kind] | _MEDICATION
    yield from (key for key in entry.body if key not in known and not key.startswith("_"))
    for extension in items(entry.body.get("extension")):
        if extension_name(extension.get("url")) not in READ_EXTENSIONS:
            yield f"extension {extension_name(extension.get('url'))}"
    if any(text.get("status") == "additional" for text in items(entry.body.get("text"))):
        yield "narrative with additional content"
