"""What every accelerator must keep: runs by themselves, a state that is whole, runs that leave, masks, names."""

from __future__ import annotations

import pytest
import torch

from grok_accelerator_cases import MAKERS, SHAPES, Moved, drawn, read, space_of, write
from winnow.core import WinnowError
from winnow.grokking.accelerators import ACCELERATORS, GRIDS, accelerator_named
from winnow.grokking.stacks.losses import LOSSES
from winnow.grokking.stacks.rules import RULES

STARTS, STEPS = drawn(3, 1), [drawn(3, seed) for seed in range(2, 8)]


def some(step, rows):
    return [step[row] for row in rows]


def masked(run, mask):
    return {key: tensor * mask[key] for key, tensor in run.items()}


@pytest.mark.parametrize("name", MAKERS)
def test_a_stack_of_three_is_three_alone(name):
    stack = Moved(name, STARTS, (0, 1, 2))
    alone = [Moved(name, STARTS, (row,)) for row in range(3)]
    for step in STEPS:
        stack.step(step)
        for row, run in enumerate(alone):
            run.step([step[row]])
    for row, run in enumerate(alone):
        assert not torch.equal(run.space.weights["project_in"][0], STARTS[row]["project_in"])
        for tensor, expected in zip(run.space.weights.values(), stack.space.weights.values(), strict=True):
            torch.testing.assert_close(tensor[0], expected[row], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", MAKERS)
def test_a_state_taken_mid_run_goes_on_bit_for_bit(name):
    whole, first = Moved(name, STARTS, (0, 1, 2)), Moved(name, STARTS, (0, 1, 2))
    for step in STEPS[:4]:
        whole.step(step)
        first.step(step)
    second = Moved(name, STARTS, (0, 1, 2))
    second.space.flat.copy_(first.space.flat)
    second.part.load_state({key: tensor.clone() for key, tensor in first.part.state().items()})
    for step in STEPS[4:]:
        whole.step(step)
        second.step(step)
    assert torch.equal(whole.space.flat, second.space.flat)


@pytest.mark.parametrize("name", MAKERS)
def test_the_others_go_on_when_a_run_leaves(name):
    stack, left = Moved(name, STARTS, (0, 1, 2)), Moved(name, STARTS, (0, 1, 2))
    for step in STEPS[:4]:
        stack.step(step)
        left.step(step)
    left.keep([0, 2])
    for step in STEPS[4:]:
        stack.step(step)
        left.step(some(step, (0, 2)))
    for name_, tensor in left.space.weights.items():
        torch.testing.assert_close(tensor, stack.space.weights[name_][[0, 2]], rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("name", MAKERS)
def test_a_run_that_diverged_does_not_touch_the_others(name):
    sound, broken = Moved(name, STARTS, (0, 1, 2)), Moved(name, STARTS, (0, 1, 2))
    for step in STEPS:
        sound.step(step)
        bad = {key: torch.full_like(tensor, float("nan")) for key, tensor in step[1].items()}
        broken.step([step[0], bad, step[2]])
    for row in (0, 2):
        for tensor, expected in zip(broken.space.weights.values(), sound.space.weights.values(), strict=True):
            torch.testing.assert_close(tensor[row], expected[row], rtol=1e-6, atol=1e-7)
    assert broken.space.weights["project_in"][1].isnan().all()


@pytest.mark.parametrize("name", MAKERS)
def test_no_gradient_gives_no_step(name):
    moved = Moved(name, STARTS, (1,))
    for _ in range(4):
        moved.step([{key: torch.zeros_like(tensor) for key, tensor in STARTS[1].items()}])
    assert read(moved.space.weights, 0).keys() == STARTS[1].keys()
    for key, tensor in read(moved.space.weights, 0).items():
        assert torch.equal(tensor, STARTS[1][key])


@pytest.mark.parametrize("name", MAKERS)
def test_masked_runs_train_what_remains(name):
    """As the trainer does it: masked gradients in, the mask again after the hook and after the update."""
    masks = [{key: (tensor > 0.3).float() for key, tensor in run.items()} for run in drawn(3, 9)]
    kept = space_of(masks).flat
    moved = Moved(name, [masked(run, mask) for run, mask in zip(STARTS, masks, strict=True)], (0, 1, 2))
    for step in STEPS:
        moved.step([masked(run, mask) for run, mask in zip(step, masks, strict=True)])
        moved.space.flat.mul_(kept)
    assert moved.space.flat.isfinite().all()
    assert (moved.space.flat[kept == 0] == 0).all()
    assert (moved.space.flat != space_of(STARTS).flat)[kept == 1].float().mean() > 0.95


def test_names_and_what_they_bring():
    assert set(ACCELERATORS) == {
        *(
            "none",
            "adamw",
            "adam-l2",
            "grokfast-ma",
            "grokfast-ema",
            "muon",
            "orthogonal",
            "stablemax",
            "egd",
            "egd-column",
        )
    }
    for name, accelerator in ACCELERATORS.items():
        assert accelerator.name == name == accelerator_named(name).name
        assert accelerator.about
        assert accelerator.source
        assert not isinstance(accelerator.rule, str) or accelerator.rule in RULES
        assert not isinstance(accelerator.loss, str) or accelerator.loss in LOSSES
        makes_a_hook = accelerator.hook is not None and accelerator.hook(space_of(STARTS)) is not None
        brings = (makes_a_hook, accelerator.rule is not None, accelerator.loss is not None)
        assert any(brings) != (name == "none")


def test_an_unknown_name_is_refused_with_the_names_there_are():
    with pytest.raises(WinnowError, match=r"WN-T03.*grokfast") as caught:
        accelerator_named("grokfast")
    assert "grokfast-ema" in caught.value.fix


def test_grids_are_settings_of_one_accelerator_each_and_can_be_named():
    assert set(GRIDS) == set(ACCELERATORS) - {"none"}
    for name, grid in GRIDS.items():
        assert 4 <= len(grid) <= 8
        assert [variant.name for variant in grid] == [f"{name}.{place}" for place in range(1, len(grid) + 1)]
        assert all(accelerator_named(variant.name) is variant for variant in grid)
        settings = {(v.learning_rate, v.weight_decay, v.betas, v.hook, v.rule, v.loss) for v in grid}
        assert len(settings) == len(grid)
        base = ACCELERATORS[name]
        for variant in grid:
            assert type(variant.hook) is type(base.hook)
            assert type(variant.loss) is type(base.loss)
            assert variant.learning_rate is not None
            assert variant.weight_decay is not None


def test_the_authors_settings_are_in_every_grid():
    for name, grid in GRIDS.items():
        base = ACCELERATORS[name]
        rates = {(variant.learning_rate, variant.weight_decay, variant.hook, variant.rule) for variant in grid}
        assert (base.learning_rate, base.weight_decay, base.hook, base.rule) in rates


def test_write_and_read_are_inverse():
    space = space_of(STARTS)
    write(space, STEPS[0])
    assert all(torch.equal(read(space.gradients, 1)[key], STEPS[0][1][key]) for key in SHAPES)
