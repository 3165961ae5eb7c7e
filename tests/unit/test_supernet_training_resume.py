"""A training that was killed and goes on ends bit for bit like one that was left alone."""

from __future__ import annotations

import pytest
import torch

from supernet_training_toys import same, toy_data, toy_learner, toy_recipe, toy_task
from winnow.sparsity import tensors_of
from winnow.supernet.training import Phase, Trained, train_phases
from winnow.supernet.training.optimizers import optimizer_state
from winnow.supernet.training.saved import State, StateFile

PHASES = [Phase("joint", 6, search=True, prune=True, sparsity=0.6), Phase("retrain", 2)]
DATA = toy_data()


def _train(path=None, stop=None) -> Trained:
    recipe = toy_recipe(budget=0.5)
    learner = toy_learner(recipe, DATA)
    task = toy_task(DATA)
    return train_phases(learner, PHASES, task, DATA, recipe, checkpoint=path, stop_after=stop, measure_every=5)


def _state(trained: Trained) -> dict[str, torch.Tensor]:
    learner = trained.learner
    named = {
        "network": tensors_of(learner.network),
        "average": learner.average,
        "start": learner.start,
        "mask": learner.mask,
        "pruned": learner.pruned,
        "optimizer": optimizer_state(learner.optimizer, learner.network),
    }
    return {f"{group}/{name}": t for group, tensors in named.items() for name, t in tensors.items()}


@pytest.fixture(scope="module")
def whole() -> Trained:
    return _train()


def test_a_training_resumed_around_every_event_is_bit_equal(tmp_path, whole):
    """Searches come after 4 and 6 updates, prunings after 3 and 6; the second phase begins at 6."""
    path = tmp_path / "state.safetensors"
    for stop in (2, 3, 4, 5):
        broken = _train(path, stop)
        assert not broken.finished and broken.learner.step == stop
    kept = path.read_bytes()
    assert _train(path, 7).learner.step == 7
    path.write_bytes(kept)  # as after a kill: what was done since the last write is done again
    _train(path, 6)
    resumed = _train(path)
    assert resumed.finished
    assert same(_state(resumed), _state(whole))
    for found, left in ((resumed.learner.mask, whole.learner.mask), (resumed.learner.average, whole.learner.average)):
        assert list(found) == list(left)  # equal scores are told apart by it
    assert resumed.rows == whole.rows
    assert resumed.events == whole.events
    assert resumed.learner.architecture == whole.learner.architecture


def test_a_finished_training_is_not_done_again(tmp_path, whole):
    path = tmp_path / "state.safetensors"
    _train(path, 7)
    told, skipped = [], []

    class Told:
        def begin(self, total): ...
        def advance(self, steps, note):
            told.append(note)

        def skip(self, steps):
            skipped.append(steps)

        def end(self): ...

    recipe = toy_recipe(budget=0.5)
    learner = toy_learner(recipe, DATA)
    task = toy_task(DATA)
    for _ in range(2):
        again = train_phases(learner, PHASES, task, DATA, recipe, checkpoint=path, progress=Told(), measure_every=5)
        assert again.finished
        assert same(_state(again), _state(whole))
    assert skipped == [7, 8]
    assert len(told) == 1 and "retrain, step 2" in told[0]


def test_a_damaged_or_foreign_checkpoint_starts_anew(tmp_path, whole):
    path = tmp_path / "state.safetensors"
    recipe = toy_recipe()
    learner = toy_learner(recipe, DATA)
    file = StateFile(path, "mine")
    assert file.read(learner, recipe) is None
    file.write(State(learner))
    assert file.read(learner, recipe) is not None
    assert StateFile(path, "another's").read(learner, recipe) is None
    path.write_bytes(path.read_bytes()[:-100])
    assert file.read(learner, recipe) is None
    assert same(_state(_train(path)), _state(whole))
