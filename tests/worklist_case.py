"""A small invented worklist for tests of the report; the note tries to break out of the page."""

from __future__ import annotations

from typing import Any

from winnow.trials.report import NOTICE

TEXT = 'Synthetic note. 🙂 Has melanoma </script><script>alert("x")</script> & more. =2+2'


def document(**changes: Any) -> dict[str, Any]:
    start = TEXT.index("Has")
    quote = {"note": "n1", "start": start, "end": start + 12, "text": TEXT[start : start + 12]}
    answer = {
        "question_id": "q1",
        "question": "Does the patient have melanoma?",
        "value": "yes",
        "status": "answered",
        "probability": 1.0,
        "quotes": [quote],
        "reasoning": "The note says <b>so</b>.",
        "by": "assertion",
        "flags": ["conflict"],
    }
    criterion = {
        "id": "NCT1/i01", "kind": "inclusion", "tier": 1, "text": "=HYPERLINK(melanoma)", "headings": ["A"],
        "cohort": None, "only_if": "", "form": "1", "composed_by": "grammar", "remarks": [], "outcome": "met",
        "reason": "answered", "assumed": False, "probability": 1.0, "answers": [answer],
    }  # fmt: skip
    tiers = [
        {"tier": t, "total": int(t == 1), "met": int(t == 1), "assumed": 0, "not_met": 0, "open": 0}
        for t in (1, 2, 3, 4)
    ]
    trial = {
        "id": "NCT1", "place": 1, "title": "A <trial>", "status": "RECRUITING", "phases": ["PHASE2"],
        "conditions": ["melanoma"], "interventions": [], "summary": "no conflict found",
        "scores": {"weighted": 1.0, "iterative": 1.0, "counting": 1.0}, "tiers": tiers, "criteria": [criterion],
    }  # fmt: skip
    made = {
        "format": 1, "notice": NOTICE, "winnow": "0", "engine": "baseline",
        "settings": {"ranked_by": "weighted", "policy": {}, "top": None},
        "patient": {
            "id": "P/1", "sex": "female", "born": None, "age": 0, "as_of": "2024-01-02", "left_out": [],
            "not_understood": [], "instructions": [{"note": "n1", "start": 0, "end": 5}],
        },
        "notes": [{"id": "n1", "day": "2024-01-01", "kind": "clinical", "source": "n1.txt", "text": TEXT}],
        "trials": [trial], "not_assessed": [], "ask_next": [], "effort": {"questions": 1, "distinct_questions": 1},
    }  # fmt: skip
    return {**made, **changes}
