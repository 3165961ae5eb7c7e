"""Compaction: which units go, which must stay, and that outputs stay what they are."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from compact_cases import random_mask, stirred_dead
from supernet_networks import images_for, minute, stirred
from winnow.core import WinnowError
from winnow.supernet.compact import compacted, masked, with_stored_weights
from winnow.supernet.compact import stored as stored_module
from winnow.supernet.compact.block import CompactBlock
from winnow.supernet.compact.stored import StoredBlock
from winnow.supernet.network import search_blocks
from winnow.supernet.space import TASKS

pytestmark = pytest.mark.usefixtures("one_thread")
BLOCK = "s2_grow_1"  # stride 2, a grouped shortcut, 6 units of each of 3 kernels


def one_block() -> Any:
    """A block with units of all kernels, none of them dead: shifts are positive, so no ReLU hides anything."""
    block = search_blocks(stirred(minute(), 1).eval())[BLOCK]
    with torch.no_grad():
        for norm in (block.expand_norm, block.unit_norm):
            norm.weight.uniform_(0.5, 1.0, generator=torch.Generator().manual_seed(0))
            assert norm.running_mean is not None
            norm.running_mean.zero_()
            norm.bias.fill_(0.4)
    return block.requires_grad_(False)


def check(block, units: int) -> None:
    """The compact block has so many units and computes the same, at the border too."""
    maps = torch.randn(2, 6, 7, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    for merge in (True, False):
        small = CompactBlock(block, merge=merge)
        assert small.units == units
        torch.testing.assert_close(small(maps), block(maps), rtol=0, atol=1e-12)


def test_a_block_whose_units_all_work_keeps_them():
    check(one_block(), 18)


def test_a_unit_without_a_filter_is_a_constant():
    block = one_block()
    block.depthwise["5"].weight[2] = 0
    check(block, 17)


def test_a_unit_of_no_importance_is_a_constant():
    block = one_block()
    block.unit_norm.weight[[0, 7]] = 0
    check(block, 16)


def test_a_unit_that_nobody_reads_goes():
    block = one_block()
    block.project.weight[:, 17] = 0
    check(block, 17)


def test_a_constant_in_front_of_a_filter_stays_for_the_border():
    block = one_block()
    block.expand.weight[4] = 0
    check(block, 18)


def test_a_constant_that_relu_makes_nothing_goes():
    block = one_block()
    block.expand.weight[4] = 0
    block.expand_norm.bias[4] = -0.1
    check(block, 17)


def test_a_constant_that_meets_no_border_goes():
    block = one_block()
    block.expand.weight[4] = 0
    centre = block.depthwise["3"].weight[4, 0, 1, 1].item()
    block.depthwise["3"].weight[4] = 0
    block.depthwise["3"].weight[4, 0, 1, 1] = centre
    check(block, 17)


def test_a_block_of_dead_units_is_its_shortcut_and_a_shift():
    block = one_block()
    for path in block.depthwise.values():
        path.weight.zero_()
    check(block, 0)
    assert not any("expand" in name for name, _ in CompactBlock(block, merge=True).named_parameters())


@pytest.mark.parametrize("task", TASKS)
def test_an_emptied_block_keeps_what_its_removal_left_behind(task):
    whole = minute(task)
    widths = [(0, 0, 0) if place.stage == 2 else row for place, row in zip(whole.places, whole.widths, strict=True)]
    architecture = whole.with_widths(widths)
    network = stirred_dead(architecture, 5)
    images = images_for(architecture)
    assert any(block.rest.abs().sum() > 0 for block in search_blocks(network).values() if not block.units)
    small = compacted(network, random_mask(network, 0.5))
    wanted = masked(network, random_mask(network, 0.5))(images)
    torch.testing.assert_close(small(images), wanted, rtol=0, atol=1e-9)


def test_the_network_stays_as_it_is_and_the_compact_one_has_no_norms():
    architecture = minute("classification")
    network = stirred_dead(architecture, 2)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    small = compacted(network, random_mask(network, 0.3))
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())
    assert not any(isinstance(module, nn.BatchNorm2d) for module in small.modules())
    assert not any(parameter.requires_grad for parameter in small.parameters()) and not small.training
    assert 0 < small.units < architecture.units


def test_without_a_mask_all_weights_count():
    network = stirred(minute(), 3).eval()
    images = images_for(network.architecture)
    torch.testing.assert_close(compacted(network)(images), network(images).detach(), rtol=0, atol=1e-9)


def test_a_mask_of_another_network_is_refused():
    network = stirred(minute(), 3)
    with pytest.raises(WinnowError, match="WN-P02"):
        compacted(network, {"stem.0.weight": torch.ones(2, 2, dtype=torch.bool)})


def test_stored_weights_give_the_same_with_stride_shortcut_and_tokens():
    architecture = minute("classification")
    network = stirred_dead(architecture, 4, torch.float32)
    mask = random_mask(network, 0.3)
    small = compacted(network, mask)
    for name in ("s1_fuse_0_0", BLOCK):  # a token path and the input as shortcut | stride 2 and a grouped shortcut
        block: Any = small.blocks[name]
        maps = torch.randn(5, 6, 7, 5, generator=torch.Generator().manual_seed(0))
        other = StoredBlock(block, (6, 7, 5))
        torch.testing.assert_close(other(maps), block(maps), rtol=1e-5, atol=1e-5)


def test_only_blocks_that_are_faster_run_on_stored_weights(monkeypatch):
    network = stirred_dead(minute("segmentation"), 4, torch.float32)
    small, images = compacted(network), images_for(network.architecture, 2, torch.float32)
    seconds = iter([1.0, 2.0, 2.0, 1.0] + [0.95, 1.0] * 20)  # stored, dense: a gain, a loss, and too little to matter
    monkeypatch.setattr(stored_module, "_shortest", lambda _: next(seconds))
    mixed, names = with_stored_weights(small, images)
    assert names == ("s1_fuse_0_0",)
    assert [name for name, block in mixed.blocks.items() if isinstance(block, StoredBlock)] == list(names)
    assert not any(isinstance(block, StoredBlock) for block in small.blocks.values())
    torch.testing.assert_close(mixed(images), small(images), rtol=1e-4, atol=1e-5)
