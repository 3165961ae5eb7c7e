"""The supernet as a module: it is the published network, to the digit and to the formula."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from supernet_networks import MINUTE, block_in, counted, images_for, minute, stirred, weights_in
from winnow.core import WinnowError
from winnow.models import model_named
from winnow.supernet.network import (
    Norm,
    SearchBlock,
    Supernet,
    assembled,
    build,
    importances,
    maskable,
    supernet,
    token_importances,
)
from winnow.supernet.network.stages import run_class_head, run_pixel_head, run_stage
from winnow.supernet.space import (
    TASKS,
    Architecture,
    BlockPlace,
    costs_of,
    dense_architecture,
    space_named,
)
from winnow.supernet.space.costs import halved, token_cost

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize(
    ("space", "tokens"), [("tiny", True), ("tiny", False), ("small", True), ("paper", True), ("paper-ade20k", False)]
)
def test_a_network_has_the_weights_that_its_architecture_counts(space, task, tokens):
    architecture = dense_architecture(space_named(space, tokens=tokens), task, 17, (64, 64))
    assert weights_in(Supernet(architecture)) == costs_of(architecture).parameters


def test_the_paper_s_network_has_its_published_search_units():
    network = Supernet(dense_architecture(space_named("paper", tokens=False), "classification", 1000, (224, 224)))
    assert sum(gamma.numel() for gamma in importances(network).values()) == 47_952
    assert token_importances(network) == {}


@pytest.mark.parametrize(("task", "tokens"), [("classification", False), ("segmentation", True)])
def test_torch_counts_the_same_macs(task, tokens):
    architecture = dense_architecture(space_named("tiny", tokens=tokens), task, 10, (18, 12))
    network = build(architecture, 0).eval()
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        network(images_for(architecture, 1, torch.float32))
    assert counter.get_total_flops() == 2 * costs_of(architecture).macs


def _narrowed(seed: int, task: str) -> Architecture:
    """Any widths: whole blocks and single paths may be missing."""
    dense, generator = minute(task), torch.Generator().manual_seed(seed)
    widths, tokens = [], []
    for full, count in zip(dense.widths, dense.tokens, strict=True):
        drawn = [int(torch.randint(0, width + 1, (), generator=generator)) for width in full]
        gone = torch.rand(len(full), generator=generator) < 0.4
        widths.append(tuple(0 if g else n for g, n in zip(gone, drawn, strict=True)))
        tokens.append(int(torch.randint(0, count + 1, (), generator=generator)))
    return dense.with_widths(widths, tokens)


@settings(max_examples=8)
@given(st.integers(0, 10_000), st.sampled_from(TASKS), st.integers(3, 23), st.integers(3, 23))
def test_any_architecture_runs_at_any_size(seed, task, height, width):
    architecture = _narrowed(seed, task)
    network = build(architecture, seed)
    assert counted(network)
    found = network.eval()(torch.randn(2, 3, height, width))
    size = costs_of(architecture, (height, width)).output_size
    assert found.shape == ((2, 5) if task == "classification" else (2, 5, *size))
    assert found.isfinite().all()


@pytest.mark.parametrize(("inputs", "outputs", "stride"), [(6, 6, 1), (6, 9, 2), (6, 4, 1)])
@pytest.mark.parametrize("training", [True, False])
def test_a_block_is_the_sum_of_its_kernel_paths(inputs, outputs, stride, training):
    place = BlockPlace("block", "branch", 1, 0, 0, inputs, outputs, stride)
    widths = (4, 5, 3)
    torch.manual_seed(0)
    block = SearchBlock(place, MINUTE, widths, 0, Norm()).double().train(training)
    with torch.no_grad():
        for tensor in block.state_dict().values():
            if tensor.dim() == 1:
                tensor.copy_(torch.rand_like(tensor) + 0.2)
    maps = torch.randn(3, inputs, 9, 7, dtype=torch.float64)
    cotangent = torch.randn(block(maps).shape, dtype=torch.float64)
    ways = [_gradients(block, maps, cotangent, way) for way in (block, lambda x: _summed(block, x, widths, stride))]
    for fused, separate in zip(*ways, strict=True):
        torch.testing.assert_close(fused, separate, rtol=1e-12, atol=1e-12)


def _gradients(block: SearchBlock, maps: Tensor, cotangent: Tensor, way) -> list[Tensor]:
    """Outputs and the gradients of all weights and of the input."""
    # The statistics of a batch are compared too, so both ways start from the same ones.
    state = {name: tensor.clone() for name, tensor in block.state_dict().items()}
    given = maps.clone().requires_grad_()
    found = way(given)
    gradients = torch.autograd.grad((found * cotangent).sum(), [given, *block.parameters()])
    after = [tensor.clone() for name, tensor in block.state_dict().items() if "running" in name]
    block.load_state_dict(state)
    return [found, *gradients, *after]


def _summed(block: SearchBlock, maps: Tensor, widths: tuple[int, ...], stride: int) -> Tensor:
    """As the released code computes it: each kernel path with layers of its own, and one norm after their sum."""

    def normed(norm: nn.BatchNorm2d, x: Tensor, units: slice) -> Tensor:
        mean, var = (norm.get_buffer(name)[units] for name in ("running_mean", "running_var"))
        return F.batch_norm(x, mean, var, norm.weight[units], norm.bias[units], norm.training, 0.1, norm.eps)

    total, start = torch.zeros((), dtype=maps.dtype), 0
    for kernel, width in zip((3, 5, 7), widths, strict=True):
        units, start = slice(start, start + width), start + width
        hidden = normed(block.expand_norm, F.conv2d(maps, block.expand.weight[units]), units).relu()
        weight = block.get_parameter(f"depthwise.{kernel}.weight")
        filtered = F.conv2d(hidden, weight, None, stride, kernel // 2, groups=width)
        hidden = normed(block.unit_norm, filtered, units).relu()
        total = total + F.conv2d(hidden, block.project.weight[:, units])
    direct = maps if block.shortcut is None else block.shortcut(maps)
    return direct + normed(block.project_norm, total, slice(None))


class _Stub(nn.Module):
    """Instead of a block: a constant of its own per channel; every second pixel at stride 2."""

    def __init__(self, place: BlockPlace, factor: float) -> None:
        super().__init__()
        self.place, self.factor = place, factor

    def forward(self, maps: Tensor) -> Tensor:
        assert maps.shape[1] == self.place.inputs
        kept = maps[..., :: self.place.stride, :: self.place.stride].mean(1, keepdim=True)
        return self.factor * kept.expand(-1, self.place.outputs, -1, -1)


def _stubs(task: str, stage: int) -> tuple[nn.ModuleDict, list[BlockPlace]]:
    places = [
        place for place in dense_architecture(space_named("tiny"), task, 3, (32, 32)).places if place.stage == stage
    ]
    return nn.ModuleDict(
        {p.name: _Stub(p, -0.7 if p.kind == "grow" else 0.5 + 0.1 * i) for i, p in enumerate(places)}
    ), places


def _up(maps: Tensor, size: tuple[int, int]) -> Tensor:
    return F.interpolate(maps, size, mode="bilinear", align_corners=False)


def test_branches_are_fused_with_their_neighbours_and_a_new_one_grows_from_the_fused():
    blocks, places = _stubs("segmentation", 3)
    x0, x1 = torch.rand(2, 8, 10, 6), torch.rand(2, 16, 5, 3)
    b = {name.removeprefix("s3_"): block for name, block in blocks.items()}
    y0 = (b["fuse_0_0"](x0) + _up(b["fuse_0_1"](x1), (10, 6))).relu()
    y1 = (b["fuse_1_0"](x0) + b["fuse_1_1"](x1)).relu()
    wanted = [b["branch_0_0"](y0), b["branch_1_0"](y1), b["branch_2_0"](b["grow_2"](y1))]
    assert (b["grow_2"](y1) < 0).any()  # so a ReLU after it would show
    for found, right in zip(run_stage(blocks, places, [x0, x1]), wanted, strict=True):
        torch.testing.assert_close(found, right)


def test_the_head_of_images_takes_every_branch_down_and_that_of_pixels_takes_them_up():
    maps = [torch.randn(2, width, 12 >> i, 8 >> i) for i, width in enumerate((8, 16, 32))]
    blocks, places = _stubs("classification", 4)
    b = {name.removeprefix("head_"): block for name, block in blocks.items()}
    found = b["widen_1"](maps[1]) + b["descend_0"](b["widen_0"](maps[0]))
    found = b["widen_2"](maps[2]) + b["descend_1"](found)
    torch.testing.assert_close(run_class_head(blocks, places, maps), found)
    blocks, places = _stubs("keypoints", 4)
    together = torch.cat([maps[0], _up(maps[1], (12, 8)), _up(maps[2], (12, 8))], 1)
    torch.testing.assert_close(run_pixel_head(blocks, places, maps), blocks["head_merge"](together))


@pytest.mark.parametrize("task", TASKS)
def test_weights_of_convolutions_are_maskable_but_for_tokens_and_classifier(task):
    architecture = minute(task)
    network = build(architecture, 0)
    found = maskable(network)
    parameters = dict(network.named_parameters())
    assert list(found) == [name for name in parameters if name in found]
    assert all(found[name] is parameters[name] for name in found)
    rows = zip(architecture.places, architecture.tokens, strict=True)
    others = sum(token_cost(place, tokens, 2)[0] for place, tokens in rows) + network.classifier.weight.numel()
    assert sum(weight.numel() for weight in found.values()) == costs_of(architecture).parameters - others
    assert ("final.0.weight" in found) == (task == "classification")
    assert "stem.0.weight" in found


def test_importances_are_the_living_scales_by_block():
    architecture = minute().with_widths([(0, 0, 0), (2, 0, 1), *minute().widths[2:]])
    network = build(architecture, 0)
    names = [place.name for place in architecture.places]
    assert list(importances(network)) == names[1:]
    assert importances(network)[names[1]] is block_in(network, names[1]).unit_norm.weight
    assert {name: gamma.numel() for name, gamma in token_importances(network).items()} == {
        name: tokens for name, tokens in zip(names, architecture.tokens, strict=True) if tokens
    }


def test_a_seed_makes_the_same_network_whatever_else_is_drawn():
    torch.manual_seed(5)
    before = torch.get_rng_state()
    first = build(minute(), 3).state_dict()
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(6)
    for name, tensor in build(minute(), 3).state_dict().items():
        assert torch.equal(tensor, first[name]), name
    other = build(minute(), 4).state_dict()
    drawn = [name for name, tensor in first.items() if tensor.dim() > 1 and "coordinates" not in name]
    assert not any(torch.equal(other[name], first[name]) for name in drawn)


def test_two_tasks_start_with_the_same_trunk():
    one, two = (build(minute(task), 1).state_dict() for task in ("classification", "keypoints"))
    shared = [name for name in one if name.startswith(("stem", "blocks.s"))]
    assert len(shared) > 200
    assert all(torch.equal(one[name], two[name]) for name in shared)


def test_weights_are_drawn_from_he_s_distribution_by_fan_out():
    network = build(dense_architecture(space_named("small"), "classification", 10, (32, 32)), 0)
    block = block_in(network, "s4_branch_2_0")
    expand, project = block.expand.weight, block.project.weight
    assert expand.std().item() == pytest.approx((2 / 768) ** 0.5, rel=0.03)
    assert project.std().item() == pytest.approx((2 / 64) ** 0.5, rel=0.03)
    for name, parameter in network.named_parameters():
        if parameter.dim() == 1:
            assert torch.equal(parameter, torch.full_like(parameter, float(name.endswith("weight")))), name


def test_a_manifest_names_the_builder():
    architecture = minute("keypoints")
    model = model_named("winnow.supernet.network:supernet", architecture=architecture.to_plain())
    network = model.build(0)
    assert isinstance(network, Supernet)
    assert network.architecture == architecture
    with pytest.raises(WinnowError, match="WN-S03"):
        supernet({"space": "tiny"})


def test_a_network_is_put_around_tensors_without_copying_them():
    network = stirred(minute())
    tensors = network.state_dict()
    again = assembled(minute(), tensors, norm=network.norm)
    for name, tensor in again.state_dict().items():
        assert tensor.data_ptr() == tensors[name].data_ptr(), name
    x = images_for(minute())
    torch.testing.assert_close(again.eval()(x), network.eval()(x), rtol=0, atol=0)
    with pytest.raises(WinnowError, match="WN-M02"):
        assembled(minute("classification"), tensors)


def test_dropout_and_norms_are_the_caller_s():
    network = build(minute("classification"), 0, norm=Norm(eps=0.5, momentum=0.25), dropout=0.9)
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    assert {(norm.eps, norm.momentum) for norm in norms} == {(0.5, 0.25)}
    x = images_for(minute(), 2, torch.float32)
    assert not torch.equal(network(x), network(x))


def test_the_first_branch_has_the_size_that_the_stem_leaves():
    found = build(minute("keypoints"), 0)(images_for(minute(), 2, torch.float32))
    assert found.shape[2:] == halved((14, 10), 1)
