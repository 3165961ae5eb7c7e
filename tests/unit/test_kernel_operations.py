# pyright: reportArgumentType=false, reportCallIssue=false, reportOptionalMemberAccess=false
"""Pooling, activations, sums and the loss with their gradients, against torch in float64."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from sparse_cases import by_image, has_clean_border, inside, placed, run
from winnow.kernels.elementwise import activate_call, activate_gradient_call, add_call
from winnow.kernels.layout import Buffer, Layout, batch_of, buffer
from winnow.kernels.loss import cross_entropy_call
from winnow.kernels.pooling import pool_call, pool_gradient_call

pytestmark = pytest.mark.usefixtures("one_thread")
POOLS = {
    "plain": ((2, 2), (2, 2), (0, 0)),
    "overlapping": ((3, 2), (2, 1), (0, 0)),
    "padded": ((3, 3), (2, 2), (1, 1)),
    "padded on one side": ((2, 3), (1, 2), (0, 1)),
    "apart": ((1, 2), (3, 3), (0, 0)),
    "whole": ((7, 8), (7, 8), (0, 0)),
}
ODD = [float("nan"), float("inf"), -float("inf"), 0.0, -0.0, 1.5, -1.5]


@pytest.fixture(autouse=True)
def same_numbers() -> None:
    torch.manual_seed(0)


@pytest.fixture(params=[1, 2], ids=lambda threads: f"{threads} threads")
def threads(request: pytest.FixtureRequest) -> int:
    return request.param


def layout(shape: tuple[int, int, int], images: int, halo: int = 0) -> Layout:
    return Layout(*shape, batch_of(images), halo)


def unset(of: Layout) -> Buffer:
    held = buffer(of)
    inside(held).fill_(float("nan"))
    return held


def pooled(kind: str, images: Tensor, options: dict[str, Any]) -> Tensor:
    function = F.max_pool2d if kind == "maxpool" else F.avg_pool2d
    return function(images, options["kernel"], options["stride"], options["padding"])


def check_pool(kind: str, name: str, images: Tensor, threads: int) -> None:
    """The output, and the gradient of a gradient of whole numbers: sums of those are exact."""
    options = dict(zip(("kernel", "stride", "padding"), POOLS[name], strict=True))
    exact = images.double().requires_grad_()
    expected = pooled(kind, exact, options)
    gradient = torch.randint(-9, 10, expected.shape).float()
    expected.backward(gradient.double())
    source = placed(images, layout((2, 7, 8), len(images), 2), empty=5)
    target = unset(layout(tuple(expected.shape[1:]), len(images), 1))
    by_target, by_source = placed(gradient, layout(tuple(expected.shape[1:]), len(images))), unset(source.layout)
    run(pool_call(kind, options, source, target), threads=threads)
    run(pool_gradient_call(kind, options, source, target, by_source, by_target), threads=threads)
    close = {"rtol": 0 if kind == "maxpool" else 1e-6, "atol": 0 if kind == "maxpool" else 1e-6, "equal_nan": True}
    torch.testing.assert_close(target.images().double(), expected.detach(), **close)
    torch.testing.assert_close(by_source.images().double(), exact.grad, **close)
    assert has_clean_border(target) and has_clean_border(by_source)
    assert not by_image(by_source)[len(images) :].any()


@pytest.mark.parametrize(("kind", "name"), list(itertools.product(("maxpool", "avgpool"), POOLS)))
def test_pools_are_those_of_torch(kind: str, name: str, threads: int) -> None:
    check_pool(kind, name, torch.randn(20, 2, 7, 8), threads)


@pytest.mark.parametrize("name", POOLS)
def test_the_first_of_equal_inputs_gets_the_gradient_of_a_maximum(name: str, threads: int) -> None:
    check_pool("maxpool", name, torch.randint(-1, 2, (20, 2, 7, 8)).float(), threads)
    check_pool("maxpool", name, torch.full((9, 2, 7, 8), -float("inf")), threads)


@pytest.mark.parametrize("kind", ["maxpool", "avgpool"])
def test_what_is_not_a_number_passes_through_a_pool(kind: str) -> None:
    images = torch.randn(20, 2, 7, 8)
    images.view(-1)[::7] = float("nan")
    images.view(-1)[::11] = float("inf")
    options = dict(zip(("kernel", "stride", "padding"), POOLS["padded"], strict=True))
    expected = pooled(kind, images, options)
    target = unset(layout(tuple(expected.shape[1:]), 20))
    run(pool_call(kind, options, placed(images, layout((2, 7, 8), 20)), target))
    torch.testing.assert_close(target.images(), expected, equal_nan=True)


@pytest.mark.parametrize("function", ["relu", "tanh", "sigmoid", "identity"])
def test_activations_and_their_gradients_are_those_of_torch(function: str, threads: int) -> None:
    torch_function = getattr(torch, function, lambda x: x * 1)
    images, gradient = 4 * torch.randn(20, 3, 4, 5), torch.randn(20, 3, 4, 5)
    images[0, 0, 0] = torch.tensor([100.0, -100.0, 0.0, 1e-8, -20.0])
    exact = images.double().requires_grad_()
    expected = torch_function(exact)
    expected.backward(gradient.double())
    output = placed(images, layout((3, 4, 5), 20, 1), empty=3)
    flowing, sums = placed(gradient, layout((3, 4, 5), 20, 2)), torch.full((3,), float("nan"))
    run(activate_call(function, output), threads=threads)
    torch.testing.assert_close(output.images().double(), expected.detach(), rtol=1e-6, atol=1e-7)
    run(activate_gradient_call(function, flowing, output, sums), threads=threads)
    torch.testing.assert_close(flowing.images().double(), exact.grad, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(sums.double(), exact.grad.sum((0, 2, 3)), rtol=1e-5, atol=1e-5)
    assert has_clean_border(output) and has_clean_border(flowing)
    assert not by_image(flowing)[20:].any()


@pytest.mark.parametrize("function", ["relu", "tanh", "sigmoid"])
def test_what_is_not_finite_passes_through_an_activation_as_through_torch(function: str) -> None:
    images = torch.tensor(ODD).view(-1, 1, 1, 1)
    held = placed(images, layout((1, 1, 1), len(ODD)))
    run(activate_call(function, held))
    torch.testing.assert_close(held.images(), getattr(torch, function)(images), equal_nan=True)


def test_sums_may_go_anywhere(threads: int) -> None:
    x, y = torch.randn(20, 3, 4, 5), torch.randn(20, 3, 4, 5)
    first, second = placed(x, layout((3, 4, 5), 20, 1)), placed(y, layout((3, 4, 5), 20))
    target = unset(layout((3, 4, 5), 20, 2))
    run(add_call(target, first, second), threads=threads)
    assert torch.equal(target.images(), x + y)
    run(add_call(first, first, second), add_call(target, second), threads=threads)
    assert torch.equal(first.images(), x + y)
    assert torch.equal(target.images(), y)
    assert has_clean_border(target) and has_clean_border(first)


def entropy(logits: Tensor, labels: Tensor, threads: int = 1, numbers: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """(loss, accuracy) and the gradient by the kernel; empty images stay without gradient."""
    held = placed(logits[:, :, None, None], layout((logits.shape[1], 1, 1), len(logits)), empty=50)
    gradient, result = buffer(held.layout), torch.full((2,), float("nan"))
    loss = cross_entropy_call(held, gradient, result)
    loss.read(labels.data_ptr(), None if numbers is None else numbers.data_ptr())
    run(loss.call, threads=threads)
    assert not by_image(gradient)[len(logits) :].any()
    return result, gradient.images().flatten(1)


@pytest.mark.parametrize(("images", "classes"), [(1, 1), (1, 10), (60, 10), (65, 3), (20, 5000)])
@pytest.mark.parametrize("scale", [1e-3, 1.0, 100.0, 1e30])
def test_the_loss_and_its_gradient_are_those_of_torch(images: int, classes: int, scale: float, threads: int) -> None:
    logits, labels = scale * torch.randn(images, classes), torch.randint(0, classes, (images,))
    exact = logits.double().requires_grad_()
    expected = F.cross_entropy(exact, labels)
    expected.backward()
    result, gradient = entropy(logits, labels, threads)
    torch.testing.assert_close(result[0].double(), expected.detach(), rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(gradient.double(), exact.grad, rtol=1e-4, atol=1e-7)
    assert float(result[1]) == pytest.approx(float((logits.argmax(1) == labels).float().mean()))


def test_labels_are_picked_by_their_numbers() -> None:
    logits, labels, numbers = torch.randn(20, 4), torch.randint(0, 4, (50,)), torch.randint(0, 50, (20,))
    for found, expected in zip(entropy(logits, labels, 1, numbers), entropy(logits, labels[numbers]), strict=True):
        assert torch.equal(found, expected)


def test_of_equal_logits_the_first_is_the_answer() -> None:
    logits = torch.randint(0, 2, (200, 4)).float()
    labels = torch.randint(0, 4, (200,))
    assert float(entropy(logits, labels)[0][1]) == pytest.approx(float((logits.argmax(1) == labels).float().mean()))


@pytest.mark.parametrize("odd", ODD[:3])
def test_a_logit_that_is_not_finite_gives_the_loss_of_torch(odd: float) -> None:
    logits, labels = torch.randn(3, 4), torch.tensor([0, 1, 2])
    logits[1, 2] = odd
    expected = F.cross_entropy(logits, labels)
    torch.testing.assert_close(entropy(logits, labels)[0][0], expected, equal_nan=True)
