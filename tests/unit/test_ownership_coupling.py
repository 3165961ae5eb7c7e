"""Which axes of a network belong together, and that they undo what a thief's rewrites do."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from networks import Residual, Separable, TwoTails, conv_chain, fill, linear_chain
from signing_networks import rectangles, uneven_mask
from winnow.models import conv_2, lenet_300_100, resnet_20
from winnow.networks import trace
from winnow.ownership.coupling import coupled_axes, graph_axes
from winnow.ownership.symmetries import Rewritten, folded, padded, permuted, rescaled, sign_flipped
from winnow.signing.alignment.alignment import align
from winnow.signing.alignment.axes import Axes, AxisGroup, AxisUse


def axes_of(module: nn.Module, shape: tuple[int, ...]) -> Axes:
    return coupled_axes(module, shape, [name for name, tensor in module.named_parameters() if tensor.dim() > 1])


def test_a_chain_couples_what_one_layer_puts_out_and_the_next_reads() -> None:
    assert axes_of(lenet_300_100(), (1, 28, 28)) == (
        AxisGroup(300, (AxisUse("fc1.weight", 0), AxisUse("fc2.weight", 1))),
        AxisGroup(100, (AxisUse("fc2.weight", 0), AxisUse("output.weight", 1))),
    )


def test_flattening_repeats_a_channel() -> None:
    groups = axes_of(conv_2((3, 8, 8)), (3, 8, 8))
    assert groups[1] == AxisGroup(64, (AxisUse("conv2.weight", 0), AxisUse("fc1.weight", 1, 16)))


def test_a_residual_stream_is_one_group() -> None:
    groups = axes_of(resnet_20(), (3, 32, 32))
    streams = [group for group in groups if len(group.uses) > 2]
    assert [(group.size, len(group.uses)) for group in streams] == [(16, 9), (32, 8), (64, 7)]
    assert AxisUse("output.weight", 1) in streams[2].uses
    assert AxisUse("stages.1.0.shortcut.0.weight", 1) in streams[0].uses
    assert len(groups) == 12 and all(len(group.uses) == 2 for group in groups if group not in streams)


def test_only_the_tensors_asked_for_are_told() -> None:
    groups = coupled_axes(resnet_20(), (3, 32, 32), ["conv.weight", "stages.0.0.conv1.weight"])
    assert [len(group.uses) for group in groups] == [2, 1]


def test_depthwise_channels_move_together_and_grouped_ones_not_at_all() -> None:
    groups = axes_of(Separable(), (3, 9, 9))
    assert groups[0] == AxisGroup(
        6, (AxisUse("expand.weight", 0), AxisUse("depth.weight", 0, 2), AxisUse("project.weight", 1, 2))
    )
    held = {use.tensor for group in axes_of(Separable(grouped=True), (3, 9, 9)) for use in group.uses}
    assert held == {"expand.weight", "depth.weight", "project.weight"}


def test_a_sum_couples_a_channel_with_its_flattened_pixels() -> None:
    (group,) = axes_of(TwoTails(), (1, 6, 6))
    assert group == AxisGroup(
        3, (AxisUse("conv.weight", 0), AxisUse("side.weight", 0, 4), AxisUse("head.weight", 1, 4)), signs=True
    )


@pytest.mark.parametrize(("activation", "signs"), [(nn.Tanh, True), (nn.ReLU, False), (nn.SiLU, False)])
def test_signs_pass_odd_activations(activation: type[nn.Module], signs: bool) -> None:
    assert [group.signs for group in axes_of(linear_chain((4, 5, 6, 3), activation), (4,))] == [signs, signs]


def test_a_maximum_lets_no_sign_pass() -> None:
    first = axes_of(conv_chain(0, nn.MaxPool2d(2), nn.Tanh), (2, 12, 12))[0]
    assert not first.signs
    assert axes_of(conv_chain(0, nn.AvgPool2d(2), nn.Tanh), (2, 12, 12))[0].signs


def test_a_network_that_cannot_be_traced_has_no_axes() -> None:
    assert axes_of(nn.Sequential(nn.Linear(3, 4), nn.Softmax(1), nn.Linear(4, 2)), (3,)) == ()


@pytest.mark.parametrize("wide", [False, True])
def test_the_axes_undo_all_rewrites_together(wide: bool) -> None:
    module, shape = Residual(), (2, 8, 8)
    fill(module, 0)
    graph, rng = trace(module, shape), np.random.default_rng(0)
    state = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    names = [name for name, tensor in state.items() if tensor.dim() > 1]
    masks = {name: uneven_mask(tuple(state[name].shape), 0.4, rng, 0.4) for name in names}
    for name, mask in masks.items():
        state[name] *= torch.from_numpy(mask)
    shapes = {name: mask.shape for name, mask in masks.items()}
    keyed = rectangles({name: s for name, s in shapes.items() if name != "head.weight"}, 0.2, rng)
    found, generator = Rewritten(graph, state), torch.Generator().manual_seed(0)
    for rewrite in (*([padded] if wide else []), permuted, sign_flipped, rescaled):
        found = rewrite(*found, generator)
    stolen = {name: tensor.numpy() for name, tensor in folded(*found).tensors.items()}
    weights = {name: state[name].numpy() for name in names}
    aligned = align(stolen, shapes, masks, keyed, graph_axes(graph, names), weights)
    assert aligned.score == 1.0
    assert all(np.array_equal(aligned.tensors[name] != 0, mask) for name, mask in masks.items())
