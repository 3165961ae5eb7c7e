"""One criterion put to one patient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from winnow.core import WinnowError
from winnow.trials.answering import Answer, Asked
from winnow.trials.answering.quotes import verify_quotes
from winnow.trials.composition import TierRules, compose, describe
from winnow.trials.criteria import Criterion
from winnow.trials.patients import Patient
from winnow.trials.retrieval import open_chart
from winnow.trials.scoring import Policy, Verdict, decide
from winnow.trials.screening.engines import EngineChoice, build_composer, build_engine, sentence_encoder_named


@dataclass(frozen=True)
class CriterionAnswer:
    """A criterion, its questions, their answers and the verdict.

    Attributes:
        questions: as asked.
        form: how the answers combine, for reading.
        answers: one a question.
        verdict: under the default policy.
    """

    questions: tuple[str, ...]
    form: str
    answers: tuple[Answer, ...]
    verdict: Verdict


def ask_criterion(
    text: str,
    patients: Sequence[Patient],
    patient_id: str = "",
    exclusion: bool = False,
    as_of: date | None = None,
    engine: EngineChoice | None = None,
    encoder: str = "auto",
) -> CriterionAnswer:
    """Compose a criterion and answer it from one patient's notes.

    Raises:
        WinnowError: WN-C01 for an empty criterion, WN-L03 when it is not clear which patient is meant.
    """
    if not text.strip():
        raise WinnowError("WN-C01", "the criterion is empty", fix="Write what has to hold: 'Age 18 or older'.")
    chart = open_chart(_one(patients, patient_id), as_of, encoder=sentence_encoder_named(encoder))
    kind = "exclusion" if exclusion else "inclusion"
    choice = engine or EngineChoice()
    criterion = Criterion("asked/01", "asked", kind, text.strip())
    composer = build_composer(choice, TierRules())
    composed = composer(criterion, ()) if composer else compose(criterion)
    asked = [Asked(question, kind, text, composed.only_if) for question in composed.questions]
    answers = [verify_quotes(a, chart) for a in build_engine(choice).answer(asked, chart)]
    verdict = decide(composed, {answer.question_id: answer for answer in answers}, Policy())
    questions = tuple(question.text for question in composed.questions)
    return CriterionAnswer(questions, describe(composed.form), tuple(answers), verdict)


def _one(patients: Sequence[Patient], patient_id: str) -> Patient:
    fitting = [patient for patient in patients if patient_id in ("", patient.patient_id)]
    if len(fitting) == 1:
        return fitting[0]
    names = ", ".join(patient.patient_id for patient in patients[:20])
    what = "no such patient" if not fitting else "there are several patients"
    raise WinnowError("WN-L03", what, where=patient_id or None, fix=f"Choose one with --patient: {names}.")
