"""Periodicity of masks: one for waves, chance for shuffled ones, nothing for lines without any shape."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from winnow.core import WinnowError
from winnow.grokking.measures import periodicities, periodicity, ticket_periodicity, top_share
from winnow.grokking.networks.mlp import PairMlp
from winnow.sparsity import Mask


def striped(lines: int, tokens: int = 66) -> Tensor:
    """Boolean [tokens, lines]: half waves of whole periods, each with a phase of its own."""
    token = torch.arange(tokens)[:, None]
    return (token + torch.arange(lines)) % 6 < 3


def test_periodic_masks_stand_out_and_shuffled_ones_do_not() -> None:
    mask = Mask({"embed": striped(40), "project_in": torch.ones(40, 3), "unembed": striped(40).T})
    found = periodicities(mask)
    assert list(found) == ["embed", "unembed"]
    for one in found.values():
        # 111000 has |FFT|^2 of 4 at its base and of 1 at its third harmonic, and none between.
        assert one.share == pytest.approx(4 / 5)
        assert one.shuffled < 0.2
        assert one.share > one.shuffled + 50 * one.spread
        assert one.lines == 40
    chance = periodicities(mask.shuffled(0))["embed"]
    assert chance.share == pytest.approx(chance.shuffled, abs=5 * chance.spread)


def test_shuffles_keep_the_count_of_every_line() -> None:
    single = torch.eye(7, dtype=torch.bool)
    # One kept weight a line is white wherever it stands.
    found = periodicity(single, axis=0)
    assert (found.share, found.shuffled) == pytest.approx((1 / 3, 1 / 3))
    assert found.spread == pytest.approx(0, abs=1e-12)


def test_lines_that_are_empty_or_full_do_not_count() -> None:
    mask = striped(5)
    bordered = torch.cat([mask, torch.zeros(66, 2).bool(), torch.ones(66, 1).bool()], 1)
    assert periodicity(bordered, axis=0, seed=3) == periodicity(mask, axis=0, seed=3)
    nothing = periodicity(torch.ones(6, 4).bool(), axis=1)
    assert nothing.lines == 0
    assert math.isnan(nothing.share) and math.isnan(nothing.shuffled)


def test_the_share_is_the_mean_over_lines_along_the_named_axis() -> None:
    mask = torch.rand(30, 21, generator=torch.Generator().manual_seed(0)) < 0.4
    assert periodicity(mask, axis=0).share == pytest.approx(float(top_share(mask.T.double()).mean()))
    assert periodicity(mask, axis=1).share == pytest.approx(float(top_share(mask.double()).mean()))
    assert periodicity(mask, axis=1, seed=4) == periodicity(mask, axis=1, seed=4)
    assert periodicity(mask, axis=1, seed=4).shuffled != periodicity(mask, axis=1, seed=5).shuffled


def test_a_mask_that_selects_one_wave_makes_the_start_periodic() -> None:
    generator = torch.Generator().manual_seed(0)
    token = torch.arange(31, dtype=torch.float64)[:, None]
    frequencies = torch.arange(1, 16).repeat_interleave(4)
    phases = 2 * math.pi * torch.rand(60, generator=generator, dtype=torch.float64)
    embed = torch.cos(2 * math.pi * frequencies * token / 31 + phases)
    start = {"embed": embed, "project_in": torch.randn(60, 8, generator=generator, dtype=torch.float64)}
    # Neuron n keeps only the dimensions of frequency n + 1: a grokked mask in its purest form.
    chosen = frequencies[:, None] == torch.arange(1, 9)
    mask = Mask({"embed": torch.ones(31, 60), "project_in": chosen})
    found = ticket_periodicity(start, mask)
    assert (found.share, found.lines) == (pytest.approx(1), 8)
    assert found.share > found.shuffled + 5 * found.spread
    # The mask of ones on its own says nothing.
    assert periodicity(mask["embed"], axis=0).lines == 0
    random = ticket_periodicity(start, mask.shuffled(7))
    assert random.share == pytest.approx(random.shuffled, abs=4 * random.spread)
    assert ticket_periodicity(start, mask, seed=1) == ticket_periodicity(start, mask, seed=1) != found


def test_chance_of_a_random_start_is_that_of_its_own_shuffles() -> None:
    start = PairMlp(67, 67).start(torch.Generator().manual_seed(0))
    generator = torch.Generator().manual_seed(1)
    mask = Mask({name: torch.rand(w.shape, generator=generator) < 0.4 for name, w in start.items()})
    found = ticket_periodicity(start, mask, shuffles=10)
    assert found.lines == 48
    assert found.share == pytest.approx(found.shuffled, abs=4 * found.spread)


def test_a_spread_needs_two_shuffles() -> None:
    with pytest.raises(WinnowError, match="WN-C01"):
        periodicity(striped(3), axis=0, shuffles=1)
    with pytest.raises(WinnowError, match="WN-C01"):
        ticket_periodicity({}, Mask({}), shuffles=1)
