"""Products with stored weights against torch in float64, over geometries, batches, densities and threads."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from torch import Tensor

from sparse_cases import EPSILON, by_image, has_clean_border, inside, placed, run
from sparse_layers import GARBAGE, Case, convolutions, differentiated, linears, made
from winnow.kernels.elementwise import activate_gradient_call
from winnow.kernels.layout import Buffer, Layout, buffer
from winnow.kernels.products import Window
from winnow.kernels.vectors import LANES

pytestmark = pytest.mark.usefixtures("one_thread")


def assert_rounded(found: Tensor, expected: Tensor, size: Tensor) -> None:
    """Equal up to float32 rounding of sums whose terms add up to `size` in absolute value."""
    error = (found.double() - expected).abs()
    assert bool((error <= 16 * EPSILON * size + 1e-30).all()), f"off by {float((error / (size + 1e-30)).max()):.2e}"


def unset(layout: Layout) -> Buffer:
    """Memory that nobody has written yet: not a number, but for the border."""
    held = buffer(layout)
    inside(held).fill_(float("nan"))
    return held


def check_forward(case: Case, threads: int) -> None:
    m = made(case)
    source, target = placed(m.images, m.x, GARBAGE), unset(m.y)
    extra = placed(m.extra, replace(m.y, halo=case.halos[2]), GARBAGE) if case.extra else None
    before = source.flat.clone()
    call = m.taps.forward(m.stored, m.bias if case.bias else None, source, target, clamp=case.relu, extra=extra)
    run(call, threads=threads)
    expected, size = differentiated(m)[0], differentiated(m, absolute=True)[0]
    if case.bias:
        expected, size = expected + m.bias.view(-1, 1, 1), size + m.bias.abs().view(-1, 1, 1)
    if case.extra:
        expected, size = expected + m.extra, size + m.extra.abs()
    assert_rounded(target.images(), expected.relu() if case.relu else expected, size)
    assert has_clean_border(target)
    assert torch.equal(source.flat, before)


def check_input_gradient(case: Case, threads: int) -> None:
    m = made(case)
    gradient = placed(m.gradient, replace(m.y, halo=m.taps.gradient_halo() + case.halos[2]))
    target, before = unset(replace(m.x, halo=case.halos[3])), gradient.flat.clone()
    _, expected, _ = differentiated(m)
    _, size, _ = differentiated(m, absolute=True)
    run(*m.taps.input_gradient(m.stored, gradient, target, add=False), threads=threads)
    assert_rounded(target.images(), expected, size)
    run(*m.taps.input_gradient(m.stored, gradient, target, add=True), threads=threads)
    assert_rounded(target.images(), 2 * expected, 2 * size)
    assert has_clean_border(target)
    assert not by_image(target)[case.images :].any()
    assert torch.equal(gradient.flat, before)


def check_weight_gradient(case: Case, threads: int) -> None:
    # Blocks must fill whole vector registers here; the engine asks for such.
    m = made(replace(case, smallest=max(case.smallest, LANES)))
    gradient = placed(m.gradient, replace(m.y, halo=m.taps.gradient_halo() + case.halos[2]))
    source = placed(m.images, m.x, GARBAGE)
    target, sums = torch.full_like(m.stored, float("nan")), torch.full((case.outputs,), float("nan"))
    calls = m.taps.weight_gradient(gradient, source, target, threads)
    calls.append(activate_gradient_call("identity", gradient, buffer(m.y), sums))
    positions = torch.from_numpy(m.pattern.positions)
    expected, size = (differentiated(m, absolute=a)[2].flatten()[positions] for a in (False, True))
    for _ in range(2):
        run(*calls, threads=threads)
        assert_rounded(target, expected, size)
        exact = m.gradient.double()
        assert_rounded(sums, exact.sum((0, 2, 3)), exact.abs().sum((0, 2, 3)))


CHECKS = {"forward": check_forward, "input gradient": check_input_gradient, "weight gradient": check_weight_gradient}


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("check", CHECKS)
@settings(max_examples=60)
@given(case=convolutions())
def test_convolutions_are_those_of_torch(check: str, threads: int, case: Case) -> None:
    CHECKS[check](case, threads)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("check", CHECKS)
@settings(max_examples=30)
@given(case=linears())
def test_linear_layers_are_those_of_torch(check: str, threads: int, case: Case) -> None:
    CHECKS[check](case, threads)


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("size", [1, 3])
def test_groups_whose_kernel_is_as_large_as_the_input(check: str, size: int) -> None:
    window = Window((size, size), groups=2)
    CHECKS[check](Case((4, size, size), 6, window, 20, 16, 1.0, (0, 0, 0, 0), 0), 1)


def test_the_input_in_the_empty_images_does_not_reach_the_weights() -> None:
    case = Case((3, 5, 5), 4, Window((3, 3), padding=(1, 1)), 20, 16, 0.7, (1, 0, 0, 0), 0)
    m = made(case)
    gradient = placed(m.gradient, replace(m.y, halo=m.taps.gradient_halo()))
    found = []
    for empty in (0.0, GARBAGE):
        target = torch.zeros_like(m.stored)
        run(*m.taps.weight_gradient(gradient, placed(m.images, m.x, empty), target, 1))
        found.append(target)
    assert torch.equal(*found)


@pytest.mark.parametrize("threads", [1, 2])
def test_wide_dense_rows_are_summed_block_by_block(threads: int) -> None:
    case = Case((40, 6, 6), 40, Window((3, 3), padding=(1, 1)), 33, 16, 0.7, (1, 1, 1, 1), 3, relu=True, extra=True)
    assert made(case).pattern.blocks > 1
    for check in CHECKS.values():
        check(case, threads)


def test_outputs_are_counted_as_torch_does() -> None:
    for case in (Window((3, 2), (2, 1), (1, 0), (1, 2)), Window((1, 1), (3, 3))):
        geometry = (case.stride, case.padding, case.dilation)
        out = F.conv2d(torch.zeros(1, 1, 9, 8), torch.zeros(1, 1, *case.kernel), None, *geometry)
        assert case.outputs(9, 8) == tuple(out.shape[2:])


def test_a_layer_without_stored_weights_puts_out_its_bias() -> None:
    case = Case((3, 4, 4), 2, Window((3, 3)), 9, 8, 0.0, (0, 0, 0, 0), 0)
    m = made(case)
    target = unset(m.y)
    run(m.taps.forward(m.stored, m.bias, placed(m.images, m.x), target))
    assert torch.equal(target.images(), m.bias.view(1, -1, 1, 1).expand(9, -1, 2, 2))
    assert m.pattern.stored == 0
