"""`winnow trials ask`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from winnow.cli.options import AsJson
from winnow.cli.output import print_facts, print_json
from winnow.cli.trials.options import EngineFlags, day_of
from winnow.core import plain

if TYPE_CHECKING:
    from winnow.trials.screening import CriterionAnswer


def ask(
    criterion: Annotated[str, Parameter(help="A criterion in plain words: 'Age 18 to 75 and ECOG 0-1'.")],
    *,
    patients: Annotated[Path, Parameter(help="Where the patient's notes are.")],
    patient: Annotated[str, Parameter(help="Which patient, when there are several.")] = "",
    exclusion: Annotated[bool, Parameter(help="Read it as an exclusion criterion.", negative=())] = False,
    as_of: Annotated[str, Parameter(help="YYYY-MM-DD; later notes are not used.")] = "",
    engine: EngineFlags = EngineFlags(),  # noqa: B008 - frozen
    json: AsJson = False,
) -> None:
    """Put one criterion to one patient: its questions, the answers, and the words they rest on."""
    from winnow.trials.patients import read_patients
    from winnow.trials.screening import ask_criterion

    found = ask_criterion(
        criterion, read_patients(patients), patient, exclusion, day_of(as_of), engine.choice(), engine.encoder
    )
    print_json(plain(found)) if json else _print(found)


def _print(found: CriterionAnswer) -> None:
    print(f"{found.verdict.kind}: {found.verdict.outcome} ({found.verdict.reason}), form {found.form}")
    for question, answer in zip(found.questions, found.answers, strict=True):
        print(f"\n{question}")
        print_facts({"answer": answer.value, "status": answer.status, "by": answer.by, "why": answer.reasoning})
        for quote in answer.quotes:
            print(f"  {quote.note_id} [{quote.start}:{quote.end}] {quote.text!r}")
