"""Controls: what each one keeps of the ticket and what it draws anew."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch
from torch import Tensor

from winnow.core import derive_seed
from winnow.models import model_named
from winnow.recipes import lenet_digits
from winnow.sparsity import Mask, prunable_layers, tensors_of, weights_of
from winnow.storage import query
from winnow.tickets import find, prepare, summarise
from winnow.tickets.controls import CONTROLS, Origin
from winnow.tickets.levels import LevelFolder
from winnow.tickets.members import Cast
from winnow.tickets.recipe import CONTROLS as NAMES
from winnow.tickets.recipe import FindRecipe
from winnow.training import Member

MODEL = model_named("lenet-300-100", image_shape=(1, 8, 8), classes=10)


def initial_of(replicate: int) -> dict[str, Tensor]:
    return tensors_of(MODEL.build(derive_seed(0, "init", "start", replicate)))


def cast(*controls: str, draws: int = 1) -> Cast:
    return Cast(FindRecipe(controls=controls, draws=draws, replicates=2), MODEL, 50, initial_of)


@pytest.fixture(scope="module")
def origins() -> list[Origin]:
    """Two replicates: theta_0, a rewind point beside it, and a mask of the largest weights there."""
    made = []
    for replicate in range(2):
        initial = cast().initial(replicate)
        generator = torch.Generator().manual_seed(replicate)
        rewound = {n: t + 0.01 * torch.randn(t.shape, generator=generator) for n, t in initial.items()}
        weights = weights_of(rewound, prunable_layers(MODEL.build(0)))
        mask = Mask({n: w.abs() > w.abs().quantile(0.6) for n, w in weights.items()})
        made.append(Origin(mask, rewound, None))
    return made


def controls_of(origins: list[Origin], *names: str, draws: int = 1) -> list[Member]:
    return [m for m in cast(*names, draws=draws).of_level(3, origins) if m.branch != "ticket"]


def counts(mask: Mask) -> dict[str, int]:
    return {name: int(t.sum()) for name, t in mask.items()}


def test_the_recipe_names_the_controls_that_there_are() -> None:
    assert tuple(CONTROLS) == NAMES


@pytest.mark.parametrize("name", [*CONTROLS, "noise-0.5"])
def test_every_control_keeps_the_counts_of_every_layer_and_sees_the_tickets_batches(
    name: str, origins: list[Origin]
) -> None:
    tickets = [m for m in cast(name).of_level(3, origins) if m.branch == "ticket"]
    for member, ticket in zip(controls_of(origins, name), tickets, strict=True):
        assert counts(member.mask) == counts(ticket.mask)
        assert member.order_seed == ticket.order_seed
        assert member.noise_seed != ticket.noise_seed


@pytest.mark.parametrize(
    ("name", "first", "same_mask", "same_start"),
    [
        ("reinit", 0, True, False),
        ("random", 0, False, False),
        ("shuffled", 50, False, True),
        ("at-init", 0, False, False),
        ("resampled", 50, True, False),
        ("signs", 50, True, False),
        ("noise-1", 50, True, False),
    ],
)
def test_what_a_control_shares_with_the_ticket(
    name: str, first: int, same_mask: bool, same_start: bool, origins: list[Origin]
) -> None:
    for member, origin in zip(controls_of(origins, name), origins, strict=True):
        assert member.first_step == first
        assert (member.mask == origin.mask) == same_mask
        same = all(torch.equal(member.start[n], origin.rewound[n]) for n in origin.mask)
        assert same == same_start


def living(tensors: dict[str, Tensor], mask: Mask, name: str) -> Tensor:
    return tensors[name][mask[name]]


def test_at_init_keeps_the_largest_initial_weights_of_every_layer(origins: list[Origin]) -> None:
    (member, _) = controls_of(origins, "at-init")
    initial = cast().initial(0)
    for name, mask in member.mask.items():
        assert torch.equal(member.start[name], initial[name])
        assert initial[name][mask].abs().min() >= initial[name][~mask].abs().max()


def test_resampled_weights_are_the_layers_own_survivors(origins: list[Origin]) -> None:
    (member, _) = controls_of(origins, "resampled")
    origin = origins[0]
    for name in origin.mask:
        own = set(living(dict(origin.rewound), origin.mask, name).tolist())
        drawn = member.start[name][origin.mask[name]].tolist()
        assert set(drawn) <= own
        assert len(set(drawn)) > 0.5 * len(own)
    assert torch.equal(member.start["fc1.bias"], origin.rewound["fc1.bias"])


def test_signs_are_constants_of_the_layers_initial_deviation(origins: list[Origin]) -> None:
    (member, _) = controls_of(origins, "signs")
    origin, initial = origins[0], cast().initial(0)
    for name, mask in origin.mask.items():
        expected = origin.rewound[name][mask].sign() * initial[name].std()
        assert torch.equal(member.start[name][mask], expected)


def test_noise_has_so_many_deviations_of_the_layers_initialisation(origins: list[Origin]) -> None:
    for strength in (0.5, 3.0):
        (member, _) = controls_of(origins, f"noise-{strength}")
        origin, initial = origins[0], cast().initial(0)
        for name in ("fc1.weight", "fc2.weight"):
            mask = origin.mask[name]
            noise = member.start[name][mask] - origin.rewound[name][mask]
            assert float(noise.std() / initial[name].std()) == pytest.approx(strength, rel=0.05)
            assert torch.equal(member.start[name][~mask], origin.rewound[name][~mask])


def test_draws_are_new_each_time_and_the_first_is_the_one_of_a_recipe_with_one_draw(origins: list[Origin]) -> None:
    one, three = controls_of(origins, "reinit"), controls_of(origins, "reinit", draws=3)
    assert [m.replicate for m in three] == [0, 1, 2, 3, 4, 5]
    for single, first in zip(one, three[:2], strict=True):
        assert torch.equal(single.start["fc1.weight"], first.start["fc1.weight"])
        assert single.noise_seed == first.noise_seed
    starts = [m.start["fc1.weight"] for m in three]
    assert all(not torch.equal(a, b) for i, a in enumerate(starts) for b in starts[:i])
    # The draws of one ticket share its batches.
    assert three[0].order_seed == three[2].order_seed == three[4].order_seed != three[1].order_seed


def tiny(**changes: object) -> FindRecipe:
    return lenet_digits(**{"levels": 1, "steps": 40, "replicates": 2, "evaluate_every": 20, **changes})


def test_every_draw_is_a_replicate_of_the_control_in_the_table(tmp_path: Path) -> None:
    run = find(tiny(controls=("reinit", "noise-0.5"), draws=3), out=tmp_path / "run")
    rows = {(s.branch, s.level): s.replicates for s in summarise(run.metrics)}
    assert rows == {("ticket", 0): 2, ("ticket", 1): 2, ("reinit", 1): 6, ("noise-0.5", 1): 6}
    steps = prepare(tiny(controls=("reinit", "noise-0.5"), draws=3)).network_steps
    assert steps == 40 * (2 + 2 + 6 + 6)


def test_steps_are_counted_from_where_each_control_starts() -> None:
    prepared = prepare(tiny(controls=("reinit", "shuffled"), rewind="10it", draws=2))
    assert prepared.steps_of(1) == 2 * (30 + 2 * 40 + 2 * 30)


def test_pruned_at_the_start_every_level_comes_from_the_untrained_network(tmp_path: Path) -> None:
    recipe = tiny(rounds="at-start", score="magnitude-at-start", densities=(0.5, 0.2), controls=("shuffled",))
    run = find(recipe, out=tmp_path / "run")
    for level, density in ((1, 0.5), (2, 0.2)):
        ticket = LevelFolder(run, level).ticket(1)
        initial = initial_of(1)
        for name, mask in ticket.mask.items():
            assert float(mask.float().mean()) == pytest.approx(density, abs=1e-3)
            assert initial[name][mask].abs().min() >= initial[name][~mask].abs().max()
            assert torch.equal(ticket.start[name][mask], initial[name][mask])
    densities = query(run.metrics, "select level, avg(value) as d from metrics where metric = 'density' group by all")
    assert {row["level"]: round(row["d"], 2) for row in densities} == {0: 1.0, 1: 0.5, 2: 0.2}


@pytest.mark.parametrize("score", ["snip", "grasp", "synflow"])
def test_pruning_at_the_start_by_gradients_finds_other_masks_per_replicate_and_the_same_again(
    score: str, tmp_path: Path
) -> None:
    recipe = tiny(rounds="at-start", score=score, scope="global", densities=(0.1,), controls=(), score_rounds=3)
    runs = [find(recipe, out=tmp_path / name) for name in ("one", "two")]
    masks = [[LevelFolder(run, 1).ticket(r).mask for r in range(2)] for run in runs]
    assert masks[0] == masks[1]
    assert masks[0][0] != masks[0][1]
    assert {m.kept for m in masks[0]} == {round(0.1 * masks[0][0].total)}


def test_late_rewinding_prunes_at_the_rewind_point(tmp_path: Path) -> None:
    recipe = tiny(rounds="at-start", score="magnitude-at-start", densities=(0.5,), controls=(), rewind="10it")
    run = find(recipe, out=tmp_path / "run")
    dense, ticket = LevelFolder(run, 0).ticket(0), LevelFolder(run, 1).ticket(0)
    for name, mask in ticket.mask.items():
        assert dense.start[name][mask].abs().min() >= dense.start[name][~mask].abs().max()
    assert not torch.equal(dense.start["fc1.weight"], tensors_of(MODEL.build(0))["fc1.weight"])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"controls": ("rewound",)}, "no control rewound"),
        ({"controls": ("noise-x",)}, "no control noise-x"),
        ({"controls": ("reinit", "reinit")}, "named twice"),
        ({"draws": 0}, "at least 1"),
        ({"score_rounds": 0}, "at least 1"),
        ({"densities": (0.5, 1.2)}, "between 0 and 1"),
        ({"densities": (0.5, 0.7)}, "less than the one before"),
        ({"rounds": "at-start", "rewinding": "rate"}, "keeps trained weights"),
        ({"during": "rigl", "controls": ()}, "at-start"),
        ({"rounds": "at-start", "during": "rigl"}, "only at the end"),
        ({"early_bird": 0.1}, "oneshot"),
        ({"drop": 0.0}, "above 0"),
        ({"update_every": "0it"}, "at least one step"),
    ],
)
def test_recipes_that_contradict_themselves_are_refused(changes: dict[str, object], words: str) -> None:
    with pytest.raises(Exception, match=re.escape(words)) as caught:
        lenet_digits(**changes)
    assert getattr(caught.value, "code", None) == "WN-R02"
