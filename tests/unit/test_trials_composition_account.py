"""No content word of a real criterion is lost."""

from __future__ import annotations

from pathlib import Path

from winnow.trials.composition import compose, truth
from winnow.trials.composition.account import content
from winnow.trials.criteria import split_criteria
from winnow.trials.registry import read_trials


def test_no_word_of_real_criteria_is_lost_and_few_are_left_to_remarks(shared: Path) -> None:
    trials = read_trials(shared / "trials" / "trial-pool.parquet").trials[:25]
    criteria = [(one, trial.conditions) for trial in trials for one in split_criteria(trial)]
    assert len(criteria) > 200
    unread = 0
    for criterion, conditions in criteria:
        composed = compose(criterion, conditions)
        said = [question.text for question in composed.questions] + [composed.only_if, *composed.remarks]
        known = set(content(" ".join(said))) | {"least", "condition", *(str(n) for n in range(2, 10))}
        assert [word for word in content(criterion.whole_text) if word not in known] == []
        assert truth(composed.form, [False] * len(composed.questions)) in (True, False)
        unread += any(remark.startswith("not read") for remark in composed.remarks)
    assert unread < 0.06 * len(criteria)
