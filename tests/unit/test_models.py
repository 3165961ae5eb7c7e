"""Networks: LeNet as the paper has it, builders of one's own, and the fit to the data."""

import itertools
import math
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from winnow.core import WinnowError
from winnow.models import MODELS, check_fit, lenet_300_100, model_named
from winnow.sparsity import prunable_layers, tensors_of

MNIST = (1, 28, 28)
_numbers = itertools.count()


def lenet(seed: int) -> dict[str, Tensor]:
    return tensors_of(model_named("lenet-300-100", image_shape=MNIST, classes=10).build(seed))


def own_module(folder: Path, code: str) -> str:
    """A new module name each time: Python keeps modules that it has imported."""
    name = f"winnow_test_nets_{next(_numbers)}"
    (folder / f"{name}.py").write_text(code)
    return name


def code_of(reference: str) -> str:
    with pytest.raises(WinnowError) as caught:
        model_named(reference, image_shape=MNIST, classes=10).build(0)
    return caught.value.code


def test_lenet_has_the_papers_sizes() -> None:
    net = lenet_300_100()
    layers = prunable_layers(net)
    assert [(layer.kind, layer.weights) for layer in layers] == [("fc", 235_200), ("fc", 30_000), ("output", 1_000)]
    assert sum(layer.weights for layer in layers) == 266_200
    assert sum(p.numel() for p in net.parameters()) == 266_610


def test_lenet_takes_images_of_the_data() -> None:
    net = lenet_300_100((3, 8, 8), 7)
    assert net(torch.zeros(4, 3, 8, 8)).shape == (4, 7)


def test_lenet_starts_from_glorots_normal_distribution_with_zero_biases() -> None:
    for name, tensor in lenet(0).items():
        if name.endswith("bias"):
            assert not tensor.any()
            continue
        out, into = tensor.shape
        deviation = math.sqrt(2 / (out + into))
        tolerance = 4 / math.sqrt(2 * tensor.numel())  # four standard errors
        assert float(tensor.std()) == pytest.approx(deviation, rel=tolerance)
        assert abs(float(tensor.mean())) < 4 * deviation / math.sqrt(tensor.numel())
        # Normal, not uniform (0.577) and not truncated: 68.3 % lie within one deviation, 4.55 % outside of two.
        assert float((tensor.abs() < deviation).float().mean()) == pytest.approx(0.683, abs=0.06 if out < 100 else 0.02)
    assert float(lenet(0)["fc1.weight"].abs().max()) > 4 * math.sqrt(2 / 1084)


def test_a_seed_fixes_every_weight_and_another_changes_all() -> None:
    one, again, other = lenet(1), lenet(1), lenet(2)
    assert all(torch.equal(one[name], again[name]) for name in one)
    assert not any(torch.equal(one[name], other[name]) for name in one if name.endswith("weight"))


@pytest.mark.parametrize("seed", [0, 2**63 - 1])
def test_building_leaves_the_global_generator_as_it_was(seed: int) -> None:
    before = torch.get_rng_state()
    model_named("lenet-300-100").build(seed)
    assert torch.equal(torch.get_rng_state(), before)


def test_nothing_is_built_without_a_seed() -> None:
    """A seed taken for granted would give every replicate one network."""
    with pytest.raises(TypeError, match="seed"):
        model_named("lenet-300-100").build()  # pyright: ignore[reportCallIssue]


def test_the_initial_weights_do_not_follow_the_global_generator() -> None:
    with torch.random.fork_rng():
        torch.manual_seed(123)
        one = lenet(1)
        torch.manual_seed(321)
        assert torch.equal(lenet(1)["fc1.weight"], one["fc1.weight"])


def test_every_registered_network_builds_and_fits() -> None:
    for name in MODELS:
        model = model_named(name, image_shape=(3, 32, 32), classes=10)
        check_fit(model.build(0), torch.zeros(2, 3, 32, 32), 10)


def test_a_description_builds_the_same_network_again() -> None:
    model = model_named("lenet-300-100", image_shape=(1, 8, 8), classes=3, colour="red")
    told = model.describe()
    assert told == {"build": "winnow.models.lenet:lenet_300_100", "arguments": {"image_shape": [1, 8, 8], "classes": 3}}
    again = model_named(told["build"], **told["arguments"]).build(5)
    assert torch.equal(again.get_parameter("fc1.weight"), model.build(5).get_parameter("fc1.weight"))


@pytest.mark.parametrize(
    "reference", ["lenet", "", "LeNet-300-100", ":build", "nets:", "nets", "no.such.package:build", ".nets:build"]
)
def test_an_unknown_or_badly_written_name_is_refused(reference: str) -> None:
    assert code_of(reference) == "WN-M01"


def test_an_unknown_name_lists_the_known() -> None:
    with pytest.raises(WinnowError) as caught:
        model_named("lenet")
    assert "lenet-300-100" in caught.value.fix
    assert "package.module:build" in caught.value.fix


@pytest.mark.parametrize("reference", ["winnow.models.lenet:no_such", "winnow.models.lenet:__doc__", "math:pi"])
def test_a_name_that_is_no_function_is_refused(reference: str) -> None:
    assert code_of(reference) == "WN-M01"


def test_a_builder_in_the_working_folder_gets_what_it_asks_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = """
from torch import nn
def build(classes):
    return nn.Sequential(nn.Flatten(), nn.Linear(4, classes))
def any(**given):
    assert sorted(given) == ["classes", "image_shape"]
    return nn.Linear(given["image_shape"][2], given["classes"])
def bare():
    return nn.Identity()
"""
    monkeypatch.chdir(tmp_path)
    name = own_module(tmp_path, code)
    offered = {"image_shape": (1, 2, 2), "classes": 6}
    assert model_named(f"{name}:build", **offered).build(0)(torch.zeros(3, 1, 2, 2)).shape == (3, 6)
    assert model_named(f"{name}:any", **offered).build(0)(torch.zeros(2)).shape == (6,)
    assert model_named(f"{name}:bare", **offered).arguments == {}


def test_looking_in_the_working_folder_leaves_the_import_path_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    monkeypatch.chdir(tmp_path)
    before = list(sys.path)
    model_named(own_module(tmp_path, "def build(): ...") + ":build")
    with pytest.raises(WinnowError):
        model_named("no_such_module:build")
    assert sys.path == before


@pytest.mark.parametrize("reference", ["builtins:dict", "torch.nn:Linear"])
def test_a_function_that_builds_no_network_from_what_it_is_offered_is_refused(reference: str) -> None:
    assert code_of(reference) == "WN-M01"


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("def build(:\n", "SyntaxError"),
        ("1 / 0\n", "ZeroDivisionError: division by zero"),
        ("def build(): raise RuntimeError('first line\\nsecond line')\n", "RuntimeError: first line"),
    ],
    ids=["no Python", "fails on import", "fails on building"],
)
def test_a_builder_that_fails_is_refused_with_its_own_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, told: str
) -> None:
    monkeypatch.chdir(tmp_path)
    name = own_module(tmp_path, code)
    with pytest.raises(WinnowError) as caught:
        model_named(f"{name}:build").build(0)
    assert caught.value.code == "WN-M01"
    assert told in caught.value.what
    assert "second line" not in caught.value.what


@pytest.mark.parametrize("returned", ["None", "42", "[1]", "__import__('torch').nn.Linear"])
def test_a_builder_that_returns_no_network_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, returned: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert code_of(own_module(tmp_path, f"def build(): return {returned}") + ":build") == "WN-M01"


def test_a_module_that_imports_what_is_not_there_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(WinnowError, match="no_such_dependency") as caught:
        model_named(own_module(tmp_path, "import no_such_dependency") + ":build")
    assert caught.value.code == "WN-M01"


class Pair(nn.Module):
    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        return images, images


class Picky(nn.Module):
    def forward(self, images: Tensor) -> Tensor:
        assert images.shape[1] == 1
        return images


@pytest.mark.parametrize(
    "module",
    [
        nn.Sequential(nn.Flatten(), nn.Linear(5, 3)),
        nn.Sequential(nn.Flatten(), nn.Linear(12, 4)),
        nn.Conv2d(2, 3, 1),
        nn.Conv2d(3, 3, 9),
        nn.Flatten(),
        nn.Embedding(4, 3),
        Pair(),
        Picky(),
    ],
    ids=["inputs", "outputs", "channels", "too small", "no logits", "no image network", "two outputs", "asserts"],
)
def test_a_network_that_does_not_fit_the_data_is_refused(module: nn.Module) -> None:
    with pytest.raises(WinnowError) as caught:
        check_fit(module, torch.zeros(2, 3, 2, 2), 3)
    assert caught.value.code == "WN-M02"
    assert "3 x 2 x 2" in caught.value.what
    assert "\n" not in caught.value.what


@pytest.mark.parametrize("training", [True, False])
def test_checking_the_fit_changes_nothing(training: bool) -> None:
    net = nn.Sequential(nn.Flatten(), nn.BatchNorm1d(12), nn.Linear(12, 3)).train(training)
    before = tensors_of(net)
    check_fit(net, torch.zeros(2, 3, 2, 2), 3)
    with pytest.raises(WinnowError):
        check_fit(net, torch.zeros(2, 1, 2, 2), 3)
    assert all(torch.equal(t, before[name]) for name, t in tensors_of(net).items())
    assert [m.training for m in net.modules()] == [training] * 4


def test_checking_the_fit_leaves_frozen_parts_frozen() -> None:
    net = nn.Sequential(nn.Flatten(), nn.BatchNorm1d(12), nn.Linear(12, 3))
    net.get_submodule("1").eval()
    check_fit(net, torch.zeros(2, 3, 2, 2), 3)
    assert [m.training for m in net.modules()] == [True, True, False, True]
