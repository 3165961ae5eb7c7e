"""Conditions, allergies and family history in words: what is denied or suspected reads so."""

from __future__ import annotations

from winnow.trials.patients.fhir.concepts import code_of, items, joined, name, names, one_line
from winnow.trials.patients.fhir.lines import Line, fact, latest, sentence, timed
from winnow.trials.patients.fhir.record import NotReadError, Record
from winnow.trials.patients.fhir.values import quantity_words

_DOUBT = ("unconfirmed", "provisional", "differential")
_OVER = ("inactive", "resolved", "remission")


def condition(record: Record) -> Line:
    """A Condition. Refuted ones read as ruled out, unconfirmed ones as suspected, past ones as past."""
    body, clinical = record.body, code_of(record.body.get("clinicalStatus"))
    verified = code_of(body.get("verificationStatus"))
    if verified == "entered-in-error":
        raise NotReadError("entered in error: left out")
    onset, end = record.when("onset"), record.when("abatement")
    recorded = record.when("recorded")
    what, known = _what(record), latest(*(when.ended or when.known for when in (onset, recorded) if when))
    start = [*_traits(record), timed("onset", onset), timed("recorded", recorded)]
    if verified == "refuted":
        return Line(sentence("Condition ruled out", f"no {what}", ["verification status refuted", *start]), known)
    status = fact("clinical status", clinical)
    doubt = fact("verification status", verified if verified in _DOUBT else "")
    head = "Condition suspected, not confirmed" if doubt else "Condition"
    day = latest(known, end and (end.ended or end.known))
    past = _past(head, clinical, bool(end or body.get("abatementBoolean") is True))
    text = sentence(past, what, [status, doubt, *start, timed("abated", end), fact("note:", record.notes())])
    return Line(text, day, sentence(head, what, [doubt, *start]) if end else "", known)


def _what(record: Record) -> str:
    first, *others = names(record.body.get("code")) or [""]
    if not first:
        raise NotReadError("no code or text says what it is")
    return f"{first}, coded as {', '.join(others)}" if others else first


def _past(head: str, clinical: str, abated: bool) -> str:
    if head != "Condition" or not (abated or clinical in _OVER):
        return head
    return "Condition in remission" if clinical == "remission" else "Past condition, no longer active"


def _traits(record: Record) -> list[str]:
    """Severity, site, stage and what extensions add."""
    body = record.body
    stages = [joined(stage.get("summary")) for stage in items(body.get("stage"))]
    return [
        fact("severity", joined(body.get("severity"))),
        fact("body site", joined(body.get("bodySite"))),
        *record.extensions(),
        fact("staged as", ", ".join(dict.fromkeys(words for words in stages if words))),
    ]


def allergy(record: Record) -> Line:
    """An AllergyIntolerance."""
    body, verified = record.body, code_of(record.body.get("verificationStatus"))
    if verified == "entered-in-error":
        raise NotReadError("entered in error: left out")
    what = _what(record)
    recorded, onset = record.when("recorded"), record.when("onset")
    reactions = [joined(reaction.get("manifestation")) for reaction in items(body.get("reaction"))]
    facts = [
        fact("clinical status", code_of(body.get("clinicalStatus"))),
        fact("verification status", verified if verified and verified != "confirmed" else ""),
        fact("reaction", ", ".join(words for words in reactions if words)),
        fact("criticality", record.word("criticality")),
        timed("onset", onset),
        timed("recorded", recorded),
    ]
    head = "Intolerance" if record.word("type") == "intolerance" else "Allergy"
    known = latest(*(when.known for when in (onset, recorded) if when))
    if verified == "refuted":
        return Line(sentence(f"{head} ruled out", f"no {head.lower()} to {what}", facts), known)
    return Line(sentence(head, what, facts), known)


def family_history(record: Record) -> Line:
    """A FamilyMemberHistory: every line begins with "Family history", so that it is never read as the patient's own."""
    body = record.body
    status = record.word("status")
    if status == "entered-in-error":
        raise NotReadError("entered in error: left out")
    member = name(body.get("relationship")) or one_line(body.get("name") and "relative") or "relative"
    when = record.when("date", body)
    facts = ["status " + status if status in ("partial", "health-unknown") else "", timed("recorded", when)]
    told = [words for one in items(body.get("condition")) if (words := _member_condition(record, one))]
    what = f"had {'; '.join(told)}" if told else "no condition of this relative is recorded"
    return Line(
        sentence("Family history", f"{member} {what}" if told else f"{member}, {what}", facts), when and when.known
    )


def _member_condition(record: Record, body: dict[str, object]) -> str:
    what = name(body.get("code"))
    if not what:
        record.complaints.append("a condition of a relative has no code or text")
        return ""
    age = quantity_words(body.get("onsetAge"))
    onset = f"at the age of {age}" if age else (timed("onset", record.when("onset", body)))
    outcome = joined(body.get("outcome"))
    return ", ".join(part for part in (what, onset, fact("outcome", outcome)) if part)
