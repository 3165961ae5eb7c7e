"""Training on stored weights within the one loop: same numbers as dense, chosen by measurement, kept over a resume."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from helpers import SmallConv, members, small_chain
from winnow.core import WinnowError
from winnow.data import DataSet
from winnow.kernels import BreakEven
from winnow.sparsity import Mask, tensors_of
from winnow.training import CheckpointFile, Member, TrainingPlan, execution_for, train
from winnow.training.packed import PackedStack

PLAN: dict[str, Any] = {"steps": 30, "batch": 20, "evaluate_every": 10}
OPTIMIZERS: list[dict[str, Any]] = [
    {"optimizer": "sgd", "learning_rate": 0.1, "weight_decay": 0.01},
    {"optimizer": "momentum", "learning_rate": 0.05, "weight_decay": 0.01},
    {"optimizer": "adam", "learning_rate": 0.003, "weight_decay": 0.01},
    {"optimizer": "adamw", "learning_rate": 0.003, "weight_decay": 0.1},
]


def everywhere(density: float) -> BreakEven:
    return BreakEven(density, density, density, density)


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Pretend that the machine breaks even at a density, and that any work is worth it."""

    def pretend(density: float) -> None:
        monkeypatch.setattr("winnow.training.execution._WORTHWHILE", 0.0)
        monkeypatch.setattr("winnow.kernels.break_even", lambda: everywhere(density))

    return pretend


@pytest.mark.parametrize("options", OPTIMIZERS, ids=lambda o: o["optimizer"])
@pytest.mark.parametrize("build", [small_chain, SmallConv])
def test_stored_weights_train_to_the_numbers_of_the_dense_path(
    build: Any, options: dict[str, Any], blobs: DataSet, coloured_blobs: DataSet
) -> None:
    data = coloured_blobs if build is SmallConv else blobs
    plan = TrainingPlan(**PLAN, schedule="cosine", warmup=5, **options)
    module, stack = members(build, 3, rates=[0.002, 0.003, 0.002])
    dense = train(module, stack, data, plan, execution="dense")
    sparse = train(module, stack, data, plan, execution="sparse")
    assert sparse.execution == "stored weights: as asked"
    for one, other in zip(dense.trained, sparse.trained, strict=True):
        assert one.tensors.keys() == other.tensors.keys()
        for name, tensor in one.tensors.items():
            torch.testing.assert_close(other.tensors[name], tensor, rtol=5e-4, atol=5e-5)
    for one, other in zip(dense.rows, sparse.rows, strict=True):
        assert one[:6] == other[:6]
        assert other.value == pytest.approx(one.value, rel=1e-3, abs=1e-4)


def test_pruned_weights_stay_exactly_0_and_only_stored_ones_take_memory(blobs: DataSet) -> None:
    module, stack = members(small_chain, 2, density=0.2)
    result = train(module, stack, blobs, TrainingPlan(**PLAN, weight_decay=0.1), execution="sparse")
    for network in result.trained:
        for name, mask in network.member.mask.items():
            assert torch.count_nonzero(network.tensors[name][~mask]) == 0
    packed = PackedStack(module, stack, ["1.weight", "3.weight", "5.weight"])
    stored = sum(member.mask.kept for member in stack) + 2 * (20 + 12 + 3)
    assert stored <= packed.weights.numel() < stored + 2 * 6 * 16


@pytest.mark.parametrize("build", [small_chain, SmallConv])
def test_a_training_that_stopped_goes_on_bit_for_bit_on_stored_weights(
    build: Any, blobs: DataSet, coloured_blobs: DataSet, tmp_path: Any
) -> None:
    data = coloured_blobs if build is SmallConv else blobs
    module, stack = members(build, 3)
    whole = train(module, stack, data, TrainingPlan(**PLAN), snapshots_at=[10], execution="sparse")
    file = _stopped_half_way(module, stack, data, tmp_path, "sparse")
    # "auto" would train so little on dense tensors: the checkpoint keeps it on its way.
    resumed = train(module, stack, data, TrainingPlan(**PLAN), snapshots_at=[10], checkpoint=file)
    assert resumed.execution.startswith("stored weights")
    assert resumed.rows == whole.rows
    for one, other in zip(whole.trained, resumed.trained, strict=True):
        assert all(torch.equal(one.tensors[name], other.tensors[name]) for name in one.tensors)
        assert one.snapshots.keys() == other.snapshots.keys() == {10}
        assert all(torch.equal(one.snapshots[10][name], other.snapshots[10][name]) for name in one.snapshots[10])


def test_a_dense_checkpoint_keeps_a_level_dense_and_another_way_starts_it_anew(
    blobs: DataSet, tmp_path: Any, measured: Any
) -> None:
    measured(1.0)
    module, stack = members(small_chain, 2)
    file = _stopped_half_way(module, stack, blobs, tmp_path, "dense")
    plan = TrainingPlan(**PLAN)
    assert train(module, stack, blobs, plan, checkpoint=file).execution == "dense: as asked"
    file = _stopped_half_way(module, stack, blobs, tmp_path, "dense")
    anew = train(module, stack, blobs, plan, checkpoint=file, execution="sparse")
    assert anew.rows == train(module, stack, blobs, plan, execution="sparse").rows


def _stopped_half_way(module: nn.Module, stack: Any, data: DataSet, folder: Any, way: str) -> CheckpointFile:
    """A checkpoint of step 20, as a kill there leaves it."""

    class KilledError(Exception):
        pass

    class KilledAfterWriting(CheckpointFile):
        def write(self, checkpoint: Any) -> None:
            super().write(checkpoint)
            if checkpoint.step == 20:
                raise KilledError

    path = folder / "checkpoint.safetensors"
    path.unlink(missing_ok=True)
    with pytest.raises(KilledError):
        file = KilledAfterWriting(path, 0.0)
        train(module, stack, data, TrainingPlan(**PLAN), snapshots_at=[10], checkpoint=file, execution=way)
    return CheckpointFile(path, 0.0)


@pytest.mark.parametrize(("density", "limit", "way"), [(0.1, 0.3, "stored weights"), (0.5, 0.3, "dense")])
def test_auto_goes_by_the_measured_break_even(
    density: float, limit: float, way: str, measured: Any, blobs: DataSet
) -> None:
    measured(limit)
    module, stack = members(small_chain, 2, density=density)
    result = train(module, stack, blobs, TrainingPlan(**PLAN))
    assert result.execution.startswith(way)
    assert "% of the products remain" in result.execution


def test_auto_stays_dense_where_there_is_too_little_to_save(blobs: DataSet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("winnow.kernels.break_even", lambda: pytest.fail("it measured"))
    module, stack = members(small_chain, 2, density=0.1)
    assert "too little work" in train(module, stack, blobs, TrainingPlan(**PLAN)).execution


def test_each_layer_counts_by_its_work(measured: Any) -> None:
    """A dense first convolution of little work does not hold a sparse network back."""
    measured(0.3)

    def build() -> nn.Module:
        return nn.Sequential(nn.Conv2d(3, 4, 1), nn.ReLU(), nn.Conv2d(4, 40, 3, padding=1), nn.ReLU(), nn.Flatten())

    network = nn.Sequential(build(), nn.Linear(40 * 64, 3))
    module, stack = members(lambda: network, 1, density=0.1)
    ones = {**stack[0].mask, "0.0.weight": torch.ones(4, 3, 1, 1, dtype=torch.bool)}
    dense_first = [Member(branch="ticket", replicate=0, start=tensors_of(module), mask=Mask(ones))]
    execution = execution_for(module, dense_first, TrainingPlan(**PLAN), (3, 8, 8), torch.device("cpu"))
    assert execution.is_sparse, execution.note


def test_what_the_kernels_do_not_have_runs_dense_and_says_so(coloured_blobs: DataSet) -> None:
    module, stack = members(lambda: SmallConv(dropout=0.5), 1)
    result = train(module, stack, coloured_blobs, TrainingPlan(**PLAN), execution="sparse")
    assert result.execution.startswith("dense: the kernels do not have dropout while training, at dropout")


def test_a_dense_network_runs_dense(blobs: DataSet) -> None:
    module, stack = members(small_chain, 1, density=1.1)
    assert train(module, stack, blobs, TrainingPlan(**PLAN)).execution == "dense: nothing is pruned"


def test_an_unknown_execution_is_refused(blobs: DataSet) -> None:
    module, stack = members(small_chain, 1)
    with pytest.raises(WinnowError, match=r"WN-T03.*no execution 'fast'"):
        train(module, stack, blobs, TrainingPlan(**PLAN), execution="fast")


def test_a_loss_that_is_no_number_is_noticed_on_stored_weights(blobs: DataSet) -> None:
    module, stack = members(small_chain, 1)
    with pytest.raises(WinnowError, match="WN-T01"):
        train(module, stack, blobs, TrainingPlan(**PLAN, optimizer="sgd", learning_rate=1e30), execution="sparse")
