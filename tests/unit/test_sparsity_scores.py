"""Scores on examples that fit on a napkin."""

import pytest
import torch

from winnow.core import WinnowError
from winnow.sparsity import PROBING, SCORES, Evidence, Mask, Pool, prune, score_named

START = {"w": torch.tensor([[1.0, -2.0], [0.5, -0.25]])}
TRAINED = {"w": torch.tensor([[-1.5, -1.0], [0.5, 0.75]])}


@pytest.mark.parametrize(
    ("name", "expected", "goes_first"),
    [
        ("magnitude", [[1.5, 1.0], [0.5, 0.75]], (1, 0)),
        ("magnitude-at-start", [[1.0, 2.0], [0.5, 0.25]], (1, 1)),
        ("magnitude-increase", [[0.5, -1.0], [0.0, 0.5]], (0, 1)),
        ("movement", [[2.5, 1.0], [0.0, 1.0]], (1, 0)),
    ],
)
def test_the_score_and_the_weight_that_it_gives_up_first(
    name: str, expected: list[list[float]], goes_first: tuple[int, int]
) -> None:
    scores = score_named(name)(Evidence(START, TRAINED))
    assert scores["w"].tolist() == expected
    mask = prune(scores, Mask.ones(START), [Pool(("w",), 3)])
    assert (~mask["w"]).nonzero().tolist() == [list(goes_first)]


def test_scoring_leaves_the_weights_alone() -> None:
    before = {name: w.clone() for name, w in TRAINED.items()}
    for name in SCORES.keys() - PROBING:
        score_named(name)(Evidence(START, TRAINED))
    assert torch.equal(TRAINED["w"], before["w"])


def test_random_scores_follow_from_seed_and_name_alone() -> None:
    weights = {"a": torch.zeros(50, 40), "b": torch.zeros(50, 40)}
    draw = score_named("random")
    one = draw(Evidence(weights, weights, seed=3))
    with torch.random.fork_rng():
        torch.manual_seed(99)
        again = draw(Evidence(weights, {"b": weights["b"]}, seed=3))
    assert torch.equal(one["b"], again["b"])
    assert not torch.equal(one["a"], one["b"])
    assert not torch.equal(one["a"], draw(Evidence(weights, weights, seed=4))["a"])
    assert 0.45 < float(one["a"].mean()) < 0.55
    assert len(one["a"].unique()) > 1990


def test_random_scores_leave_the_global_generator_alone() -> None:
    state = torch.get_rng_state()
    score_named("random")(Evidence(START, TRAINED, seed=1))
    assert torch.equal(torch.get_rng_state(), state)


def test_an_unknown_score_lists_the_known() -> None:
    with pytest.raises(WinnowError) as caught:
        score_named("best")
    assert caught.value.code == "WN-R02"
    assert all(name in caught.value.fix for name in SCORES)
