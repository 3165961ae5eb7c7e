"""A criterion with its questions."""

from __future__ import annotations

from dataclasses import dataclass

from winnow.trials.composition.form import Form
from winnow.trials.composition.question import Question
from winnow.trials.criteria import Criterion


@dataclass(frozen=True)
class Composed:
    """What has to be asked to decide a criterion.

    Attributes:
        criterion: the criterion it came from.
        questions: distinct; `form` refers to them by position.
        form: true when what the criterion says holds of the patient. An inclusion criterion is met when it is true, an
            exclusion criterion when it is false.
        tier: 1 disease and histology, 2 stage, 3 biomarkers and prior therapy, 4 the rest.
        by: "grammar", "registry" or the language model's name.
        only_if: words of the population it applies to ("women of childbearing potential", a cohort); "" for everybody.
        remarks: what the grammar could not read, in words ("'whichever is longer' was left out").
    """

    criterion: Criterion
    questions: tuple[Question, ...]
    form: Form
    tier: int = 4
    by: str = "grammar"
    only_if: str = ""
    remarks: tuple[str, ...] = ()
