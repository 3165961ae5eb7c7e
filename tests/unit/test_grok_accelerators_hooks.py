"""Hooks on gradients against one run's textbook loops and SVDs."""

from __future__ import annotations

from collections import deque

import pytest
import torch

from grok_accelerator_cases import SHAPES, changed, drawn, space_of
from winnow.grokking.accelerators.egalitarian import ColumnEgalitarian, Egalitarian
from winnow.grokking.accelerators.grokfast import ExponentialAverage, MovingAverage
from winnow.grokking.accelerators.matrices import (
    EXACT,
    STEEP,
    factor_by_eigenvalues,
    factor_by_products,
    hidden_matrices,
    matrices,
)
from winnow.grokking.accelerators.orthogonal import Orthogonal

STARTS = drawn(3, 1)
MATRICES = [name for name, shape in SHAPES.items() if len(shape) == 2]


@pytest.mark.parametrize("window", [1, 3, 4])
def test_moving_average_is_the_authors_loop(window):
    """Per run: append to a queue, add lambda times its mean once it is full."""
    space = space_of(STARTS)
    hook = MovingAverage(window=window, amplification=5.0)(space)
    queues = [deque(maxlen=window) for _ in STARTS]
    for seed in range(10):
        gradients = drawn(3, 10 + seed)
        for run, queue, found in zip(gradients, queues, changed(hook, space, gradients), strict=True):
            queue.append(run)
            for name, tensor in run.items():
                mean = sum(past[name].double() for past in queue) / len(queue)
                expected = tensor.double() + (5.0 * mean if len(queue) == window else 0.0)
                torch.testing.assert_close(found[name], expected.float(), rtol=1e-6, atol=1e-6)


def test_exponential_average_is_the_authors_loop():
    space = space_of(STARTS)
    hook = ExponentialAverage(momentum=0.98, amplification=2.0)(space)
    slow: list[dict[str, torch.Tensor]] = []
    for seed in range(6):
        gradients = drawn(3, 10 + seed)
        slow = slow or [dict(run) for run in gradients]
        for run, own, found in zip(gradients, slow, changed(hook, space, gradients), strict=True):
            for name, tensor in run.items():
                own[name] = own[name] * 0.98 + tensor * (1 - 0.98)
                torch.testing.assert_close(found[name], tensor + 2.0 * own[name], rtol=1e-5, atol=1e-6)


def test_orthogonal_gradients_have_no_part_along_the_weights_and_the_old_length():
    space = space_of(STARTS)
    gradients = drawn(3, 2)
    for run, start, found in zip(gradients, STARTS, changed(Orthogonal()(space), space, gradients), strict=True):
        for name, given in run.items():
            weights, before, after = (tensor.flatten().double() for tensor in (start[name], given, found[name]))
            across = before - (weights @ before) / (weights @ weights) * weights
            expected = across * before.norm() / across.norm()
            torch.testing.assert_close(after, expected, rtol=1e-6, atol=1e-6)
            assert abs(weights @ after) < 1e-7 * weights.norm() * after.norm()
            assert float(after.norm()) == pytest.approx(float(before.norm()), rel=1e-6)


def test_orthogonal_where_nearly_all_of_the_gradient_is_along_the_weights():
    """Late in training: a part across of 1e-4 must come out orthogonal to the last digits."""
    space = space_of(STARTS[:1])
    gradients = [{name: STARTS[0][name] + 1e-4 * tensor for name, tensor in drawn(1, 3)[0].items()}]
    for name, after in changed(Orthogonal()(space), space, gradients)[0].items():
        weights, after = STARTS[0][name].flatten().double(), after.flatten().double()
        assert abs(weights @ after) < 1e-7 * weights.norm() * after.norm()


def test_orthogonal_at_the_edges():
    """Weights of 0 leave the gradient as it is; a gradient along the weights leaves nothing."""
    starts = [{"embed": torch.zeros(2, 3), "unembed": torch.tensor([[2.0, 0.0], [0.0, 0.0]])}]
    gradients = [{"embed": torch.ones(2, 3), "unembed": torch.tensor([[0.3, 0.0], [0.0, 0.0]])}]
    space = space_of(starts)
    found = changed(Orthogonal()(space), space, gradients)[0]
    assert torch.equal(found["embed"], gradients[0]["embed"])
    assert torch.equal(found["unembed"], torch.zeros(2, 2))


def test_egalitarian_is_the_product_of_singular_vectors():
    space = space_of(STARTS)
    gradients = drawn(3, 2)
    for run, found in zip(gradients, changed(Egalitarian(penalty=0.0)(space), space, gradients), strict=True):
        assert torch.equal(found["bias"], run["bias"])
        for name in MATRICES:
            left, _, right = torch.linalg.svd(run[name].double(), full_matrices=False)
            torch.testing.assert_close(found[name].double(), left @ right, rtol=1e-5, atol=1e-6)


def test_egalitarian_of_a_gradient_of_lower_rank_keeps_its_rank():
    """The gradient of 67 embeddings before 48 neurons has rank 48: rounding must not become a direction."""
    generator = torch.Generator().manual_seed(0)
    given = torch.randn(67, 48, generator=generator) @ torch.randn(48, 500, generator=generator)
    space = space_of([{"embed": given, "unembed": torch.ones(2, 2)}])
    found = changed(Egalitarian(penalty=0.0)(space), space, [{"embed": given, "unembed": torch.ones(2, 2)}])[0]
    values = torch.linalg.svdvals(found["embed"].double())
    torch.testing.assert_close(values[:48], torch.ones(48).double(), rtol=1e-5, atol=1e-5)
    assert values[48:].max() < 0.05
    torch.testing.assert_close(found["unembed"], torch.full((2, 2), 0.5), rtol=1e-5, atol=1e-5)


def test_egalitarian_fades_with_the_gradient():
    """Far below the floor the gradient is only scaled, by 1 / floor."""
    space = space_of(STARTS)
    gradients = [{name: tensor * 1e-12 for name, tensor in run.items()} for run in drawn(3, 2)]
    for run, found in zip(
        gradients, changed(Egalitarian(floor=1e-6, penalty=0.0)(space), space, gradients), strict=True
    ):
        for name in MATRICES:
            torch.testing.assert_close(found[name], run[name] * 1e6, rtol=1e-4, atol=1e-12)


def test_column_egalitarian_has_columns_of_length_one_above_its_floor():
    space = space_of(STARTS)
    gradients = drawn(3, 2)
    gradients[1]["embed"][:, 4] *= 1e-6
    for run, found in zip(
        gradients, changed(ColumnEgalitarian(floor=0.01, penalty=0.0)(space), space, gradients), strict=True
    ):
        assert torch.equal(found["bias"], run["bias"])
        for name in MATRICES:
            for column in range(run[name].shape[1]):
                given = run[name][:, column]
                torch.testing.assert_close(found[name][:, column], given / max(float(given.norm()), 0.01))
    assert changed(ColumnEgalitarian(penalty=0.0)(space), space, gradients)[1]["embed"][:, 4].norm() < 1e-3


@pytest.mark.parametrize("kind", [Egalitarian, ColumnEgalitarian])
def test_inside_leaves_embedding_and_unembedding_alone(kind):
    space = space_of(STARTS)
    gradients = drawn(3, 2)
    every = changed(kind(penalty=0.0)(space), space, gradients)
    for run, whole, found in zip(
        gradients, every, changed(kind(inside=True, penalty=0.0)(space), space, gradients), strict=True
    ):
        for name, tensor in found.items():
            assert torch.equal(tensor, whole[name] if name in ("project_in", "project_out") else run[name])


@pytest.mark.parametrize("kind", [Egalitarian, ColumnEgalitarian])
def test_a_penalty_is_part_of_the_gradient_that_is_changed(kind):
    space = space_of(STARTS)
    gradients = drawn(3, 2)
    whole = [
        {name: run[name] + 0.5 * start[name] for name in run} for run, start in zip(gradients, STARTS, strict=True)
    ]
    expected = changed(kind(penalty=0.0)(space), space, whole)
    for found, run in zip(changed(kind(penalty=0.5)(space), space, gradients), expected, strict=True):
        for name, tensor in run.items():
            torch.testing.assert_close(found[name], tensor, rtol=1e-5, atol=1e-6)


def test_matrices_of_a_network():
    shapes = {"embed": (3, 4), "position_embed": (2, 4), "query": (2, 4, 2), "gain": (4,), "up": (4, 8), "out": (8, 3)}
    space = space_of(drawn(2, 0, shapes))
    assert matrices(space) == ["embed", "position_embed", "query", "up", "out"]
    assert hidden_matrices(space) == ["query", "up"]


def test_every_head_is_a_matrix_of_its_own():
    run = drawn(1, 0, {"query": (3, 5, 2), "out": (2, 2)})
    space = space_of(run)
    found = changed(Egalitarian(penalty=0.0)(space), space, run)[0]["query"]
    for head in range(3):
        left, _, right = torch.linalg.svd(run[0]["query"][head].double(), full_matrices=False)
        torch.testing.assert_close(found[head].double(), left @ right, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("steps", [(STEEP,) * 5, (STEEP,) * 8 + (EXACT,) * 4])
def test_both_ways_to_the_factor_agree(steps):
    """By matrix products on a GPU, by eigenvalues on a CPU."""
    tensor = torch.randn(2, 3, 9, 30, generator=torch.Generator().manual_seed(0)).double()
    tensor /= torch.linalg.matrix_norm(tensor, keepdim=True)
    gram = tensor @ tensor.mT
    torch.testing.assert_close(factor_by_products(gram, steps), factor_by_eigenvalues(gram, steps))
