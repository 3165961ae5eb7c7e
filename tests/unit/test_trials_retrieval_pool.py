"""A pool searched for a patient: ranked by topic, cut by nothing but an explicit contradiction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from numpy.typing import NDArray

from winnow.trials.patients import Note, Patient
from winnow.trials.registry import Trial
from winnow.trials.retrieval import open_chart, open_pool
from winnow.trials.retrieval.pool import contradicts
from winnow.trials.retrieval.query import patient_query

ELIGIBILITY = "Inclusion Criteria:\n- Measurable disease\nExclusion Criteria:\n- Prior breast cancer"
TRIALS = (
    Trial("lung", "Tablets in lung cancer", ELIGIBILITY, ("Non-small Cell Lung Cancer",)),
    Trial("breast", "Infusions in breast cancer", "Inclusion Criteria:\n- HER2 positive", ("Breast Cancer",)),
    Trial("brain", "Radiation of the brain", ELIGIBILITY, ("Brain Metastases",)),
)
TEXT = "A woman with HER2-positive breast cancer. She has no measurable lesion in the lung."


class Letters:
    """Vectors by whether a text speaks of the breast."""

    name = "letters"

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.array(
            [[1, 0] if "Infusions" in text or "woman" in text else [0.6, 0.8] for text in texts], np.float32
        )


def found(pool_trials: Sequence[Trial], text: str, k: int = 9) -> list[str]:
    return [own.trial.trial_id for own in open_pool(pool_trials).search(text, k)]


def test_the_trial_of_the_patients_disease_comes_first_and_none_is_lost() -> None:
    assert found(TRIALS, TEXT)[0] == "breast"
    assert set(found(TRIALS, TEXT)) == {"lung", "breast", "brain"}
    assert found(TRIALS, TEXT, k=1) == ["breast"]
    assert found((), TEXT) == []
    assert len(found(TRIALS, "")) == 3


def test_the_ranks_that_were_fused_are_told() -> None:
    best = open_pool(TRIALS, Letters()).search(TEXT, 3)[0]
    assert best.trial.trial_id == "breast"
    assert best.ranks.keys() == {"words", "meaning"}
    assert best.ranks["meaning"] == 1
    assert best.score == pytest.approx(sum(1 / (20 + rank) for rank in best.ranks.values()))
    assert set(open_pool(TRIALS).search(TEXT)[0].ranks) == {"words"}


def test_what_is_said_of_relatives_is_not_searched() -> None:
    query = patient_query("She has gout.\n\n# Family History\nLung cancer, lung cancer.\n\n# Plan\nGout gout gout.")
    assert query.words == {"gout": pytest.approx(1 + np.log(4))}
    assert query.passages == ("She has gout.", "Gout gout gout.")


@pytest.mark.parametrize(
    ("bounds", "sex", "age", "expected"),
    [
        ({}, None, None, False),
        ({}, "male", 99.0, False),
        ({"sex": "female"}, "male", None, True),
        ({"sex": "female"}, "female", None, False),
        ({"sex": "female"}, "other", None, False),
        ({"sex": "female"}, None, None, False),
        ({"minimum_age": 18.0}, None, 17.9, True),
        ({"minimum_age": 18.0}, None, 18.0, False),
        ({"minimum_age": 18.0}, None, None, False),
        ({"maximum_age": 65.0}, None, 65.9, False),
        ({"maximum_age": 65.0}, None, 66.0, True),
        ({"minimum_age": 0.5}, None, 0.4, True),
        ({"minimum_age": 0.5}, None, 0.6, False),
        ({"minimum_age": 0.5}, None, 58.0, False),
    ],
)
def test_only_what_both_sides_state_can_contradict(
    bounds: dict[str, float], sex: str | None, age: float | None, expected: bool
) -> None:
    assert contradicts(replace(TRIALS[0], **bounds), sex, age) is expected  # pyright: ignore[reportArgumentType]


def test_a_contradicted_trial_is_left_out_of_the_search() -> None:
    only_men = [replace(TRIALS[1], sex="male"), *TRIALS[:1], replace(TRIALS[2], minimum_age=70.0)]
    note = Note("n", TEXT, date(2021, 3, 1))
    known = Patient("p", (note,), born=date(1960, 3, 2), sex="female")
    pool = open_pool(only_men)
    assert [own.trial.trial_id for own in pool.search(open_chart(known))] == ["lung"]
    assert len(pool.search(open_chart(replace(known, born=None, sex=None)))) == 3
