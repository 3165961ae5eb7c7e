"""Restricted and excluded loss against slow loops, and on logits whose circuit is known."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from winnow.core import WinnowError
from winnow.grokking.measures import (
    circuit_losses,
    excluded_logits,
    key_frequencies,
    logit_table,
    restricted_logits,
    table_loss,
    wave_power,
)
from winnow.grokking.networks.mlp import PairMlp


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def circuit(modulus: int, frequencies: tuple[int, ...], height: float) -> Tensor:
    """The logits of the trigonometric algorithm: the sum of cos(w (a + b - c))."""
    numbers = torch.arange(modulus, dtype=torch.float64)
    angle = numbers[:, None, None] + numbers[:, None] - numbers
    return height * sum(torch.cos(2 * math.pi * k * angle / modulus) for k in frequencies)  # type: ignore[return-value]


def slow_waves(logits: Tensor, frequencies: tuple[int, ...]) -> Tensor:
    """Inner products with cos and sin of w (a + b), cell by cell."""
    p, outputs = logits.shape[0], logits.shape[-1]
    found, values = torch.zeros_like(logits), logits.tolist()
    for k in frequencies:
        for wave in (math.cos, math.sin):
            table = [[wave(2 * math.pi * k * (a + b) / p) for b in range(p)] for a in range(p)]
            square = sum(value**2 for row in table for value in row)
            if square < 1e-9:
                continue  # the sine of the last frequency of an even modulus is 0 everywhere
            for c in range(outputs):
                product = sum(values[a][b][c] * table[a][b] for a in range(p) for b in range(p))
                for a in range(p):
                    for b in range(p):
                        found[a, b, c] += product / square * table[a][b]
    return found


def slow_loss(logits: Tensor, pairs: list[tuple[int, int]]) -> float:
    p, total = logits.shape[0], 0.0
    for a, b in pairs:
        row = logits[a, b].tolist()
        total += math.log(sum(math.exp(value) for value in row)) - row[(a + b) % p]
    return total / len(pairs)


@pytest.mark.parametrize(("modulus", "frequencies"), [(7, (1, 3)), (6, (2, 3)), (5, (1, 2))])
def test_restricted_and_excluded_loss_are_those_of_slow_loops(modulus: int, frequencies: tuple[int, ...]) -> None:
    logits = noise(modulus, modulus, modulus, seed=modulus)
    waves = slow_waves(logits, frequencies)
    constant = logits.mean((0, 1))
    torch.testing.assert_close(restricted_logits(logits, frequencies), waves + constant, rtol=1e-11, atol=1e-11)
    torch.testing.assert_close(excluded_logits(logits, frequencies), logits - waves, rtol=1e-11, atol=1e-11)
    pairs = [(0, 1), (2, 2), (4, 3)]
    for chosen in (pairs, [(a, b) for a in range(modulus) for b in range(modulus)]):
        losses = circuit_losses(logits, frequencies, torch.tensor(chosen))
        assert float(losses.plain) == pytest.approx(slow_loss(logits, chosen))
        assert float(losses.restricted) == pytest.approx(slow_loss(waves + constant, chosen))
        assert float(losses.excluded) == pytest.approx(slow_loss(logits - waves, chosen))


@pytest.mark.parametrize("modulus", [9, 10])
def test_wave_power_is_the_diagonal_of_the_two_dimensional_transform(modulus: int) -> None:
    logits = noise(modulus, modulus, 4, seed=1)
    transform = torch.fft.fft2(logits - logits.mean(-1, keepdim=True), dim=(0, 1)).abs().square().sum(-1) / modulus**4
    expected = []
    for k in range(1, modulus // 2 + 1):
        places = {(k, k), (modulus - k, modulus - k)}
        expected.append(sum(float(transform[place]) for place in places))
    assert wave_power(logits).tolist() == pytest.approx(expected)


def test_a_known_circuit_is_taken_apart_exactly() -> None:
    modulus, frequencies = 23, (3, 7, 10)
    pure = circuit(modulus, frequencies, 15.0)
    rest = noise(modulus, modulus, modulus)
    # Memorised logits without any wave of the circuit and without a constant term.
    rest = rest - rest.mean((0, 1)) - restricted_logits(rest - rest.mean((0, 1)), frequencies)
    losses = circuit_losses(pure + rest, frequencies)
    assert set(key_frequencies(pure + rest, count=3)) == set(frequencies)
    assert float(losses.restricted) == pytest.approx(float(table_loss(pure)), abs=1e-10)
    assert float(losses.excluded) == pytest.approx(float(table_loss(rest)), abs=1e-10)
    assert float(losses.restricted) < 0.01 < math.log(modulus) < float(losses.excluded)


def test_key_frequencies_are_the_fewest_that_hold_the_share() -> None:
    logits = circuit(23, (4,), 3.0) + circuit(23, (9,), 2.0) + circuit(23, (2,), 1.0)
    assert key_frequencies(logits, share=9 / 14 - 1e-6) == (4,)
    assert key_frequencies(logits, share=13 / 14 - 1e-6) == (4, 9)
    assert key_frequencies(logits, share=13 / 14 + 1e-6) == (4, 9, 2)
    assert key_frequencies(logits, count=1) == (4,)
    assert sorted(key_frequencies(noise(9, 9, 9), share=1.0)) == [1, 2, 3, 4]


def test_what_is_added_to_all_outputs_changes_nothing() -> None:
    logits, shift = noise(11, 11, 11), 50 * circuit(11, (2,), 1.0)[..., :1]
    assert key_frequencies(logits) == key_frequencies(logits + shift)
    before, after = circuit_losses(logits, (1, 4)), circuit_losses(logits + shift, (1, 4))
    for name in ("plain", "restricted", "excluded"):
        assert float(getattr(before, name)) == pytest.approx(float(getattr(after, name)), abs=1e-11)


def test_a_uniform_guess_loses_ln_p() -> None:
    losses = circuit_losses(torch.zeros(7, 7, 7), (1,))
    assert float(losses.plain) == float(losses.restricted) == float(losses.excluded) == pytest.approx(math.log(7))


def test_a_stack_gives_what_its_tables_give() -> None:
    stack = noise(2, 3, 7, 7, 7)
    losses = circuit_losses(stack, (1, 2))
    for i in range(2):
        for j in range(3):
            alone = circuit_losses(stack[i, j], (1, 2))
            assert float(losses.restricted[i, j]) == pytest.approx(float(alone.restricted))
            assert float(losses.excluded[i, j]) == pytest.approx(float(alone.excluded))


def test_the_table_of_half_of_the_pairs_is_that_of_all() -> None:
    network = PairMlp(9, 9, width=6, hidden=5)
    weights = network.start(torch.Generator().manual_seed(0))
    every = torch.cartesian_prod(torch.arange(9), torch.arange(9))
    half = every[every[:, 0] <= every[:, 1]]
    assert len(half) == 45
    whole = logit_table(network.plain(weights, every), every, 9)
    assert torch.equal(whole, network.plain(weights, every).view(9, 9, 9))
    torch.testing.assert_close(logit_table(network.plain(weights, half), half, 9), whole)


def test_pairs_given_in_both_orders_keep_their_own_outputs() -> None:
    every = torch.cartesian_prod(torch.arange(5), torch.arange(5))
    outputs = noise(2, 25, 5)
    order = torch.randperm(25, generator=torch.Generator().manual_seed(0))
    assert torch.equal(logit_table(outputs[:, order], every[order], 5), outputs.view(2, 5, 5, 5))


def test_tables_with_holes_and_frequencies_out_of_range_are_refused() -> None:
    pairs = torch.tensor([[0, 0], [0, 1]])
    for wrong in (lambda: logit_table(noise(2, 2), pairs, 2), lambda: logit_table(noise(3, 2), pairs, 2)):
        with pytest.raises(WinnowError, match="WN-C01"):
            wrong()
    with pytest.raises(WinnowError, match="WN-C01"):
        logit_table(noise(2, 2), torch.tensor([[0, 0], [0, 2]]), 2)
    for frequencies in ((0,), (4,), (-1,)):
        with pytest.raises(WinnowError, match="WN-C01"):
            circuit_losses(noise(7, 7, 7), frequencies)
    for count in (0, 4):
        with pytest.raises(WinnowError, match="WN-C01"):
            key_frequencies(noise(7, 7, 7), count=count)
