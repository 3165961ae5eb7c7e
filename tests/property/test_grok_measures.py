"""Laws of the measures of grokking: no order of neurons matters, nor a turn of the tokens."""

from __future__ import annotations

import math

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from winnow.grokking.measures import (
    adjacent_distances,
    authors_entropy,
    circuit_losses,
    crossing,
    distance_matrices,
    frequency_entropy,
    frequency_shares,
    graph_measures,
    key_frequencies,
    logit_table,
    masked_norms,
    neuron_rows,
    periodicity,
    table_loss,
)
from winnow.grokking.networks.mlp import PairMlp
from winnow.sparsity import Mask

seeds = st.integers(0, 2**31)
sizes = st.integers(2, 9)


def generator_of(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def network_of(tokens: int, hidden: int, seed: int) -> tuple[PairMlp, dict[str, Tensor], Mask]:
    """A network, its weights, and a random mask of them."""
    network = PairMlp(tokens, tokens, width=5, hidden=hidden)
    weights = {name: tensor.double() for name, tensor in network.start(generator_of(seed)).items()}
    draws = generator_of(seed + 1)
    return network, weights, Mask({name: torch.rand(w.shape, generator=draws) < 0.6 for name, w in weights.items()})


def reordered(tensors: Mask | dict[str, Tensor], hidden: Tensor, width: Tensor) -> dict[str, Tensor]:
    """The same network with its neurons, and the dimensions of its embeddings, in another order."""
    return {
        "embed": tensors["embed"][:, width],
        "project_in": tensors["project_in"][width][:, hidden],
        "project_out": tensors["project_out"][hidden],
        "unembed": tensors["unembed"],
    }


@settings(max_examples=25, deadline=None)
@given(st.integers(5, 11), sizes, seeds)
def test_the_order_of_neurons_matters_to_nothing(tokens: int, hidden: int, seed: int) -> None:
    network, weights, mask = network_of(tokens, hidden, seed)
    orders = (torch.randperm(hidden, generator=generator_of(seed)), torch.randperm(5, generator=generator_of(seed)))
    others, other = reordered(weights, *orders), Mask(reordered(mask, *orders))
    for measure in (frequency_entropy, authors_entropy):
        torch.testing.assert_close(measure(neuron_rows(weights)), measure(neuron_rows(others)))
    for name, norms in masked_norms(weights, mask).items():
        assert math.isclose(norms.l1, masked_norms(others, other)[name].l1, rel_tol=1e-12)
    before, after = graph_measures(weights, mask), graph_measures(others, other)
    for name in before:
        for field, value in vars(before[name]).items():
            found = getattr(after[name], field)
            assert math.isclose(value, found, rel_tol=1e-9, abs_tol=1e-9) or (math.isnan(value) and math.isnan(found))
    pairs = torch.cartesian_prod(torch.arange(tokens), torch.arange(tokens))
    tables = [logit_table(network.plain(one, pairs), pairs, tokens) for one in (weights, others)]
    losses = [circuit_losses(table, (1, 2)) for table in tables]
    torch.testing.assert_close(losses[0].restricted, losses[1].restricted)
    torch.testing.assert_close(losses[0].excluded, losses[1].excluded)


@settings(max_examples=25, deadline=None)
@given(st.lists(seeds, min_size=2, max_size=4, unique=True), sizes)
def test_the_order_of_neurons_matters_to_no_distance(drawn: list[int], hidden: int) -> None:
    masks = {step: network_of(7, hidden, seed)[2] for step, seed in enumerate(drawn)}
    orders = torch.randperm(hidden, generator=generator_of(0)), torch.randperm(5, generator=generator_of(0))
    others = {step: Mask(reordered(mask, *orders)) for step, mask in masks.items()}
    for name, matrix in distance_matrices(masks).items():
        assert torch.equal(matrix, distance_matrices(others)[name])
        assert torch.equal(matrix, matrix.T) and not matrix.diagonal().any()
        assert ((matrix >= 0) & (matrix <= 1)).all()
        assert torch.equal(adjacent_distances(masks)[name], matrix.diagonal(1))


@settings(max_examples=40, deadline=None)
@given(st.integers(6, 40), st.integers(0, 40), st.floats(1e-9, 1e9), seeds)
def test_spectra_know_neither_phase_scale_nor_offset(tokens: int, turn: int, scale: float, seed: int) -> None:
    rows = torch.randn(3, tokens, generator=generator_of(seed), dtype=torch.float64)
    changed = scale * (rows.roll(turn, -1) + 3.0)
    torch.testing.assert_close(frequency_shares(changed), frequency_shares(rows), rtol=1e-7, atol=1e-9)
    bins = tokens // 2 - 1
    assert -1e-12 <= float(frequency_entropy(rows)) <= math.log(bins) + 1e-12
    assert math.log(math.e + bins - 1) - 1 - 1e-12 <= float(authors_entropy(rows)) <= math.log(bins) + 1e-12


@settings(max_examples=25, deadline=None)
@given(st.integers(3, 12), seeds)
def test_all_frequencies_together_leave_no_wave_behind(modulus: int, seed: int) -> None:
    logits = torch.randn(modulus, modulus, modulus, generator=generator_of(seed), dtype=torch.float64)
    every = range(1, modulus // 2 + 1)
    losses = circuit_losses(logits, every)
    torch.testing.assert_close(losses.plain, table_loss(logits))
    numbers = torch.arange(modulus)
    by_sum = torch.stack([logits[numbers, s - numbers].mean(0) for s in range(modulus)])
    torch.testing.assert_close(losses.restricted, table_loss(by_sum[(numbers[:, None] + numbers) % modulus]))
    assert sorted(key_frequencies(logits, share=1.0)) == list(every)


@settings(max_examples=25, deadline=None)
@given(st.integers(4, 20), st.integers(1, 6), seeds)
def test_a_turned_or_inverted_mask_is_as_periodic(tokens: int, lines: int, seed: int) -> None:
    mask = torch.rand(tokens, lines, generator=generator_of(seed)) < 0.5
    found = periodicity(mask, axis=0)
    for other in (mask.roll(3, 0), ~mask):
        again = periodicity(other, axis=0)
        assert again.lines == found.lines
        assert math.isclose(again.share, found.share, rel_tol=1e-9) or found.lines == 0
    assert found.lines == 0 or 1 / (tokens // 2) - 1e-12 <= found.share <= 1 + 1e-12


@given(st.lists(st.floats(0, 1), max_size=20), st.floats(0, 1))
def test_nothing_before_a_crossing_is_above(values: list[float], threshold: float) -> None:
    steps = [7 * i for i in range(len(values))]
    found = crossing(steps, values, threshold)
    assert found == next((step for step, value in zip(steps, values, strict=True) if value > threshold), None)
