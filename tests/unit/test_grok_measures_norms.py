"""Norms of what remains, and the two scales that give a dense start a ticket's norm."""

from __future__ import annotations

import math

import pytest
import torch

from winnow.core import WinnowError
from winnow.grokking.measures import ALL, Norms, masked_norms, mean_norms, norm_ratios
from winnow.grokking.networks.mlp import PairMlp
from winnow.sparsity import Mask

WEIGHTS = {"a": torch.tensor([[3.0, -4.0], [12.0, 0.5]]), "b": torch.tensor([[-84.0], [7.0]])}
MASK = Mask({"a": torch.tensor([[1, 1], [1, 0]]), "b": torch.tensor([[1], [0]])})


def test_only_what_remains_counts() -> None:
    assert masked_norms(WEIGHTS, MASK) == {"a": Norms(19, 13), "b": Norms(84, 84), ALL: Norms(103, 85)}


def test_without_a_mask_everything_counts() -> None:
    assert masked_norms({"a": torch.tensor([3.0, -4.0])}) == {"a": Norms(7, 5), ALL: Norms(7, 5)}


def test_the_authors_log_the_mean_over_matrices() -> None:
    assert mean_norms(WEIGHTS, MASK) == Norms((19 + 84) / 2, (13 + 84) / 2)


def test_tensors_without_a_mask_are_left_out() -> None:
    biased = {**WEIGHTS, "bias": torch.full((9,), 100.0)}
    assert masked_norms(biased, MASK) == masked_norms(WEIGHTS, MASK)
    assert norm_ratios(biased, MASK) == norm_ratios(WEIGHTS, MASK)


def test_ratios_are_of_kept_to_whole() -> None:
    ratios = norm_ratios(WEIGHTS, MASK)
    assert ratios.l1 == pytest.approx(103 / 110.5)
    assert ratios.l2 == pytest.approx(85 / math.sqrt(85**2 + 0.25 + 49))
    means = norm_ratios(WEIGHTS, MASK, of_means=True)
    assert means.l1 == pytest.approx(103 / 110.5)
    assert means.l2 == pytest.approx(97 / (math.sqrt(169.25) + math.sqrt(84**2 + 49)))


@pytest.mark.parametrize("of_means", [False, True])
def test_random_masks_give_density_and_its_root(of_means: bool) -> None:
    start = PairMlp(67, 67).start(torch.Generator().manual_seed(0))
    generator = torch.Generator().manual_seed(1)
    mask = Mask({name: torch.rand(w.shape, generator=generator) < 0.4 for name, w in start.items()})
    ratios = norm_ratios(start, mask, of_means=of_means)
    assert ratios.l1 == pytest.approx(0.4, abs=0.005)
    assert ratios.l2 == pytest.approx(math.sqrt(0.4), abs=0.005)


def test_a_start_scaled_by_the_ratio_has_the_tickets_norm() -> None:
    ratios = norm_ratios(WEIGHTS, MASK)
    ticket = masked_norms(WEIGHTS, MASK)[ALL]
    assert masked_norms({n: w.double() * ratios.l1 for n, w in WEIGHTS.items()})[ALL].l1 == pytest.approx(ticket.l1)
    assert masked_norms({n: w.double() * ratios.l2 for n, w in WEIGHTS.items()})[ALL].l2 == pytest.approx(ticket.l2)


def test_masks_of_other_networks_are_refused() -> None:
    for measure in (masked_norms, norm_ratios):
        with pytest.raises(WinnowError, match="WN-P02"):
            measure({"a": WEIGHTS["a"]}, MASK)
