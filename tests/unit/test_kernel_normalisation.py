# pyright: reportArgumentType=false, reportCallIssue=false, reportOptionalMemberAccess=false
"""Batch normalisation with its gradients and running averages, against torch in float64."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
import torch
from torch import Tensor, nn

from sparse_cases import by_image, has_clean_border, inside, placed, run
from winnow.kernels.layout import Layout, batch_of, buffer
from winnow.kernels.normalisation import (
    normalise_call,
    normalise_gradient_call,
    running_statistics_call,
    statistics_calls,
)

pytestmark = pytest.mark.usefixtures("one_thread")
CLOSE = {"rtol": 1e-5, "atol": 1e-5}
SHAPES = {
    "images": (20, (3, 4, 5)),
    "whole blocks": (64, (4, 3, 3)),
    "two blocks, the last of one image": (65, (2, 3, 2)),
    "units": (60, (7, 1, 1)),
    "two units": (2, (1, 1, 1)),
    "one image": (1, (3, 4, 4)),
}


@pytest.fixture(autouse=True)
def same_numbers() -> None:
    torch.manual_seed(0)


@dataclass
class Kernel:
    """A batch normalisation by the kernels; its running averages are those of a torch layer."""

    layer: nn.BatchNorm2d
    threads: int
    constants: Tensor = field(init=False)
    moments: tuple[Tensor, Tensor] = field(init=False)

    def __post_init__(self) -> None:
        momentum = -1.0 if self.layer.momentum is None else self.layer.momentum
        self.constants = torch.tensor([self.layer.eps, momentum])
        self.moments = torch.zeros(self.layer.num_features), torch.zeros(self.layer.num_features)

    @property
    def running(self) -> tuple[Tensor, Tensor, Tensor]:
        mean, variance, count = self.layer.running_mean, self.layer.running_var, self.layer.num_batches_tracked
        assert mean is not None and variance is not None and count is not None
        return mean, variance, count

    def forward(self, images: Tensor, *, extra: Tensor | None = None, clamp: bool = False) -> Tensor:
        batch, shape = batch_of(len(images)), tuple(images.shape[1:])
        self.source = placed(images, Layout(*shape, batch, 1), empty=9)
        self.output = buffer(Layout(*shape, batch, 2))
        inside(self.output)[:] = placed(torch.full_like(images, float("nan")), Layout(*shape, batch)).flat.view_as(
            inside(self.output)
        )
        other = None if extra is None else placed(extra, Layout(*shape, batch), empty=9)
        if self.layer.training:
            calls = statistics_calls(self.source, *self.moments, self.constants, self.running)
        else:
            calls = [running_statistics_call(*self.moments, self.constants, self.running)]
        affine = None if self.layer.weight is None else (self.layer.weight.detach(), self.layer.bias.detach())
        last = normalise_call(self.source, self.output, self.moments, affine, extra=other, clamp=clamp)
        run(*calls, last, threads=self.threads)
        assert has_clean_border(self.output) and not by_image(self.output)[len(images) :].any()
        return self.output.images()

    def backward(self, gradient: Tensor, *, clamp: bool = False) -> list[Tensor]:
        """Gradients of the input, scale and bias, and the gradient as the residual branch gets it."""
        n = self.source.layout
        flowing, target = placed(gradient, Layout(n.channels, n.height, n.width, n.batch, 1)), buffer(n)
        scale, by_scale, by_bias = self.layer.weight, torch.zeros(n.channels), torch.zeros(n.channels)
        affine = (None, None, None) if scale is None else (scale.detach(), by_scale, by_bias)
        places = (self.source, self.output, flowing, target)
        run(normalise_gradient_call(*places, self.moments, affine, clamp=clamp), threads=self.threads)
        assert has_clean_border(target) and not by_image(target)[len(gradient) :].any()
        return [target.images(), by_scale, by_bias, flowing.images()]


def pair(channels: int, threads: int, *, momentum: float | None = 0.1, affine: bool = True) -> tuple[Kernel, nn.Module]:
    layer = nn.BatchNorm2d(channels, momentum=momentum, affine=affine)
    if affine:
        nn.init.uniform_(layer.weight, -2, 2)
        nn.init.normal_(layer.bias)
    oracle = nn.BatchNorm2d(channels, momentum=momentum, affine=affine).double()
    oracle.load_state_dict(layer.state_dict())
    return Kernel(layer, threads), oracle


@pytest.fixture(params=[1, 2], ids=lambda threads: f"{threads} threads")
def threads(request: pytest.FixtureRequest) -> int:
    return request.param


@pytest.mark.parametrize("clamp", [False, True])
@pytest.mark.parametrize("affine", [False, True])
@pytest.mark.parametrize("name", SHAPES)
def test_training_and_its_gradients_are_those_of_torch(name: str, affine: bool, clamp: bool, threads: int) -> None:
    count, shape = SHAPES[name]
    images, extra, gradient = (torch.randn(count, *shape) for _ in range(3))
    kernel, oracle = pair(shape[0], threads, affine=affine)
    exact, other = images.double().requires_grad_(), extra.double().requires_grad_()
    expected = oracle(exact) + other
    expected = expected.relu() if clamp else expected
    expected.backward(gradient.double())
    found = kernel.forward(images, extra=extra, clamp=clamp)
    close = {"rtol": 1e-4, "atol": 2e-5}
    torch.testing.assert_close(found.double(), expected.detach(), **close)
    by_input, by_scale, by_bias, by_extra = (g.double() for g in kernel.backward(gradient, clamp=clamp))
    torch.testing.assert_close(by_extra, other.grad)
    if name != "two units":  # the gradient of two numbers' normalisation is the rounding of a difference
        torch.testing.assert_close(by_input, exact.grad, **close)
    if affine:
        torch.testing.assert_close(by_scale, oracle.weight.grad, **close)
        torch.testing.assert_close(by_bias, oracle.bias.grad, **close)


@pytest.mark.parametrize("momentum", [0.1, 0.0, 1.0, None])
def test_running_averages_and_their_count_are_those_of_torch(momentum: float | None, threads: int) -> None:
    kernel, oracle = pair(3, threads, momentum=momentum)
    for step in range(4):
        images = (step + 1) * torch.randn(20, 3, 4, 5) + step
        kernel.forward(images)
        oracle(images.double())
        for name, tensor in oracle.named_buffers():
            torch.testing.assert_close(dict(kernel.layer.named_buffers())[name].to(tensor.dtype), tensor, **CLOSE)
    assert int(kernel.running[2]) == 4


def test_evaluation_uses_the_running_averages_and_leaves_them(threads: int) -> None:
    kernel, oracle = pair(3, threads)
    for layer in (kernel.layer, oracle.eval()):
        layer.eval()
        layer.running_mean.copy_(torch.tensor([1.0, -2.0, 3.0]))
        layer.running_var.copy_(torch.tensor([0.0, 4.0, 0.01]))
    images, extra = torch.randn(20, 3, 4, 5), torch.randn(20, 3, 4, 5)
    before = [t.clone() for t in kernel.running]
    found = kernel.forward(images, extra=extra, clamp=True)
    with torch.no_grad():
        expected = (oracle(images.double()) + extra).relu()
    torch.testing.assert_close(found.double(), expected, rtol=1e-5, atol=1e-4)
    assert all(torch.equal(a, b) for a, b in zip(before, kernel.running, strict=True))


def errors(images: Tensor, threads: int) -> dict[str, float]:
    """The largest error of everything that is computed, as a share of the largest value."""
    gradient = torch.randn_like(images)
    kernel, oracle = pair(images.shape[1], threads)
    exact = images.double().requires_grad_()
    expected = oracle(exact)
    expected.backward(gradient.double())
    output = kernel.forward(images)
    by_input, by_scale, _, _ = kernel.backward(gradient)
    compared = {
        "output": (output, expected.detach()),
        "running variance": (kernel.running[1], oracle.running_var),
        "gradient of the scale": (by_scale, oracle.weight.grad),
        "gradient of the input": (by_input, exact.grad),
    }
    return {name: float((found - right).abs().max() / right.abs().max()) for name, (found, right) in compared.items()}


def test_numbers_far_from_zero_cost_only_the_digits_that_float32_has_there(threads: int) -> None:
    found = errors(1000 + 0.01 * torch.randn(64, 2, 8, 8), threads)
    assert found.pop("running variance") < 1e-6
    # Numbers near 1000 lie 6e-5 apart, which is 0.6 % of the deviation.
    assert all(error < 0.01 for error in found.values()), found


def test_a_first_value_far_from_the_others_costs_no_digits(threads: int) -> None:
    images = torch.randn(64, 2, 8, 8)
    images[0, :, 0, 0] = 300
    found = errors(images, threads)
    assert all(error < 1e-5 for error in found.values()), found


@pytest.mark.parametrize("clamp", [False, True])
def test_what_is_not_a_number_stays_in_its_channel_as_in_torch(clamp: bool) -> None:
    images = torch.randn(20, 3, 4, 5)
    images[3, 1, 2, 2] = float("nan")
    kernel, oracle = pair(3, 1)
    found = kernel.forward(images, clamp=clamp)
    expected = oracle(images.double()).detach()
    expected = expected.relu() if clamp else expected
    torch.testing.assert_close(found.double(), expected, rtol=1e-4, atol=1e-5, equal_nan=True)
    assert bool(found[:, 1].isnan().all())


def test_a_constant_channel_is_moved_to_its_bias() -> None:
    kernel, _ = pair(2, 1)
    found = kernel.forward(torch.full((20, 2, 3, 3), 7.25))
    bias = kernel.layer.bias.detach().view(1, 2, 1, 1).expand_as(found)
    torch.testing.assert_close(found, bias, rtol=0, atol=1e-3)
    assert float(kernel.moments[1][0]) == pytest.approx(kernel.layer.eps**-0.5)
