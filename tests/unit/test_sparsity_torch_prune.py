"""To and from real modules that `torch.nn.utils.prune` pruned."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils import prune

from winnow.core import WinnowError
from winnow.sparsity import Mask, from_torch_prune, load_into, tensors_of, to_torch_prune

PRUNED = ("0", "3", "5")


def network(seed: int = 0) -> nn.Sequential:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        net = nn.Sequential(
            nn.Conv2d(2, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(64, 8), nn.ReLU(), nn.Linear(8, 3), nn.ReLU()
        )
        net.train()(torch.randn(5, 2, 6, 6))  # moves the running statistics
    return net.eval()


def pruned_by_torch() -> nn.Sequential:
    net = network()
    for path in PRUNED:
        layer = net.get_submodule(path)
        prune.l1_unstructured(layer, "weight", amount=0.4)
        prune.l1_unstructured(layer, "weight", amount=0.3)
        shape = tensor(layer, "weight").shape
        prune.custom_from_mask(layer, "weight", torch.arange(shape.numel()).view(shape) % 5 != 0)
    return net


def tensor(module: nn.Module, name: str) -> Tensor:
    found = getattr(module, name)
    assert isinstance(found, Tensor)
    return found.detach()


def test_a_module_pruned_twice_is_read_as_its_mask_and_effective_weights() -> None:
    net = pruned_by_torch()
    tensors, mask = from_torch_prune(net.state_dict())
    assert list(mask) == [f"{path}.weight" for path in PRUNED]
    for path in PRUNED:
        layer = net.get_submodule(path)
        assert torch.equal(mask[f"{path}.weight"], tensor(layer, "weight_mask").bool())
        assert torch.equal(tensors[f"{path}.weight"], tensor(layer, "weight"))
    assert 0.2 < mask.density < 0.45


def test_what_was_read_runs_as_the_pruned_module_does() -> None:
    net = pruned_by_torch()
    plain = network(seed=1)
    tensors, _ = from_torch_prune(net.state_dict())
    load_into(plain, tensors)
    assert sorted(tensors) == sorted(plain.state_dict())
    images = torch.randn(7, 2, 6, 6)
    assert torch.equal(plain(images), net(images))


def test_what_was_written_loads_strictly_into_a_prepared_module() -> None:
    net = network()
    weights = tensors_of(net)
    mask = Mask({f"{p}.weight": torch.rand(weights[f"{p}.weight"].shape) < 0.3 for p in PRUNED})
    prepared = network(seed=1)
    for path in PRUNED:
        prune.identity(prepared.get_submodule(path), "weight")
    prepared.load_state_dict(to_torch_prune(weights, mask), strict=True)
    load_into(net, mask.applied(weights))
    images = torch.randn(7, 2, 6, 6)
    assert torch.equal(prepared(images), net(images))
    for path in PRUNED:
        prune.remove(prepared.get_submodule(path), "weight")
    assert all(torch.equal(t, tensors_of(net)[name]) for name, t in prepared.state_dict().items())


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_there_and_back_is_the_same(dtype: torch.dtype) -> None:
    weights = {n: t.to(dtype) if t.is_floating_point() else t for n, t in tensors_of(network()).items()}
    mask = Mask({f"{p}.weight": torch.rand(weights[f"{p}.weight"].shape) < 0.5 for p in PRUNED})
    state = to_torch_prune(weights, mask)
    assert state["3.weight_mask"].dtype == dtype
    tensors, found = from_torch_prune(state)
    assert found == mask
    expected = mask.applied(weights)
    assert sorted(tensors) == sorted(expected)
    assert all(torch.equal(t, expected[name]) for name, t in tensors.items())


def test_a_pruned_bias_is_read_too() -> None:
    layer = nn.Linear(4, 4)
    prune.random_unstructured(layer, "bias", amount=2)
    tensors, mask = from_torch_prune(layer.state_dict())
    assert (list(mask), mask.kept) == (["bias"], 2)
    assert torch.equal(tensors["bias"], tensor(layer, "bias"))


def test_a_state_without_pruning_has_an_empty_mask() -> None:
    state = network().state_dict()
    tensors, mask = from_torch_prune(state)
    assert len(mask) == 0
    assert sorted(tensors) == sorted(state)


def test_a_buffer_that_only_sounds_like_a_mask_is_a_tensor() -> None:
    tensors, mask = from_torch_prune({"attention_mask": torch.ones(2), "w": torch.ones(2)})
    assert sorted(tensors) == ["attention_mask", "w"]
    assert len(mask) == 0


@pytest.mark.parametrize(
    "state",
    [
        {"w_orig": torch.ones(2)},
        {"w_orig": torch.ones(2), "w_mask": torch.tensor([0.5, 1])},
        {"w_orig": torch.ones(2), "w_mask": torch.tensor([torch.nan, 1])},
        {"w_orig": torch.ones(2), "w_mask": torch.ones(3)},
    ],
    ids=["no mask", "soft mask", "nan", "other shape"],
)
def test_a_state_that_is_no_pruning_is_refused(state: dict[str, Tensor]) -> None:
    with pytest.raises(WinnowError) as caught:
        from_torch_prune(state)
    assert caught.value.code == "WN-P02"
