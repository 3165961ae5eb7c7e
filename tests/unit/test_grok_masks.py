"""Magnitude masks, one-shot and iterative, at exact counts; matched densities and matched norms."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from winnow.core import WinnowError
from winnow.grokking.masks import iterative_rates, magnitude_mask, matched, next_iterative_mask, norm_matched_start
from winnow.grokking.networks.mlp import PairMlp
from winnow.sparsity import Mask

pytestmark = pytest.mark.usefixtures("one_thread")

PERCENT = st.integers(0, 99)


@st.composite
def small_weights(draw: st.DrawFn) -> dict[str, Tensor]:
    """Two or three matrices of few values, so that many are equal."""
    weights = {}
    for name in draw(st.sampled_from([("b", "a"), ("c", "a", "b")])):
        shape = (draw(st.integers(1, 5)), draw(st.integers(1, 6)))
        values = draw(st.lists(st.integers(-3, 3), min_size=shape[0] * shape[1], max_size=shape[0] * shape[1]))
        weights[name] = torch.tensor(values, dtype=torch.float32).view(shape)
    return weights


def refilled(weights: dict[str, Tensor], source: dict[str, Tensor]) -> dict[str, Tensor]:
    """Tensors like `weights` with the values of others, over and over."""
    values = torch.cat([tensor.flatten() for tensor in source.values()])
    return {name: values[torch.arange(w.numel()) % len(values)].view(w.shape) for name, w in weights.items()}


def paper_start(seed: int = 0) -> dict[str, Tensor]:
    return PairMlp(67, 67).start(torch.Generator().manual_seed(seed))


def sorted_out(weights: dict[str, Tensor], gone: int, alive: Mask | None = None) -> Mask:
    """The brute force: all weights sorted by (dead first, magnitude, matrix, position), the first `gone` are pruned."""
    entries = [
        (bool(alive[name].flatten()[place]) if alive else True, abs(value), matrix, place)
        for matrix, name in enumerate(weights)
        for place, value in enumerate(weights[name].flatten().tolist())
    ]
    masks = [torch.ones(tensor.numel(), dtype=torch.bool) for tensor in weights.values()]
    for *_, matrix, place in sorted(entries)[:gone]:
        masks[matrix][place] = False
    return Mask({name: m.view(weights[name].shape) for name, m in zip(weights, masks, strict=True)})


@given(small_weights(), PERCENT)
def test_magnitude_is_a_sort_over_all_matrices_at_the_exact_count(weights: dict[str, Tensor], percent: int) -> None:
    total = sum(tensor.numel() for tensor in weights.values())
    mask = magnitude_mask(weights, tuple(weights), percent / 100)
    assert mask.total - mask.kept == percent * total // 100
    assert mask == sorted_out(weights, percent * total // 100)


def test_the_papers_counts() -> None:
    """115,000 weights: 46,000 stay at k = 0.6."""
    start = paper_start()
    assert magnitude_mask(start, tuple(start), 0.6).kept == 46_000
    assert magnitude_mask(start, tuple(start), 0.29).kept == 115_000 - 33_350
    assert magnitude_mask(start, tuple(start), 0.81).kept == 115_000 - 93_150


def test_matrices_compete_and_others_are_left_alone() -> None:
    weights = {"large": torch.full((2, 3), 5.0), "small": torch.full((3, 2), 0.1), "bias": torch.zeros(9)}
    mask = magnitude_mask(weights, ("large", "small"), 0.5)
    assert list(mask) == ["large", "small"]
    assert mask.densities() == {"large": 1.0, "small": 0.0}


@pytest.mark.parametrize("rate", [-0.1, 1.0, 1.5, float("nan")])
def test_a_rate_outside_of_0_to_1_is_refused(rate: float) -> None:
    with pytest.raises(WinnowError, match="WN-R02"):
        magnitude_mask({"a": torch.ones(2, 2)}, ("a",), rate)


@given(small_weights(), st.integers(1, 4), PERCENT)
def test_rounds_of_unchanged_weights_end_at_the_one_shot_mask(
    weights: dict[str, Tensor], rounds: int, percent: int
) -> None:
    mask = Mask.ones(weights)
    for rate in iterative_rates(percent / 100, rounds):
        mask = next_iterative_mask(mask, weights, rate)
    assert mask == magnitude_mask(weights, tuple(weights), percent / 100)


@given(small_weights(), small_weights(), st.integers(0, 49), st.integers(0, 50))
def test_a_round_prunes_only_what_remains(
    first: dict[str, Tensor], drawn: dict[str, Tensor], percent: int, more: int
) -> None:
    """Weights that were pruned may be the largest of the next round; they stay pruned."""
    second = refilled(first, drawn)
    before = magnitude_mask(first, tuple(first), percent / 100)
    after = next_iterative_mask(before, second, (percent + more) / 100)
    assert after == sorted_out(second, (percent + more) * before.total // 100, alive=before)
    assert all(bool((before[name] | ~after[name]).all()) for name in before)


def test_rates_of_rounds_take_one_share_of_what_is_left() -> None:
    rates = iterative_rates(0.784, 3)
    assert rates == pytest.approx((0.4, 0.64, 0.784))
    assert rates[-1] == 0.784
    assert iterative_rates(0.6, 1) == (0.6,)
    for wrong in ((0.6, 0), (1.0, 3)):
        with pytest.raises(WinnowError, match="WN-R02"):
            iterative_rates(*wrong)


@given(small_weights(), small_weights(), PERCENT)
def test_matched_has_the_tickets_count_in_every_matrix(
    weights: dict[str, Tensor], drawn: dict[str, Tensor], percent: int
) -> None:
    scores = refilled(weights, drawn)
    ticket = magnitude_mask(weights, tuple(weights), percent / 100)
    mask = matched(scores, ticket.densities())
    for name, own in ticket.items():
        ascending = sorted((score, place) for place, score in enumerate(scores[name].flatten().tolist()))
        staying = {place for _, place in ascending[own.numel() - int(own.sum()) :]}
        assert set(mask[name].flatten().nonzero().flatten().tolist()) == staying


def test_matched_at_the_papers_size_to_the_weight() -> None:
    ticket = magnitude_mask(paper_start(1), tuple(paper_start()), 0.613)
    mask = matched(paper_start(2), ticket.densities())
    assert [int(m.sum()) for m in mask.values()] == [int(m.sum()) for m in ticket.values()]
    assert mask != ticket


def test_matched_refuses_other_names() -> None:
    with pytest.raises(WinnowError, match="WN-P02"):
        matched({"a": torch.ones(2, 2)}, {"b": 0.5})


@pytest.mark.parametrize("p", [1, 2])
def test_the_scaled_start_has_the_tickets_norm(p: int) -> None:
    start = paper_start()
    mask = magnitude_mask(paper_start(1), tuple(start), 0.6)

    def norm(tensors: dict[str, Tensor]) -> float:
        values = [abs(value) ** p for tensor in tensors.values() for value in tensor.double().flatten().tolist()]
        return sum(values) ** (1 / p)

    scaled, ratio = norm_matched_start(start, mask, p)
    assert norm(scaled) == pytest.approx(norm(mask.applied(start)), rel=1e-6)
    assert ratio == pytest.approx(norm(mask.applied(start)) / norm(start), rel=1e-12)
    for name, tensor in start.items():
        assert torch.equal(scaled[name], tensor * ratio)


def test_ratios_of_a_random_mask_are_the_density_and_its_root() -> None:
    """Of 115,000 weights 0.4 stay: r_1 near 0.40 and r_2 near sqrt(0.4) = 0.632 (reference, section 1.3)."""
    start = paper_start()
    mask = magnitude_mask(paper_start(1), tuple(start), 0.6).shuffled(3)
    generator = torch.Generator().manual_seed(4)
    draws = {name: torch.rand(w.shape, generator=generator) for name, w in start.items()}
    uniform = matched(draws, dict.fromkeys(start, 0.4))
    assert norm_matched_start(start, uniform, 1)[1] == pytest.approx(0.40, abs=0.005)
    assert norm_matched_start(start, uniform, 2)[1] == pytest.approx(0.632, abs=0.005)
    # A mask that goes by the start's own size keeps more of the norm than any other of its count.
    own = magnitude_mask(start, tuple(start), 0.6)
    assert norm_matched_start(start, own, 1)[1] > norm_matched_start(start, mask, 1)[1]


def test_only_masked_matrices_are_scaled() -> None:
    start = {"w": torch.tensor([[3.0, -4.0]]), "gain": torch.ones(2)}
    mask = Mask({"w": torch.tensor([[True, False]])})
    scaled, ratio = norm_matched_start(start, mask, 2)
    assert ratio == pytest.approx(3 / 5)
    assert torch.equal(scaled["gain"], torch.ones(2))
    assert float(scaled["w"].norm()) == pytest.approx(3.0)
    assert norm_matched_start(start, mask, 1)[1] == pytest.approx(3 / 7)
    with pytest.raises(WinnowError, match="WN-R02"):
        norm_matched_start(start, mask, 3)
