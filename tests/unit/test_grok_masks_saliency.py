"""SNIP, GraSP and random masks, against definitions written out by hand, entry by entry."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from winnow.core import WinnowError
from winnow.grokking.masks import saliency_mask, saliency_scores
from winnow.grokking.networks.dense import Dense
from winnow.grokking.networks.mlp import PairMlp
from winnow.grokking.networks.network import Network
from winnow.grokking.networks.registry import NETWORKS, network_named
from winnow.grokking.tasks import sizes_named
from winnow.sparsity import Mask

pytestmark = pytest.mark.usefixtures("one_thread")

TOKENS = 5
TINY = PairMlp(TOKENS, TOKENS, width=4, hidden=3)
PAIRS = torch.tensor([(a, b) for a in range(TOKENS) for b in range(a, TOKENS)])
SUMS = PAIRS.sum(1) % TOKENS


def start_of(network: Network) -> dict[str, Tensor]:
    return network.start(torch.Generator().manual_seed(3))


def some_mask(start: dict[str, Tensor], names: tuple[str, ...]) -> Mask:
    generator = torch.Generator().manual_seed(5)
    return Mask({name: torch.rand(start[name].shape, generator=generator) < 0.8 for name in names})


def paper_loss(weights: Mapping[str, Tensor], temperature: float = 1.0) -> Tensor:
    hidden = (weights["embed"][PAIRS[:, 0]] + weights["embed"][PAIRS[:, 1]]) @ weights["project_in"]
    logits = hidden.relu() @ weights["project_out"] @ weights["unembed"]
    return F.cross_entropy(logits / temperature, SUMS)


def slopes(loss: Callable[[dict[str, Tensor]], Tensor], weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """dL/dm of every entry by central differences: how the loss changes as the mask of a weight leaves 1."""
    step, found = 1e-6, {}
    for name, tensor in weights.items():
        slope = torch.zeros(tensor.numel(), dtype=torch.float64)
        for place in range(tensor.numel()):
            sides = []
            for factor in (1 + step, 1 - step):
                changed = tensor.clone()
                changed.view(-1)[place] *= factor
                sides.append(float(loss({**weights, name: changed})))
            slope[place] = (sides[0] - sides[1]) / (2 * step)
        found[name] = slope.view(tensor.shape)
    return found


def test_snip_is_the_change_of_the_loss_as_a_weights_mask_leaves_1() -> None:
    start = start_of(TINY)
    mask = some_mask(start, TINY.prunable)
    scores = saliency_scores("snip", TINY, start, PAIRS, SUMS, mask=mask)
    living = mask.applied({name: tensor.double() for name, tensor in start.items()})
    for name, slope in slopes(paper_loss, living).items():
        assert torch.allclose(scores[name], slope.abs(), atol=1e-8)
        assert float(scores[name].max()) > 1e-4


def test_snip_follows_the_loss_that_is_trained_with() -> None:
    network = Dense((3, 4, 2))
    start = start_of(network)
    generator = torch.Generator().manual_seed(8)
    inputs, targets = torch.randn(7, 3, generator=generator), torch.randn(7, 2, generator=generator)
    scores = saliency_scores("snip", network, start, inputs, targets, loss="squared")
    exact = {name: tensor.double() for name, tensor in start.items()}

    def half_squares(weights: dict[str, Tensor]) -> Tensor:
        values = (inputs.double() @ weights["layer0"]).relu() @ weights["layer1"]
        return 0.5 * (values - targets.double()).square().sum(1).mean()

    for name, slope in slopes(half_squares, exact).items():
        assert torch.allclose(scores[name], slope.abs(), atol=1e-8)


def test_grasp_is_weight_times_hessian_times_gradient_at_temperature_200() -> None:
    start = start_of(TINY)
    mask = some_mask(start, TINY.prunable)
    living = mask.applied({name: tensor.double() for name, tensor in start.items()})
    sizes = [tensor.numel() for tensor in living.values()]
    point = torch.cat([tensor.flatten() for tensor in living.values()])

    def loss(flat: Tensor) -> Tensor:
        parts = zip(living.items(), flat.split(sizes), strict=True)
        return paper_loss({name: part.view(tensor.shape) for (name, tensor), part in parts}, 200.0)

    gradient = torch.autograd.functional.jacobian(loss, point)
    hessian = torch.autograd.functional.hessian(loss, point)
    scores = saliency_scores("grasp", TINY, start, PAIRS, SUMS, mask=mask)
    found = torch.cat([scores[name].flatten() for name in living])
    expected = point * (hessian @ gradient)
    assert torch.allclose(found, expected, rtol=1e-9, atol=1e-9 * float(expected.abs().max()))
    assert float(found.min()) < 0 < float(found.max())


@pytest.mark.parametrize("method", ["random", "snip", "grasp", "synflow"])
def test_a_single_shot_takes_the_highest_scores_of_all_matrices(method: str) -> None:
    start = start_of(TINY)
    mask = saliency_mask(method, TINY, start, PAIRS, SUMS, 0.6, rounds=1, seed=9)
    scores = saliency_scores(method, TINY, start, PAIRS, SUMS, seed=9)
    total = sum(tensor.numel() for tensor in start.values())
    flat = torch.cat([scores[name].flatten() for name in TINY.prunable]).tolist()
    gone = sorted(range(total), key=lambda place: (flat[place], place))[: 6 * total // 10]
    expected = torch.ones(total, dtype=torch.bool)
    expected[gone] = False
    assert torch.equal(torch.cat([mask[name].flatten() for name in TINY.prunable]), expected)


def test_random_is_drawn_from_its_seed() -> None:
    start = start_of(TINY)
    masks = [saliency_mask("random", TINY, start, PAIRS, SUMS, 0.6, seed=seed) for seed in (1, 1, 2)]
    assert masks[0] == masks[1] != masks[2]


@pytest.mark.parametrize("method", ["snip", "grasp", "synflow"])
@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_every_network_has_scores_in_every_matrix(name: str, method: str) -> None:
    """Queries and keys too: with one token at all places attention has nothing to choose, and they would have none."""
    numbers = name == "dense-200"
    sizes = sizes_named("regression" if numbers else "add-7")
    network = network_named(name, sizes)
    generator = torch.Generator().manual_seed(1)
    if numbers:
        inputs, targets, loss = (
            torch.randn(6, sizes.arity, generator=generator),
            torch.ones(6, sizes.outputs),
            "squared",
        )
    else:
        inputs, loss = torch.randint(7, (30, 2), generator=generator), "cross-entropy"
        targets = inputs.sum(1) % 7
    scores = saliency_scores(method, network, network.start(generator), inputs, targets, loss=loss)
    assert list(scores) == list(network.prunable)
    for tensor in scores.values():
        assert bool(tensor.isfinite().all())
        assert bool((tensor != 0).any())


@pytest.mark.parametrize(
    ("method", "options", "code"),
    [
        ("snap", {}, "WN-R02"),
        ("snip", {"loss": "hinge"}, "WN-T03"),
        ("snip", {"rounds": 0}, "WN-R02"),
    ],
)
def test_what_there_is_not_is_refused(method: str, options: dict[str, str | int], code: str) -> None:
    with pytest.raises(WinnowError, match=code):
        saliency_mask(method, TINY, start_of(TINY), PAIRS, SUMS, 0.6, **options)  # type: ignore[arg-type]
