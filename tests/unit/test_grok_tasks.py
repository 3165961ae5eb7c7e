"""Tasks: what their examples and answers are, their splits, and names that are refused."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import test_data_writers as write
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from winnow.core import WinnowError
from winnow.grokking.tasks import TASKS, Sizes, sizes_named, task_named

ORACLES: dict[str, Callable[[int, int], int]] = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "x2+y2": lambda a, b: a**2 + b**2,
    "x2+xy+y2": lambda a, b: a**2 + a * b + b**2,
    "x2+xy+y2+x": lambda a, b: a**2 + a * b + b**2 + a,
    "x3+xy": lambda a, b: a**3 + a * b,
    "x3+xy2+y": lambda a, b: a**3 + a * b**2 + b,
}
# One name of every kind that needs no data.
NAMES = [*(f"{operation}-7" for operation in ORACLES), "divide-7", "s5", "regression", "parity"]


def test_the_papers_addition_has_2278_pairs_911_to_train_on_and_1367_to_test_on() -> None:
    task = task_named("add-67")
    split = task.split(0.4, seed=0)
    assert (len(task), len(split.train), len(split.test)) == (2278, 911, 1367)
    assert task.inputs.tolist() == [[i, j] for i in range(67) for j in range(i, 67)]
    assert (task.tokens, task.outputs) == (67, 67)
    # A run's identity rests on it: a change here is another data split under the same seed.
    assert split.digest == "823ad01a" + split.digest[8:]


@given(st.sampled_from(NAMES), st.floats(0.05, 0.95), st.integers(0, 2**40))
def test_a_split_divides_all_rows_and_follows_from_its_seed(name: str, fraction: float, seed: int) -> None:
    task = task_named(name)
    split = task.split(fraction, seed)
    assert torch.cat([split.train, split.test]).sort().values.tolist() == list(range(len(task)))
    assert len(split.train) == (task.train_count or int(fraction * len(task)))
    assert split.digest == task.split(fraction, seed).digest
    assert split.digest != task.split(fraction, seed + 1).digest


@pytest.mark.parametrize("operation", ORACLES)
@pytest.mark.parametrize("modulus", [2, 6, 67])
def test_answers_are_those_of_pythons_integers(operation: str, modulus: int) -> None:
    task = task_named(f"{operation}-{modulus}-all")
    pairs = list(itertools.product(range(modulus), repeat=2))
    assert task.inputs.tolist() == [list(pair) for pair in pairs]
    assert task.targets.tolist() == [ORACLES[operation](a, b) % modulus for a, b in pairs]


def test_the_largest_modulus_does_not_overflow() -> None:
    task = task_named("x3+xy2+y-1000")
    assert task.inputs[-1].tolist() == [999, 999]
    assert int(task.targets[-1]) == (999**3 + 999**3 + 999) % 1000


@pytest.mark.parametrize("modulus", [2, 3, 67, 97])
def test_division_is_undone_by_multiplication(modulus: int) -> None:
    task = task_named(f"divide-{modulus}")
    dividend, divisor = task.inputs.T
    assert len(task) == modulus * (modulus - 1)
    assert int(divisor.min()) == 1
    assert torch.equal(task.targets * divisor % modulus, dividend)


def test_the_name_says_which_pairs_there_are() -> None:
    for operation, default in (("add", "half"), ("multiply", "all"), ("x2+y2", "all")):
        counts = {pairs: len(task_named(f"{operation}-11-{pairs}")) for pairs in ("half", "all", "nonzero")}
        assert counts == {"half": 66, "all": 121, "nonzero": 110}
        assert torch.equal(task_named(f"{operation}-11").inputs, task_named(f"{operation}-11-{default}").inputs)
    assert bool((task_named("multiply-11-nonzero").inputs[:, 1] > 0).all())


def test_permutations_compose_second_first() -> None:
    task = task_named("s5")
    elements = list(itertools.permutations(range(5)))
    assert len(task) == 120**2
    table = task.targets.view(120, 120)
    for a, b in ((3, 77), (119, 1), (64, 100), (25, 25)):
        assert elements[int(table[a, b])] == tuple(elements[a][image] for image in elements[b])
    assert torch.equal(task.inputs[77 * 120 + 5], torch.tensor([77, 5]))


def test_permutations_form_a_group() -> None:
    table = task_named("s5").targets.view(120, 120)
    everything = torch.arange(120)
    assert torch.equal(table[0], everything)
    assert torch.equal(table[:, 0], everything)
    assert torch.equal(table.sort(1).values, everything.expand(120, -1))
    generator = torch.Generator().manual_seed(0)
    a, b, c = torch.randint(120, (3, 500), generator=generator)
    assert torch.equal(table[table[a, b], c], table[a, table[b, c]])
    assert not torch.equal(table, table.T)


def recovered(inputs: Tensor, targets: Tensor) -> Tensor:
    """beta, up to its sign, of targets (beta . x)^2 / 2: the leading direction, then signs and weights in turn."""
    sizes = (2 * targets).sqrt()
    beta = torch.linalg.eigh(inputs.T @ (targets * inputs)).eigenvectors[:, -1:]
    for _ in range(300):
        beta = torch.linalg.lstsq(inputs, sizes * (inputs @ beta).sign()).solution
    return beta


def test_regression_is_half_the_square_of_one_product_in_40_dimensions() -> None:
    task = task_named("regression")
    inputs, targets = task.inputs.double(), task.targets.double()
    assert inputs.shape == (200, 40)
    assert targets.shape == (200, 1)
    assert not task.is_classification
    assert float(inputs.std()) == pytest.approx(40**-0.5, rel=0.05)
    beta = recovered(inputs, targets)
    assert torch.allclose((inputs @ beta).square() / 2, targets, atol=1e-5)
    assert float(beta.square().mean()) == pytest.approx(1, abs=0.7)
    split = task.split(0.4, seed=3)
    assert (len(split.train), len(split.test)) == (100, 100)


def test_the_seed_in_a_name_draws_the_data() -> None:
    for name in ("regression", "parity-30-3"):
        default, zero, one = (task_named(full).inputs for full in (name, f"{name}-0", f"{name}-1"))
        assert torch.equal(default, zero)
        assert not torch.equal(default, one)


@pytest.mark.parametrize(
    ("name", "bits", "counting"), [("parity", 30, 3), ("parity-40-5", 40, 5), ("parity-12-1", 12, 1)]
)
def test_parity_counts_the_first_bits(name: str, bits: int, counting: int) -> None:
    task = task_named(name)
    assert task.inputs.shape == (3200, bits + 1)
    assert torch.equal(task.inputs[:, bits], torch.ones(3200))
    signs = task.inputs[:, :bits]
    assert set(signs.unique().tolist()) == {-1, 1}
    # Of signs, an odd number of ones is a product; (-1)^counting is that of no one at all.
    product = signs[:, :counting].prod(1) * (-1) ** counting
    assert torch.equal(task.targets, (product < 0).long())
    assert len(signs.unique(dim=0)) == 3200
    assert abs(float(signs.mean(0).abs().max())) < 0.1
    split = task.split(0.4, seed=0)
    assert (len(split.train), len(split.test)) == (1200, 2000)


def test_mnist_trains_on_a_thousand_of_the_training_file_and_tests_on_the_test_file(tmp_path: Path) -> None:
    sets = write.made(size=28, classes=10, train=1100, test=40)
    task = task_named("mnist", str(write.write_idx(tmp_path / "mnist", sets)))
    assert (len(task), task.outputs, task.tokens) == (1140, 10, None)
    splits = [task.split(0.1, seed) for seed in (0, 1)]
    for split in splits:
        assert len(split.train) == 1000
        pixels = torch.from_numpy(sets["test"][0]).float().flatten(1) / 255
        assert torch.equal(task.inputs[split.test], pixels)
        assert task.targets[split.test].tolist() == sets["test"][1].tolist()
        assert len(split.train.unique()) == 1000
        assert not set(split.train.tolist()) & set(split.test.tolist())
    assert splits[0].digest != splits[1].digest
    drawn = {image.tobytes() for image in (task.inputs[splits[0].train] * 255).round().byte().numpy()}
    assert drawn <= {image.tobytes() for image in sets["train"][0]}
    assert Sizes.of(task) == sizes_named("mnist")


@pytest.mark.parametrize("name", NAMES)
def test_sizes_are_known_without_the_task(name: str) -> None:
    task = task_named(name)
    assert sizes_named(name) == Sizes.of(task)
    assert task.name == name
    if task.is_classification:
        assert int(task.targets.max()) < task.outputs
    if task.tokens is not None:
        assert (int(task.inputs.min()), int(task.inputs.max())) == (0, task.tokens - 1)


def test_every_kind_has_a_name_above() -> None:
    assert {name.split("-")[0] for name in NAMES} | {"mnist"} == set(TASKS)


@pytest.mark.parametrize(
    ("name", "fix"),
    [
        ("", "One of: add-P, subtract-P"),
        ("addition-67", "x3+xy2+y-P, s5, regression, parity, mnist."),
        ("add", "Write add-P[-half|all|nonzero], P from 2 to 1000."),
        ("add-", "Write add-P"),
        ("add-1", "P from 2 to 1000"),
        ("add-1001", "P from 2 to 1000"),
        ("add-٦٧", "P from 2 to 1000"),
        ("add-" + "9" * 5000, "P from 2 to 1000"),
        ("add-67-some", "[-half|all|nonzero]"),
        ("add-67-all-1", "Write add-P[-half|all|nonzero]"),
        ("divide-67-all", "Write divide-P[-nonzero]"),
        ("divide-91", "Take a prime"),
        ("s5-1", "Write s5."),
        ("regression--1", "SEED from 0 to"),
        ("parity-11", "BITS from 12 to 60"),
        ("parity-30-31", "at most 30"),
    ],
)
def test_names_that_cannot_be_read_are_refused(name: str, fix: str) -> None:
    with pytest.raises(WinnowError) as caught:
        task_named(name)
    assert caught.value.code == "WN-C01"
    assert fix in caught.value.fix


def test_mnist_without_its_images_is_refused(tmp_path: Path) -> None:
    digits = write.write_idx(tmp_path / "small", write.made(size=8, classes=10, train=20))
    for data, code in ((None, "WN-D01"), (str(tmp_path / "absent"), "WN-D01"), (str(digits), "WN-D04")):
        with pytest.raises(WinnowError) as caught:
            task_named("mnist", data)
        assert caught.value.code == code


def test_a_split_with_an_empty_side_is_refused() -> None:
    task = task_named("add-7")
    for broken, fraction in ((task, 0.01), (replace(task, train_count=len(task)), 0.4)):
        with pytest.raises(WinnowError) as caught:
            broken.split(fraction, seed=0)
        assert caught.value.code == "WN-D06"
