"""SynFlow on tokens and on numbers, in one shot and in 100 rounds."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch

from winnow.grokking.masks import saliency_mask, saliency_scores
from winnow.grokking.masks.probing import NetworkProbe
from winnow.grokking.networks.dense import Dense
from winnow.grokking.networks.mlp import PairMlp
from winnow.grokking.stacks.losses import loss_named
from winnow.sparsity import Mask

pytestmark = pytest.mark.usefixtures("one_thread")

TOKENS = 5
TINY = PairMlp(TOKENS, TOKENS, width=4, hidden=3)
PAIRS = torch.tensor([(a, b) for a in range(TOKENS) for b in range(a, TOKENS)])
SUMS = PAIRS.sum(1) % TOKENS
START = TINY.start(torch.Generator().manual_seed(3))


def test_synflow_of_tokens_is_every_weights_part_of_the_sum_over_paths() -> None:
    """R is the sum of |E||W_in||W_out||U| over all paths token, width, hidden, width, class; tokens come twice."""
    generator = torch.Generator().manual_seed(5)
    mask = Mask({name: torch.rand(w.shape, generator=generator) < 0.8 for name, w in START.items()})
    embed, project_in, project_out, unembed = (
        w.double().abs().tolist() for w in mask.applied({name: START[name] for name in TINY.prunable}).values()
    )
    expected = {name: torch.zeros(shape, dtype=torch.float64) for name, shape in TINY.shapes.items()}
    for t in range(TOKENS):
        for i in range(4):
            for h in range(3):
                for o in range(4):
                    for c in range(TOKENS):
                        flow = 2 * embed[t][i] * project_in[i][h] * project_out[h][o] * unembed[o][c]
                        for name, place in zip(expected, ((t, i), (i, h), (h, o), (o, c)), strict=True):
                            expected[name][place] += flow
    scores = saliency_scores("synflow", TINY, START, PAIRS, SUMS, mask=mask)
    for name, tensor in expected.items():
        assert torch.allclose(scores[name], tensor)
    # Conservation (Tanaka et al. 2020, theorem 1): what flows into a hidden neuron flows out of it.
    assert torch.allclose(scores["project_in"].sum(0), scores["project_out"].sum(1))


def test_synflow_looks_at_no_examples() -> None:
    backwards = PAIRS.flip(0)
    one = saliency_scores("synflow", TINY, START, PAIRS, SUMS)
    other = saliency_scores("synflow", TINY, START, torch.cat([backwards, backwards[:4]]), torch.zeros(19).long())
    assert all(torch.allclose(one[name], other[name]) for name in one)


def test_synflow_of_float_inputs_sends_ones() -> None:
    network = Dense((3, 4, 2))
    start = network.start(torch.Generator().manual_seed(3))
    scores = saliency_scores("synflow", network, start, torch.randn(4, 3), torch.randn(4, 2), loss="squared")
    first, second = start["layer0"].double().abs(), start["layer1"].double().abs()
    assert torch.allclose(scores["layer0"], first * second.sum(1))
    assert torch.allclose(scores["layer1"], second * first.sum(0).unsqueeze(1))


def test_every_token_is_once_at_every_place_beside_another() -> None:
    probe = NetworkProbe(
        tensors={},
        mask=Mask({}),
        inputs=torch.tensor([[7, 2, 4], [4, 4, 0]]),
        labels=torch.zeros(2),
        network=TINY,
        criterion=loss_named("cross-entropy"),
    )
    rows = probe.tokens()
    assert rows.shape == (4, 3)
    assert all(sorted(column) == [0, 2, 4, 7] for column in rows.T.tolist())
    assert all(len(set(row)) == 3 for row in rows.tolist())


def test_single_shot_synflow_collapses_a_layer_where_100_rounds_do_not() -> None:
    """The paper's MLP with 50 of 115,000 weights (Tanaka et al. 2020, section 6)."""
    network = PairMlp(67, 67)
    start = network.start(torch.Generator().manual_seed(0))
    pairs = torch.arange(67).unsqueeze(1).expand(67, 2)
    once, many = (
        saliency_mask("synflow", network, start, pairs, pairs[:, 0], 1 - 50 / 115_000, rounds=rounds)
        for rounds in (1, None)
    )
    assert once.kept == many.kept == 50
    assert not bool(once["embed"].any())
    # Rounds leave no weight that does not lie on a path from a token to a class.
    for before, after in pairwise(many.values()):
        assert bool(before.any())
        assert torch.equal(before.any(0), after.any(1))
