"""Losses and heatmaps of the three tasks against loops in float64."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from winnow.supernet.tasks import Classification, Keypoints, Segmentation
from winnow.supernet.tasks.bodies import Body
from winnow.supernet.tasks.heatmaps import heatmap_errors, heatmaps_of, joints_of
from winnow.supernet.tasks.pixels import Pixels

PLAIN = Pixels((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
CLASSES = ("sky", "road", "tree")
BODY = Body(("left", "right"), pairs=((0, 1),))


def _random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def _smoothed(logits: list[float], label: int, smoothing: float) -> float:
    """Cross-entropy of one row with the label's share 1 - s + s/C, and s/C for the others."""
    top = max(logits)
    norm = top + math.log(sum(math.exp(value - top) for value in logits))
    share = [smoothing / len(logits) + (1 - smoothing) * (number == label) for number in range(len(logits))]
    return sum(part * (norm - value) for part, value in zip(share, logits, strict=True))


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_classification_is_smoothed_cross_entropy(smoothing: float) -> None:
    outputs, labels = _random(7, 3), torch.arange(7) % 3
    rows = zip(outputs.tolist(), labels.tolist(), strict=True)
    wanted = sum(_smoothed(row, label, smoothing) for row, label in rows) / 7
    assert float(Classification(CLASSES, PLAIN, smoothing=smoothing).loss(outputs, labels)) == pytest.approx(wanted)


def _enlarged(values: list[list[float]], height: int, width: int) -> list[list[float]]:
    """Bilinear enlargement between pixel centres, borders held."""
    rows, columns = len(values), len(values[0])

    def at(place: int, before: int, after: int) -> tuple[int, int, float]:
        exact = min(max((place + 0.5) * before / after - 0.5, 0.0), before - 1.0)
        low = int(exact)
        return low, min(low + 1, before - 1), exact - low

    made = []
    for y in range(height):
        top, bottom, v = at(y, rows, height)
        line = []
        for x in range(width):
            left, right, u = at(x, columns, width)
            upper = values[top][left] * (1 - u) + values[top][right] * u
            lower = values[bottom][left] * (1 - u) + values[bottom][right] * u
            line.append(upper * (1 - v) + lower * v)
        made.append(line)
    return made


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_segmentation_enlarges_and_leaves_unlabelled_pixels_out(smoothing: float) -> None:
    outputs = _random(2, 3, 3, 4)
    labels = torch.randint(0, 3, (2, 6, 8), generator=torch.Generator().manual_seed(1), dtype=torch.uint8)
    labels[0, :2] = 255
    labels[1, 3, 5] = 255
    losses = []
    for image in range(2):
        wide = [_enlarged(outputs[image, c].tolist(), 6, 8) for c in range(3)]
        for y in range(6):
            for x in range(8):
                if labels[image, y, x] != 255:
                    row = [wide[c][y][x] for c in range(3)]
                    losses.append(_smoothed(row, int(labels[image, y, x]), smoothing))
    found = Segmentation(CLASSES, PLAIN, smoothing=smoothing).loss(outputs, labels)
    assert float(found) == pytest.approx(sum(losses) / len(losses))


def test_a_batch_with_nothing_labelled_costs_0_and_has_gradients_of_0() -> None:
    outputs = _random(2, 3, 3, 4).requires_grad_()
    masks = torch.full((2, 6, 8), 255, dtype=torch.uint8)
    joints = torch.zeros(2, 3, 3)
    body = Body(("a", "b", "c"))
    for loss in (
        Segmentation(CLASSES, PLAIN).loss(outputs, masks),
        Keypoints(body, PLAIN, (6, 8)).loss(outputs, joints),
    ):
        (gradient,) = torch.autograd.grad(loss, outputs)
        assert loss.item() == 0.0
        assert (gradient == 0).all()


def test_heatmap_loss_is_the_mean_over_labelled_joints() -> None:
    size, sigma = (12, 16), 1.2
    outputs = _random(2, 2, 6, 8)
    joints = torch.tensor([[[3.0, 4.5, 2.0], [10.0, 7.0, 1.0]], [[15.0, 0.0, 0.0], [8.25, 11.0, 2.0]]]).double()
    errors = []
    for image in range(2):
        for joint in range(2):
            x, y, visible = joints[image, joint].tolist()
            if not visible:
                continue
            cx, cy = (x + 0.5) / 2 - 0.5, (y + 0.5) / 2 - 0.5
            error = 0.0
            for row in range(6):
                for column in range(8):
                    bell = math.exp(-((column - cx) ** 2 + (row - cy) ** 2) / (2 * sigma**2))
                    error += (float(outputs[image, joint, row, column]) - bell) ** 2
            errors.append(error / (math.pi * sigma**2))
    found = Keypoints(BODY, PLAIN, size, sigma=sigma).loss(outputs, joints)
    assert len(errors) == 3
    assert float(found) == pytest.approx(sum(errors) / 3)


def test_joints_that_do_not_count_have_no_gradient_even_where_they_are_not_numbers() -> None:
    outputs = _random(1, 2, 6, 8).requires_grad_()
    joints = torch.tensor([[[3.0, 4.0, 2.0], [torch.nan, torch.nan, 0.0]]])
    loss = Keypoints(BODY, PLAIN, (12, 16)).loss(outputs, joints)
    (gradient,) = torch.autograd.grad(loss, outputs)
    assert loss.isfinite()
    assert (gradient[0, 0] != 0).any()
    assert (gradient[0, 1] == 0).all()


@pytest.mark.parametrize(("size", "sigma"), [((32, 24), 1.5), ((64, 48), 2.0)])
def test_an_answer_of_zeros_costs_1_on_heatmaps_of_any_size(size: tuple[int, int], sigma: float) -> None:
    joints = torch.tensor([[[11.3, 14.8]]], dtype=torch.float64)
    maps = heatmaps_of(joints, size, size, sigma)
    assert float(heatmap_errors(torch.zeros_like(maps), maps, sigma)) == pytest.approx(1.0, rel=1e-4)


@settings(max_examples=40, deadline=None)
@given(x=st.floats(3, 60), y=st.floats(3, 44), stride=st.sampled_from([1, 2, 4]))
def test_decoding_finds_what_was_drawn_to_a_quarter_of_a_heatmap_pixel(x: float, y: float, stride: int) -> None:
    image = (48, 64)
    maps = heatmaps_of(torch.tensor([[[x, y, 2.0]]]), image, (48 // stride, 64 // stride), 1.5)
    found = joints_of(maps, image)[0, 0]
    # A pixel's width apart where the quarter step is cut off at the border, else a quarter of one.
    inner = min(x, 63 - x, y, 47 - y) > 1.5 * stride
    allowed = stride * (0.2501 if inner else 0.5001)
    assert abs(float(found[0]) - x) <= allowed
    assert abs(float(found[1]) - y) <= allowed
    assert 0.85 < float(found[2]) <= 1.0


def test_the_step_goes_to_the_higher_neighbour_and_none_is_made_at_the_border() -> None:
    heat = torch.zeros(1, 3, 4, 5)
    heat[0, 0, 2, 2], heat[0, 0, 2, 3], heat[0, 0, 1, 2] = 1.0, 0.5, 0.4
    heat[0, 1, 0, 0], heat[0, 1, 0, 1] = 1.0, 0.5
    heat[0, 2, 1, 1] = 1.0
    found = joints_of(heat, (4, 5))[0]
    torch.testing.assert_close(found, torch.tensor([[2.25, 1.75, 1.0], [0.0, 0.0, 1.0], [1.0, 1.0, 1.0]]))


def test_a_mirror_of_the_joints_mirrors_heatmaps_and_answers_exactly() -> None:
    image, heat = (20, 24), (10, 12)
    joints = torch.rand(3, 4, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) * 19
    mirrored = joints.clone()
    mirrored[:, :, 0] = 23 - joints[:, :, 0]
    maps = heatmaps_of(joints, image, heat, 1.5)
    torch.testing.assert_close(heatmaps_of(mirrored, image, heat, 1.5), maps.flip(3))
    there, back = joints_of(maps, image), joints_of(maps.flip(3), image)
    torch.testing.assert_close(back[:, :, 0], 23 - there[:, :, 0])
