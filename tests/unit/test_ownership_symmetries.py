"""Rewrites of a network: the function stays, the tensors do not."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from functools import cache

import pytest
import torch
from torch import Tensor, nn

from networks import Residual, Separable, TwoTails, conv_chain, fill, linear_chain
from winnow.models import lenet_300_100
from winnow.networks import Graph, GraphNetwork, trace
from winnow.ownership.symmetries import Rewritten, folded, padded, permuted, rescaled, sign_flipped, split

CASES: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "lenet": (lambda: lenet_300_100((1, 8, 8)), (1, 8, 8)),
    "tanh": (lambda: linear_chain((9, 8, 7, 3), nn.Tanh), (9,)),
    "normalised": (lambda: linear_chain((9, 8, 7, 3), norm=True, bias=False), (9,)),
    "conv": (lambda: conv_chain(1, nn.MaxPool2d(2)), (2, 12, 12)),
    "conv, tanh": (lambda: conv_chain(1, nn.MaxPool2d(2), nn.Tanh), (2, 12, 12)),
    "conv, averages": (lambda: conv_chain(0, nn.AvgPool2d(2), nn.Tanh), (2, 12, 12)),
    "conv, no scale": (lambda: conv_chain(1, nn.AvgPool2d(2), lambda: nn.LeakyReLU(0.2), bias=False), (2, 12, 12)),
    "residual": (Residual, (2, 8, 8)),
    "residual, tanh": (lambda: Residual(nn.Tanh), (2, 8, 8)),
    "depthwise": (Separable, (3, 9, 9)),
    "grouped": (lambda: Separable(grouped=True), (3, 9, 9)),
    "two tails": (TwoTails, (1, 6, 6)),
}
REWRITES: dict[str, Callable[[Graph, Mapping[str, Tensor], torch.Generator], Rewritten]] = {
    "permuted": permuted,
    "rescaled": rescaled,
    "sign flipped": sign_flipped,
    "folded": lambda graph, tensors, _: folded(graph, tensors),
    "padded": padded,
    "padded far": lambda graph, tensors, generator: padded(graph, tensors, generator, share=1.7),
    "split": lambda graph, tensors, generator: split(graph, tensors, generator, share=0.3),
}


@cache
def network(case: str) -> tuple[nn.Module, Graph, tuple[int, ...]]:
    build, shape = CASES[case]
    module = build()
    fill(module, 3)
    module.eval()
    return module, trace(module, shape), shape


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def outputs_agree(module: nn.Module, found: Rewritten, shape: tuple[int, ...]) -> None:
    images = torch.randn(6, *shape, generator=seeded(5))
    with torch.no_grad():
        expected, got = module(images), GraphNetwork(found.graph, found.tensors).eval()(images)
    torch.testing.assert_close(got, expected, rtol=1e-5, atol=1e-5 * float(expected.abs().max()))


@pytest.mark.parametrize("rewrite", REWRITES)
@pytest.mark.parametrize("case", CASES)
def test_every_rewrite_leaves_the_function(case: str, rewrite: str) -> None:
    module, graph, shape = network(case)
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    outputs_agree(module, REWRITES[rewrite](graph, module.state_dict(), seeded()), shape)
    assert all(torch.equal(tensor, before[name]) for name, tensor in module.state_dict().items())


@pytest.mark.parametrize("case", CASES)
def test_all_of_them_together_leave_the_function(case: str) -> None:
    module, graph, shape = network(case)
    found, generator = Rewritten(graph, module.state_dict()), seeded(1)
    for rewrite in ("padded", "split", "permuted", "sign flipped", "rescaled", "folded", "rescaled", "permuted"):
        found = REWRITES[rewrite](*found, generator)
    outputs_agree(module, found, shape)


@pytest.mark.parametrize("rewrite", [permuted, rescaled, sign_flipped])
def test_where_shapes_stay_the_module_takes_the_tensors(rewrite: Callable[..., Rewritten]) -> None:
    module, graph, shape = network("residual")
    images = torch.randn(3, *shape, generator=seeded())
    with torch.no_grad():
        changed = copy.deepcopy(module)
        changed.load_state_dict(rewrite(graph, module.state_dict(), seeded()).tensors)
        torch.testing.assert_close(changed(images), module(images), rtol=1e-5, atol=1e-5)


def test_a_permutation_moves_every_hidden_axis_and_no_other() -> None:
    module, graph, _ = network("lenet")
    state, found = module.state_dict(), permuted(graph, module.state_dict(), seeded()).tensors
    rows = [int((state["fc1.weight"] == row).all(1).nonzero()) for row in found["fc1.weight"]]
    assert sorted(rows) == list(range(300)) and rows != sorted(rows)
    # Rows of fc2 moved as well, so its columns are known by what they hold in order of size.
    before, after = state["fc2.weight"].sort(0)[0], found["fc2.weight"].sort(0)[0]
    columns = [int((before == column[:, None]).all(0).nonzero()) for column in after.T]
    assert columns == rows
    assert torch.equal(found["output.bias"], state["output.bias"])


def test_rescaling_keeps_the_support_and_changes_the_sizes() -> None:
    module, graph, _ = network("residual")
    state = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    state["a2.weight"][torch.rand(state["a2.weight"].shape, generator=seeded()) < 0.5] = 0
    found = rescaled(graph, state, seeded()).tensors
    assert torch.equal(found["a2.weight"] == 0, state["a2.weight"] == 0)
    ratio = (found["a2.weight"] / state["a2.weight"]).flatten(1).nanmedian(1)[0]
    assert ratio.min() > 0 and ratio.max() / ratio.min() > 1.5
    # a1 is followed by a normalisation: what its rows are scaled by stands in the statistics.
    assert not torch.allclose(found["a1_norm.running_var"], state["a1_norm.running_var"], rtol=0.1)


@pytest.mark.parametrize(
    ("case", "weight", "flips"),
    [
        ("lenet", "fc1.weight", False),
        ("tanh", "1.weight", True),
        ("normalised", "1.weight", True),
        ("conv", "0.0.weight", False),
        ("conv, averages", "0.0.weight", True),
        ("residual", "stem.weight", True),
        ("residual", "b1.weight", False),
        ("residual, tanh", "b1.weight", False),
    ],
)
def test_signs_flip_where_that_is_exact(case: str, weight: str, flips: bool) -> None:
    module, graph, _ = network(case)
    state, found = module.state_dict(), sign_flipped(graph, module.state_dict(), seeded()).tensors
    rows = {float(ratio) for ratio in (found[weight] / state[weight]).flatten(1)[:, 0]}
    assert rows == ({1.0, -1.0} if flips else {1.0})


def test_dummies_are_unread_and_split_channels_are_copies() -> None:
    module, graph, _ = network("lenet")
    state = module.state_dict()
    wide = padded(graph, state, seeded(), share=0.1).tensors
    assert wide["fc1.weight"].shape == (330, 64) and wide["fc2.weight"].shape == (110, 330)
    assert int((wide["fc2.weight"] == 0).all(0).sum()) == 30
    assert wide["output.weight"].shape == (10, 110)
    halved = split(graph, state, seeded(), share=0.1).tensors
    assert len(halved["fc1.weight"].unique(dim=0)) == 300
    assert not (halved["fc2.weight"] == 0).all(0).any()


def test_folding_leaves_no_normalisation_before_a_relu() -> None:
    module, graph, _ = network("residual")
    found = folded(graph, module.state_dict())
    assert not any(node.kind == "batchnorm" for node in found.graph.nodes)
    assert not any("norm" in name for name in found.tensors)
