# pyright: reportArgumentType=false, reportCallIssue=false, reportOptionalMemberAccess=false
"""`PackedStack`: only what the masks leave is stored, and everything else can be had back."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn

from helpers import members
from sparse_networks import NETWORKS, Shortcuts, lenet
from winnow.sparsity import tensors_of
from winnow.training import Member
from winnow.training.packed import PackedStack
from winnow.training.sparse import training_stages, weighted_tensors
from winnow.training.stack import ALIGNMENT

pytestmark = pytest.mark.usefixtures("one_thread")
SHAPES = {build: shape for build, shape, _ in NETWORKS.values()}


def packed(build: Callable[[], nn.Module], count: int = 2, density: float = 0.3) -> tuple[PackedStack, list[Member]]:
    module, made = members(build, count, density=density)
    return PackedStack(module, made, weighted_tensors(training_stages(module, SHAPES[build]))), made


@pytest.fixture(params=NETWORKS, ids=str)
def build(request: pytest.FixtureRequest) -> Callable[[], nn.Module]:
    return NETWORKS[request.param][0]


@pytest.mark.parametrize("density", [0.0, 0.3, 1.0])
def test_a_new_stack_holds_the_masked_starts(build: Callable[[], nn.Module], density: float) -> None:
    stack, made = packed(build, 3, density)
    for row, member in enumerate(made):
        found, expected = stack.tensors(row), member.mask.applied(member.start)
        assert list(found) == list(expected)
        assert all(torch.equal(found[name], tensor) for name, tensor in expected.items())


def test_parts_are_all_trained_parameters_without_what_is_pruned(build: Callable[[], nn.Module]) -> None:
    stack, made = packed(build)
    for row, member in enumerate(made):
        parameters = dict(stack.modules[row].named_parameters())
        kept = [int(member.mask[n].sum()) if n in member.mask else p.numel() for n, p in parameters.items()]
        assert [part.numel() for part in stack.parts(stack.weights, row)] == kept


def test_parts_lie_apart_and_begin_where_vectors_do(build: Callable[[], nn.Module]) -> None:
    stack, made = packed(build)
    marks = torch.zeros_like(stack.weights)
    for row in range(len(made)):
        for part in stack.parts(marks, row):
            assert part.storage_offset() % ALIGNMENT == 0
            part += 1
    assert marks.max() == 1
    assert not stack.weights[marks == 0].any()


def test_no_pruned_weight_comes_back_whatever_is_written(build: Callable[[], nn.Module]) -> None:
    stack, made = packed(build)
    stack.weights.fill_(5)
    stack.hold_masks()
    for row, member in enumerate(made):
        for name, mask in member.mask.items():
            assert torch.equal(stack.tensors(row)[name], 5.0 * mask)


def test_a_state_comes_back_into_the_same_memory(build: Callable[[], nn.Module]) -> None:
    stack, made = packed(build)
    for number, tensor in enumerate(stack.state().values()):
        tensor.copy_(torch.randn(tensor.shape) + number)
    saved = {name: tensor.clone() for name, tensor in stack.state().items()}
    tensors = [stack.tensors(row) for row in range(len(made))]
    places = {name: tensor.data_ptr() for name, tensor in stack.state().items()}
    for tensor in stack.state().values():
        tensor.zero_()
    stack.load_state(saved)
    assert places == {name: tensor.data_ptr() for name, tensor in stack.state().items()}
    for row, expected in enumerate(tensors):
        assert all(torch.equal(tensor, expected[name]) for name, tensor in stack.tensors(row).items())


def test_another_stack_takes_the_state_over(build: Callable[[], nn.Module]) -> None:
    first, made = packed(build)
    first.weights.add_(1)
    second, _ = packed(build)
    second.load_state(first.state())
    for row in range(len(made)):
        assert all(torch.equal(t, second.tensors(row)[name]) for name, t in first.tensors(row).items())


def test_the_architecture_and_the_starts_are_left_alone() -> None:
    module, made = members(lenet, 2)
    before, starts = tensors_of(module), [dict(m.start) for m in made]
    starts = [{name: tensor.clone() for name, tensor in start.items()} for start in starts]
    stack = PackedStack(module, made, weighted_tensors(training_stages(module, (1, 4, 4))))
    stack.weights.fill_(9)
    stack.tensors(0)["1.bias"].fill_(3)
    assert stack.tensors(0)["1.bias"][0] == 9
    assert all(torch.equal(t, before[name]) for name, t in tensors_of(module).items())
    for member, start in zip(made, starts, strict=True):
        assert all(torch.equal(t, start[name]) for name, t in member.start.items())


def test_frozen_parameters_are_kept_but_not_trained() -> None:
    def frozen() -> nn.Module:
        built = Shortcuts()
        for parameter in (built.a1.weight, built.depth.bias, built.stem_norm.weight):
            parameter.requires_grad_(False)
        return built

    module, made = members(frozen, 2, density=0.3)
    stack = PackedStack(module, made, weighted_tensors(training_stages(module, (2, 8, 8))))
    frozen_names = {"a1.weight", "depth.bias", "stem_norm.weight"}
    stack.weights.fill_(5)
    for row, member in enumerate(made):
        values = stack.parameters(row)
        assert frozen_names.isdisjoint(values.gradients)
        start = member.mask.applied(member.start)
        assert all(torch.equal(stack.tensors(row)[name], start[name]) for name in frozen_names)
        positions = torch.from_numpy(stack.patterns[row]["a1.weight"].positions)
        assert torch.equal(values.values["a1.weight"], start["a1.weight"].flatten()[positions])


def test_the_kernels_read_the_stacks_own_memory(build: Callable[[], nn.Module]) -> None:
    stack, made = packed(build)
    for row in range(len(made)):
        values = stack.parameters(row)
        trained = dict(stack.modules[row].named_parameters())
        for flat, given in ((stack.weights, values.values), (stack.gradients, values.gradients)):
            for name, part in zip(trained, stack.parts(flat, row), strict=True):
                assert given[name].data_ptr() == part.data_ptr() and given[name].shape == part.shape
        for name, held in stack.modules[row].named_buffers():
            assert values.values[name].data_ptr() == held.data_ptr()
