# pyright: reportArgumentType=false, reportCallIssue=false, reportOptionalMemberAccess=false
"""What may be trained on stored weights: frozen parameters, masks of anything; and what is refused, by name."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from helpers import SmallConv
from networks import Residual, conv_chain, linear_chain
from sparse_cases import batch_for, pair_of
from sparse_networks import Shortcuts, lenet, norm_chain
from winnow.kernels import SparseNetwork, team
from winnow.networks import Unsupported, trace
from winnow.training.sparse import training_stages

pytestmark = pytest.mark.usefixtures("one_thread")


def test_frozen_parameters_are_used_and_not_trained() -> None:
    def built() -> nn.Module:
        module = Shortcuts()
        for parameter in (module.a1.weight, module.depth.bias, module.head.weight):
            parameter.requires_grad_(False)
        return module

    both = pair_of(built, (2, 8, 8), 20, 2, density=0.7)
    both.gradients(*batch_for((2, 8, 8), 2, 20, 3))
    assert both.disagreements() == {}


@pytest.mark.parametrize("frozen", [("weight",), ("bias",), ("weight", "bias")], ids=" and ".join)
def test_a_frozen_scale_or_bias_of_a_norm_is_used_and_not_trained(frozen: tuple[str, ...]) -> None:
    def built() -> nn.Module:
        module = norm_chain()
        nn.init.uniform_(module[2].weight, 0.3, 3)
        for name in frozen:
            module[2].get_parameter(name).requires_grad_(False)
        return module

    both = pair_of(built, (1, 4, 4), 20, density=0.7)
    both.gradients(*batch_for((1, 4, 4), 1, 20, 3))
    assert both.disagreements() == {}


@pytest.mark.parametrize("name", ["1.bias", "2.weight", "2.bias"])
def test_masks_of_biases_and_norms_hold(name: str) -> None:
    def built() -> nn.Module:
        return norm_chain() if name.startswith("2") else lenet()

    both = pair_of(built, (1, 4, 4), 20, density=0.7, masked=(name,))
    torch.testing.assert_close(*both.gradients(*batch_for((1, 4, 4), 1, 20, 3)), rtol=1e-5, atol=1e-6)
    assert both.disagreements() == {}


class Unknown(nn.Module):
    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.first, self.strange, self.head = nn.Linear(16, 8), layer, nn.Linear(8, 3)

    def forward(self, images: Tensor) -> Tensor:
        return self.head(self.strange(self.first(images.flatten(1))))


@pytest.mark.parametrize(
    "layer", [nn.GELU(), nn.LeakyReLU(), nn.LayerNorm(8), nn.Softmax(-1), nn.Dropout(0.1)], ids=str
)
def test_what_is_not_supported_is_refused_by_its_name_and_place(layer: nn.Module) -> None:
    with pytest.raises(Unsupported, match="strange") as refused:
        training_stages(Unknown(layer), (1, 4, 4))
    spoken = str(refused.value).lower().replace("_", "")
    assert type(layer).__name__.lower() in spoken


@pytest.mark.parametrize(
    ("build", "shape", "named"),
    [
        (lambda: SmallConv(0.5), (3, 4, 4), "dropout"),
        (Residual, (2, 8, 8), "dropout"),
        (lambda: linear_chain((16, 8, 3)), (1, 4, 4), "dropout"),
        (lambda: conv_chain(1, nn.MaxPool2d(2), nn.Hardswish), (2, 12, 12), "hardswish"),
        (lambda: nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4, track_running_stats=False)), (4,), "statistics"),
    ],
)
def test_networks_with_something_unsupported_are_refused(build: Any, shape: tuple[int, ...], named: str) -> None:
    with pytest.raises(Unsupported, match=named):
        training_stages(build(), shape)


def test_dropout_that_drops_nothing_is_no_obstacle() -> None:
    both = pair_of(lambda: SmallConv(0.0), (3, 4, 4), 20, density=0.7)
    both.gradients(*batch_for((3, 4, 4), 1, 20, 3))
    assert both.disagreements() == {}


def test_inference_in_double_precision_is_refused() -> None:
    module = lenet().double().eval()
    graph = trace(lenet().eval(), (1, 4, 4))
    with pytest.raises(Unsupported, match="float64"):
        SparseNetwork(graph, module.state_dict())


def test_where_numba_can_keep_nothing_every_process_compiles(monkeypatch: pytest.MonkeyPatch) -> None:
    def compiler(_signature: Any, **options: Any) -> Any:
        if options.get("cache"):
            raise RuntimeError("cannot cache function: no locator available")
        return lambda function: function

    assert team._kept(compiler, None, len) is len
