"""Measures of the three tasks against brute force and scikit-learn, and networks left as they were."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, jaccard_score, top_k_accuracy_score
from torch import Tensor, nn

from winnow.core import WinnowError
from winnow.data.vision import VisionSplit
from winnow.supernet.tasks import Classification, Keypoints, Segmentation, Task
from winnow.supernet.tasks.bodies import Body
from winnow.supernet.tasks.confusion import confusion_of, iou_measures
from winnow.supernet.tasks.oks import average_precision, similarities
from winnow.supernet.tasks.pck import box_sides, pck, torso_lengths
from winnow.supernet.tasks.pixels import Pixels

PLAIN = Pixels((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
CLASSES = tuple("abcdefg")
BODY = Body(
    ("left shoulder", "right shoulder", "left hip", "right hip"),
    pairs=((0, 1), (2, 3)),
    sigmas=(0.079, 0.079, 0.107, 0.107),
    torso=(0, 3),
)


def _generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _labels(count: int = 30) -> VisionSplit:
    images = torch.randint(0, 256, (count, 3, 8, 8), generator=_generator(), dtype=torch.uint8)
    return VisionSplit(images, torch.randint(0, 6, (count,), generator=_generator(1)))


def _masks(count: int = 10) -> VisionSplit:
    images = torch.randint(0, 256, (count, 3, 8, 10), generator=_generator(), dtype=torch.uint8)
    masks = torch.randint(0, 6, (count, 8, 10), generator=_generator(1), dtype=torch.uint8)
    masks[torch.rand(masks.shape, generator=_generator(2)) < 0.2] = 255
    return VisionSplit(images, masks)


def _bodies(count: int = 10) -> VisionSplit:
    images = torch.randint(0, 256, (count, 3, 16, 20), generator=_generator(), dtype=torch.uint8)
    places = torch.rand(count, 4, 2, generator=_generator(1)) * 15
    visible = torch.randint(0, 3, (count, 4, 1), generator=_generator(2)).float()
    return VisionSplit(images, torch.cat([places, visible], 2), torch.full((count,), 12.0))


class _Small(nn.Module):
    """A convolution, BatchNorm in a mode of its own, and dropout: it answers differently in train mode."""

    def __init__(self, outputs: int, *, pooled: bool) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first = nn.Conv2d(3, outputs, 3, stride=2, padding=1)
        self.norm = nn.BatchNorm2d(outputs).eval()
        self.drop = nn.Dropout(0.5)
        self.pooled = pooled

    def forward(self, images: Tensor) -> Tensor:
        maps = self.drop(self.norm(self.first(images)))
        return maps.mean((2, 3)) if self.pooled else maps


def _case(number: int) -> tuple[Task, VisionSplit, nn.Module]:
    return [
        lambda: (Classification(CLASSES, PLAIN), _labels(), _Small(7, pooled=True)),
        lambda: (Segmentation(CLASSES, PLAIN), _masks(), _Small(7, pooled=False)),
        lambda: (Keypoints(BODY, PLAIN, (16, 20)), _bodies(), _Small(4, pooled=False)),
    ][number]()


@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize("number", range(3))
def test_measures_do_not_depend_on_the_batch_and_leave_the_network_as_it_was(number: int, flip: bool) -> None:
    task, split, network = _case(number)
    network.train()
    network.get_submodule("norm").eval()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    whole = task.measure(network, split, batch=64, flip=flip)
    parts = task.measure(network, split, batch=3, flip=flip)
    assert whole == pytest.approx(parts, rel=1e-5)
    assert task.metric in whole
    assert math.isfinite(whole["loss"])
    assert network.training
    assert not network.get_submodule("norm").training
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, before[name])


@pytest.mark.parametrize("number", range(3))
def test_measures_are_those_of_the_predictions(number: int) -> None:
    task, split, network = _case(number)
    found, predicted = task.measure(network, split, batch=4), task.predict(network, split.images)
    if isinstance(task, Classification):
        assert found["accuracy"] == pytest.approx(accuracy_score(split.targets, predicted))
    elif isinstance(task, Segmentation):
        assert predicted.dtype == torch.uint8
        known = split.targets != 255
        truth, guess = split.targets[known].numpy(), predicted[known].numpy()
        present = sorted({*truth.tolist(), *guess.tolist()})
        assert found["miou"] == pytest.approx(jaccard_score(truth, guess, labels=present, average="macro"))
        assert found["pixel_accuracy"] == pytest.approx(accuracy_score(truth, guess))
    else:
        assert predicted.shape == (10, 4, 3)
        assert {name: found[name] for name in BODY.measures(predicted, split)} == BODY.measures(predicted, split)


def test_accuracies_by_class_and_the_best_five() -> None:
    split, network = _labels(), _Small(7, pooled=True)
    found = Classification(CLASSES, PLAIN).measure(network, split, batch=7)
    with torch.no_grad():
        outputs = network.eval()(split.images.float() / 255)
    assert found["top5"] == pytest.approx(top_k_accuracy_score(split.targets, outputs, k=5, labels=range(7)))
    for number in range(6):
        rows = split.targets == number
        right = (outputs[rows].argmax(1) == number).float().mean()
        assert found[f"accuracy/{CLASSES[number]}"] == pytest.approx(float(right))
    assert "accuracy/g" not in found, "no image is of the last class"
    assert "top5" not in Classification(CLASSES[:5], PLAIN).measure(
        _Small(5, pooled=True), VisionSplit(split.images[:4], torch.arange(4)), batch=2
    )


@pytest.mark.parametrize("number", range(3))
def test_the_flip_test_averages_both_answers(number: int) -> None:
    """A network and its mirror image get the same marks: their two answers are the same pair."""
    task, split, network = _case(number)
    if number == 0:
        mirrored = VisionSplit(split.images.flip(3), split.targets)
    elif number == 1:
        mirrored = VisionSplit(split.images.flip(3), split.targets.flip(2))
    else:
        joints = split.targets[:, [1, 0, 3, 2]].clone()
        joints[:, :, 0] = 19 - joints[:, :, 0]
        mirrored = VisionSplit(split.images.flip(3), joints, split.scales)
    # Of the joints, each one's name goes with its mirror image; the measures over all of them do not change.
    there, back = (task.measure(network, each, batch=4, flip=True) for each in (split, mirrored))
    names = [name for name in there if "/" not in name]
    assert {name: there[name] for name in names} == pytest.approx({name: back[name] for name in names}, rel=1e-5)
    assert there["loss"] != pytest.approx(task.measure(network, split, batch=4)["loss"])


def _slow_iou(predicted: Tensor, truth: Tensor, classes: int) -> dict[int, float]:
    pairs = [(p, t) for p, t in zip(predicted.flatten().tolist(), truth.flatten().tolist(), strict=True) if t != 255]
    found = {}
    for number in range(classes):
        inside = sum(p == number and t == number for p, t in pairs)
        union = sum(number in pair for pair in pairs)
        if union:
            found[number] = inside / union
    return found


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), classes=st.integers(2, 6), used=st.integers(1, 6), pixels=st.integers(1, 40))
def test_iou_is_that_of_sets_of_pixels(seed: int, classes: int, used: int, pixels: int) -> None:
    generator = _generator(seed)
    truth = torch.randint(0, min(used, classes), (2, pixels), generator=generator, dtype=torch.uint8)
    truth[0, 1:][torch.rand(pixels - 1, generator=generator) < 0.3] = 255
    predicted = torch.randint(0, classes, (2, pixels), generator=generator)
    names = CLASSES[:classes]
    found = iou_measures(confusion_of(predicted, truth, classes), names)
    wanted = _slow_iou(predicted, truth, classes)
    assert found["miou"] == pytest.approx(sum(wanted.values()) / len(wanted))
    assert {name: value for name, value in found.items() if name.startswith("iou/")} == pytest.approx(
        {f"iou/{names[number]}": value for number, value in wanted.items()}
    )


def test_the_mean_is_over_one_matrix_and_not_over_images() -> None:
    truth = torch.tensor([[0, 0, 0, 1], [1, 1, 1, 1]])
    predicted = torch.tensor([[0, 0, 0, 0], [1, 1, 1, 1]])
    found = iou_measures(confusion_of(predicted, truth, 3), ("a", "b", "c"))
    assert found == pytest.approx({"miou": (3 / 4 + 4 / 5) / 2, "pixel_accuracy": 7 / 8, "iou/a": 0.75, "iou/b": 0.8})


def test_what_has_no_labels_is_refused() -> None:
    with pytest.raises(WinnowError, match="WN-D02"):
        iou_measures(torch.zeros(2, 2, dtype=torch.int64), ("a", "b"))
    with pytest.raises(WinnowError, match="WN-D02"):
        BODY.measures(
            torch.zeros(2, 4, 3), VisionSplit(torch.zeros(2, 3, 4, 4, dtype=torch.uint8), torch.zeros(2, 4, 3))
        )
    with pytest.raises(WinnowError, match="WN-D02"):
        Classification(CLASSES, PLAIN).measure(_Small(7, pooled=True), _labels().take(slice(0, 0)), batch=2)


def _slow_precision(similarity: list[float], scores: list[float]) -> float:
    """By definition: at each recall the best precision that any cut reaching it has."""
    ranked = [pair[1] for pair in sorted(zip(scores, similarity, strict=True), key=lambda pair: -pair[0])]
    total = 0.0
    for bar in np.linspace(0.5, 0.95, 10):
        rights = [sum(value >= bar for value in ranked[: cut + 1]) for cut in range(len(ranked))]
        for recall in np.linspace(0, 1, 101):
            total += max((r / (cut + 1) for cut, r in enumerate(rights) if r / len(ranked) >= recall), default=0.0)
    return total / 1010


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), count=st.integers(1, 12), ties=st.booleans())
def test_average_precision_is_the_definitions(seed: int, count: int, ties: bool) -> None:
    random = np.random.default_rng(seed)
    similarity = random.uniform(0.3, 1, count)
    scores = random.integers(0, 3, count).astype(float) if ties else random.uniform(size=count)
    found = average_precision(similarity, scores)
    assert found["ap"] == pytest.approx(_slow_precision(similarity.tolist(), scores.tolist()))
    assert found["ar"] == pytest.approx(np.mean([(similarity >= bar).mean() for bar in np.linspace(0.5, 0.95, 10)]))
    assert found["ap50"] >= found["ap75"]


def test_confident_mistakes_cost_precision() -> None:
    right_first = average_precision(np.array([0.99, 0.1]), np.array([0.9, 0.1]))["ap"]
    wrong_first = average_precision(np.array([0.99, 0.1]), np.array([0.1, 0.9]))["ap"]
    assert right_first == pytest.approx(51 / 101)
    assert wrong_first == pytest.approx(51 / 101 / 2)


def test_similarity_and_pck_are_those_of_loops() -> None:
    split = _bodies(40)
    truth = split.targets.double()
    found = truth + torch.randn(truth.shape, generator=_generator(9), dtype=torch.float64) * 3
    areas = torch.linspace(40, 300, 40)
    similarity = similarities(found, truth, areas, BODY.sigmas)
    lengths = torso_lengths(truth, (0, 3), BODY.pairs)
    hits = total = 0
    for row in range(40):
        known = [joint for joint in range(4) if truth[row, joint, 2] > 0]
        squares = {j: sum(float(found[row, j, a] - truth[row, j, a]) ** 2 for a in (0, 1)) for j in known}
        if known:
            parts = [math.exp(-squares[j] / (2 * float(areas[row]) * (2 * BODY.sigmas[j]) ** 2)) for j in known]
            assert float(similarity[row]) == pytest.approx(sum(parts) / len(known))
        else:
            assert similarity[row].isnan()
        diagonals = [
            math.dist(truth[row, a, :2].tolist(), truth[row, b, :2].tolist())
            for a, b in ((0, 3), (1, 2))
            if a in known and b in known
        ]
        length = sum(diagonals) / len(diagonals) if diagonals else 0.0
        assert float(lengths[row]) == pytest.approx(length)
        if length:
            total += len(known)
            hits += sum(math.sqrt(squares[j]) <= 0.2 * length for j in known)
    overall, each = pck(found, truth, lengths, 0.2)
    assert overall == pytest.approx(hits / total)
    assert 0 < hits < total
    assert len(each) == 4


def test_boxes_are_around_labelled_joints_only() -> None:
    joints = torch.tensor([[[1.0, 2.0, 2.0], [7.0, 3.0, 1.0], [99.0, 99.0, 0.0]], [[4.0, 4.0, 0.0]] * 3])
    wide, high = box_sides(joints)
    assert wide.tolist() == [6.0, 0.0]
    assert high.tolist() == [1.0, 0.0]


def test_perfect_answers_have_full_marks_and_joints_without_a_torso_are_judged_by_the_box() -> None:
    split = _bodies(30)
    perfect = BODY.measures(split.targets, split)
    for name in ("pck", "pck_torso", "pck_box", "oks", "ap", "ap50", "ap75", "ar", "pck/left hip"):
        assert perfect[name] == pytest.approx(1.0)
    far = split.targets + torch.tensor([1.0, 0.0, 0.0])
    plain = Body(BODY.joints).measures(far, split)
    assert plain["pck"] == plain["pck_box"] < 1
    assert set(plain) == {"pck", "pck_box", *(f"pck/{name}" for name in BODY.joints)}


def test_a_network_that_draws_the_right_heatmaps_is_right() -> None:
    """Joint k is the bright spot of channel k: the image itself is the answer."""
    places = torch.tensor([[[4.0, 5.0], [12.0, 9.0], [7.0, 11.0]], [[14.0, 3.0], [2.0, 2.0], [9.0, 6.0]]])
    rows, columns = torch.arange(16)[:, None], torch.arange(20)
    squares = (columns - places[:, :, 0, None, None]) ** 2 + (rows - places[:, :, 1, None, None]) ** 2
    images = (255 * torch.exp(-squares / 4.5)).round().to(torch.uint8)
    split = VisionSplit(images, torch.cat([places, torch.full((2, 3, 1), 2.0)], 2), torch.tensor([10.0, 10.0]))
    task = Keypoints(Body(("a", "b", "c"), sigmas=(0.05,) * 3), PLAIN, (16, 20))
    found = task.measure(nn.Identity(), split, batch=1)
    assert found["pck"] == found["ap"] == 1.0
    assert found["loss"] < 1e-4
    torch.testing.assert_close(task.predict(nn.Identity(), images)[:, :, :2], places)
