"""Spectra of neurons: closed forms, slow transforms, and the anchors of the paper's MLP at its start."""

from __future__ import annotations

import cmath
import math

import pytest
import torch
from torch import Tensor

from winnow.core import WinnowError
from winnow.grokking.measures import (
    authors_entropy,
    dominant_frequency,
    frequency_entropy,
    frequency_shares,
    neuron_power,
    neuron_rows,
    top_share,
)
from winnow.grokking.networks.mlp import PairMlp

P = 67
TOKENS = torch.arange(P, dtype=torch.float64)


def waves(frequencies: list[int], phase: float = 0.3) -> Tensor:
    return torch.stack([torch.cos(2 * math.pi * k * TOKENS / P + phase) for k in frequencies])


def started(seed: int) -> Tensor:
    return neuron_rows(PairMlp(P, P).start(torch.Generator().manual_seed(seed)))


def random_rows(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_pure_waves_have_no_entropy_and_the_authors_form_its_minimum() -> None:
    rows = waves([1, 5, 32])
    assert float(frequency_entropy(rows)) == 0
    assert float(authors_entropy(rows)) == pytest.approx(math.log(math.e + 31) - 1, abs=1e-12)
    assert float(authors_entropy(rows)) == pytest.approx(2.518, abs=5e-4)
    assert dominant_frequency(rows).tolist() == [1, 5, 32]
    assert top_share(rows).tolist() == pytest.approx([1, 1, 1])


def test_white_rows_have_the_maximum_of_both_forms() -> None:
    impulse = torch.zeros(3, P, dtype=torch.float64)
    impulse[torch.arange(3), torch.tensor([0, 4, 66])] = 2.0
    assert float(frequency_entropy(impulse)) == pytest.approx(math.log(32), abs=1e-12)
    assert float(authors_entropy(impulse)) == pytest.approx(math.log(32), abs=1e-12)
    assert top_share(impulse).tolist() == pytest.approx([1 / 33] * 3)


def test_two_equal_waves_have_entropy_ln_2() -> None:
    rows = (waves([3]) + waves([20], 1.0)) * 0.7 + 5.0
    assert float(frequency_entropy(rows)) == pytest.approx(math.log(2), abs=1e-9)
    expected = math.log(2 * math.exp(0.5) + 30) - 0.5
    assert float(authors_entropy(rows)) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_the_papers_mlp_starts_where_the_authors_figure_starts(seed: int) -> None:
    rows = started(seed)
    assert rows.shape == (48, P)
    assert float(authors_entropy(rows)) == pytest.approx(3.4575, abs=0.001)
    assert float(frequency_entropy(rows)) == pytest.approx(3.33, abs=0.01)


def test_the_authors_form_is_torchs_cross_entropy_of_the_shares() -> None:
    shares = frequency_shares(started(0))
    assert shares.shape == (48, 32)
    assert shares.sum(-1).tolist() == pytest.approx([1] * 48)
    expected = torch.nn.functional.cross_entropy(shares, shares)
    assert float(authors_entropy(started(0))) == pytest.approx(float(expected), abs=1e-14)


@pytest.mark.parametrize("tokens", [7, 8])
def test_power_is_that_of_the_slow_transform(tokens: int) -> None:
    row = random_rows(tokens, seed=tokens)
    slow = [
        abs(sum(float(x) * cmath.exp(-2j * math.pi * k * t / tokens) for t, x in enumerate(row)))
        for k in range(1, tokens // 2 + 1)
    ]
    assert neuron_power(row).tolist() == pytest.approx([value**2 for value in slow])
    assert int(dominant_frequency(row)) == 1 + slow.index(max(slow))
    assert float(top_share(row)) == pytest.approx(max(slow) ** 2 / sum(value**2 for value in slow))
    assert frequency_shares(row, tokens // 2).tolist() == pytest.approx([value / sum(slow) for value in slow])


def test_neurons_that_a_mask_has_cut_off_count_nowhere() -> None:
    rows = started(1)
    cut = torch.cat([rows, torch.zeros(2, P), torch.full((1, P), 0.7)])
    assert float(frequency_entropy(cut)) == pytest.approx(float(frequency_entropy(rows)), abs=1e-12)
    assert float(authors_entropy(cut)) == pytest.approx(float(authors_entropy(rows)), abs=1e-12)
    assert dominant_frequency(cut)[-3:].tolist() == [0, 0, 0]
    assert top_share(cut)[-3:].isnan().all()
    assert math.isnan(frequency_entropy(torch.zeros(2, P)))


def test_a_stack_gives_what_its_networks_give() -> None:
    network = PairMlp(13, 13, width=6, hidden=4)
    starts = [network.start(torch.Generator().manual_seed(seed)) for seed in range(3)]
    stacked = neuron_rows({name: torch.stack([start[name] for start in starts]) for name in starts[0]})
    for measure in (frequency_entropy, authors_entropy, dominant_frequency, top_share, neuron_power):
        alone = torch.stack([measure(neuron_rows(start)) for start in starts])
        torch.testing.assert_close(measure(stacked), alone, rtol=1e-12, atol=1e-12)


def test_rows_are_what_a_neuron_of_the_network_takes_from_two_tokens() -> None:
    network = PairMlp(11, 11, width=5, hidden=3)
    weights = network.start(torch.Generator().manual_seed(0))
    rows = neuron_rows(weights)
    hidden = (weights["embed"][4] + weights["embed"][9]) @ weights["project_in"]
    torch.testing.assert_close(rows[:, 4] + rows[:, 9], hidden.double(), rtol=1e-5, atol=1e-6)


def test_without_a_projection_of_its_width_the_embedding_itself_is_read() -> None:
    embed = random_rows(8, 5)
    assert torch.equal(neuron_rows({"embed": embed}, tokens=7), embed[:7].T)
    assert torch.equal(neuron_rows({"embed": embed, "project_in": random_rows(9, 2)}), embed.T)
    other = random_rows(5, 2)
    torch.testing.assert_close(neuron_rows({"embed": embed, "mlp": other}, project="mlp"), (embed @ other).T)


def test_frequencies_that_are_not_there_are_refused() -> None:
    for bins in (0, 34):
        with pytest.raises(WinnowError, match="WN-C01"):
            frequency_entropy(waves([1]), bins)
    with pytest.raises(WinnowError, match="WN-P02"):
        neuron_rows({"table": waves([1])})
