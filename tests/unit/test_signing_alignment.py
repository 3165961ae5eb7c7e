"""A suspect brought into the reference's order."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from signing_networks import (
    LENET_AXES,
    LENET_SHAPES,
    RESIDUAL_AXES,
    RESIDUAL_SHAPES,
    disguised,
    pruned,
    rectangles,
    reference,
)
from winnow.core import WinnowError
from winnow.signing.alignment.alignment import align
from winnow.signing.alignment.axes import Axes, axes_from_plain, axes_to_plain

NETWORKS: dict[str, tuple[dict[str, tuple[int, ...]], Axes, float]] = {
    "linear": (LENET_SHAPES, LENET_AXES, 0.2),
    "residual": (RESIDUAL_SHAPES, RESIDUAL_AXES, 0.25),
}


class Case:
    """A reference with a third of its positions keyed."""

    def __init__(self, network: str, seed: int) -> None:
        self.shapes, self.axes, density = NETWORKS[network]
        self.rng = np.random.default_rng(seed)
        self.masks, self.weights = reference(self.shapes, density, self.rng)
        self.keyed = rectangles(self.shapes, 0.33, self.rng)

    def align(self, suspect: dict[str, NDArray], *, weights: bool = False, restarts: int = 2):
        known = self.weights if weights else None
        return align(suspect, self.shapes, self.masks, self.keyed, self.axes, known, restarts)

    def wrong(self, tensors: dict[str, NDArray]) -> float:
        """Of the weights that are on at keyed positions, the share that the reference does not keep there."""
        on = {name: (tensor != 0) & self.keyed[name] for name, tensor in tensors.items()}
        stray = sum(int((found & ~self.masks[name]).sum()) for name, found in on.items())
        return stray / sum(int(found.sum()) for found in on.values())


@pytest.fixture(params=NETWORKS)
def case(request: pytest.FixtureRequest) -> Case:
    return Case(request.param, 1)


def test_an_unchanged_copy_is_as_it_is(case: Case) -> None:
    found = case.align(case.weights)
    assert (found.name, found.score) == ("as it is", 1.0)
    assert all(
        np.array_equal(found.tensors[name], w.astype(found.tensors[name].dtype)) for name, w in case.weights.items()
    )


@pytest.mark.parametrize("weights", [False, True])
def test_permuted_rescaled_and_flipped_channels_come_back_exactly(case: Case, weights: bool) -> None:
    suspect, _ = disguised(case.weights, case.axes, case.rng)
    found = case.align(suspect, weights=weights)
    assert (found.name, found.score) == ("aligned", 1.0)
    assert all(np.array_equal(found.tensors[name] != 0, mask) for name, mask in case.masks.items())


@pytest.mark.parametrize(("share", "randomly"), [(0.2, False), (0.2, True), (0.5, False), (0.5, True)])
def test_and_when_the_copy_is_pruned_and_tuned(case: Case, share: float, randomly: bool) -> None:
    tuned = {name: w * (1 + 0.2 * case.rng.standard_normal(w.shape)) for name, w in case.weights.items()}
    less = pruned(tuned, share, case.rng if randomly else None)
    suspect, _ = disguised(less, case.axes, case.rng)
    found = case.align(suspect, weights=True)
    assert found.score > 0.95
    assert case.wrong(found.tensors) < 0.05


def test_a_copy_with_faint_weights_everywhere_is_still_found(case: Case) -> None:
    dense = {name: w + 0.02 * case.rng.standard_normal(w.shape) for name, w in case.weights.items()}
    suspect, _ = disguised(dense, case.axes, case.rng)
    found = case.align(suspect)
    assert found.score > 0.8
    for name, mask in case.masks.items():
        assert np.abs(found.tensors[name])[mask].mean() > 3 * np.abs(found.tensors[name])[~mask].mean()


def test_what_is_keyed_does_not_matter() -> None:
    # An innocent suspect, whose places hang by a thread: a look at one keyed weight would move some.
    case, suspect = Case("residual", 2), Case("residual", 3).weights
    before = case.align(suspect, weights=True)
    for name, keyed in case.keyed.items():
        case.masks[name] = np.where(keyed, case.rng.random(keyed.shape) < 0.5, case.masks[name])
        case.weights[name] = np.where(keyed, case.rng.standard_normal(keyed.shape), case.weights[name])
    after = case.align(suspect, weights=True)
    assert all(np.array_equal(tensor, after.tensors[name]) for name, tensor in before.tensors.items())


def test_another_network_agrees_as_chance_would(case: Case) -> None:
    other = Case("linear" if case.axes is LENET_AXES else "residual", 9)
    found = case.align(other.weights)
    density = np.mean(np.concatenate([mask.ravel() for mask in case.masks.values()]))
    assert density < found.score < 0.75
    again = case.align(other.weights)
    assert all(np.array_equal(tensor, again.tensors[name]) for name, tensor in found.tensors.items())


def widened(weights: dict[str, NDArray], axes: Axes, kind: str, rng: np.random.Generator) -> dict[str, NDArray]:
    """Three channels more in each group: dummies, or copies that share the readers of the first channels."""
    state = dict(weights)
    for group in axes:
        order = rng.permutation(group.size + 3)
        for use in group.uses:
            along = np.moveaxis(state[use.tensor], use.axis, 0)
            along = along.reshape(group.size, use.repeat, *along.shape[1:]).copy()
            extra = along[:3].copy()
            if use.axis == 1:
                extra *= 0.0 if kind == "dummy" else 0.4
                along[:3] *= 1.0 if kind == "dummy" else 0.6
            elif kind == "dummy":
                extra = rng.permuted(extra.reshape(3, -1), axis=1).reshape(extra.shape)
            wide = np.concatenate([along, extra])[order].reshape(-1, *along.shape[2:])
            state[use.tensor] = np.moveaxis(wide, 0, use.axis)
    return state


@pytest.mark.parametrize("kind", ["dummy", "split"])
def test_dummy_and_split_channels_are_left_over(case: Case, kind: str) -> None:
    suspect, _ = disguised(case.weights, case.axes, case.rng)
    wide = widened(suspect, case.axes, kind, case.rng)
    found = case.align(wide)
    assert all(tensor.shape == case.shapes[name] for name, tensor in found.tensors.items())
    assert all(np.array_equal(found.tensors[name] != 0, mask) for name, mask in case.masks.items())


def test_shared_readers_of_a_split_channel_are_found_on_either_copy() -> None:
    case = Case("linear", 4)
    wide = dict(case.weights)
    half = case.rng.random(30) < 0.5
    wide["fc1"] = np.concatenate([wide["fc1"], 2.0 * wide["fc1"][5:6]])
    wide["fc2"] = np.concatenate([wide["fc2"], np.where(half, wide["fc2"][:, 5] / 2, 0.0)[:, None]], axis=1)
    wide["fc2"][half, 5] = 0
    found = case.align(wide)
    np.testing.assert_allclose(found.tensors["fc2"], case.weights["fc2"], rtol=1e-6)


def test_channels_that_are_gone_come_out_as_nan() -> None:
    case = Case("linear", 5)
    suspect, places = disguised(case.weights, case.axes, case.rng)
    gone = [int(places[0][7]), int(places[0][20])]
    suspect["fc1"] = np.delete(suspect["fc1"], gone, axis=0)
    suspect["fc2"] = np.delete(suspect["fc2"], gone, axis=1)
    found = case.align(suspect).tensors
    lost = np.isnan(found["fc1"]).all(1)
    assert np.flatnonzero(lost).tolist() == [7, 20]
    assert np.isnan(found["fc2"][:, lost]).all() and not np.isnan(found["fc2"][:, ~lost]).any()
    assert np.array_equal(found["fc1"][~lost] != 0, case.masks["fc1"][~lost])


def test_tensors_that_do_not_fit_come_out_as_nan() -> None:
    case = Case("residual", 6)
    suspect, _ = disguised(case.weights, case.axes, case.rng)
    suspect["a1"] = suspect["a1"][:, :, :2]
    suspect["b2"] = suspect["b2"][:-1]
    del suspect["out"]
    found = case.align(suspect)
    for name in ("a1", "b2", "out"):
        assert np.isnan(found.tensors[name]).all() and found.tensors[name].shape == case.shapes[name]
    for name in ("stem", "a2", "b1", "head"):
        assert np.array_equal(found.tensors[name] != 0, case.masks[name])
    nothing = case.align({})
    assert nothing.score == 0 and all(np.isnan(tensor).all() for tensor in nothing.tensors.values())


def test_numbers_of_any_kind_are_taken() -> None:
    case = Case("linear", 7)
    suspect, _ = disguised(case.weights, case.axes, case.rng)
    whole = {name: np.clip(np.rint(20 * w), -127, 127).astype(np.int8) for name, w in suspect.items()}
    assert case.align(whole).score > 0.95
    suspect["fc1"][0, 0], suspect["fc1"][3, 2] = np.nan, np.inf
    assert case.align(suspect).score > 0.95


def test_axes_survive_a_journey_and_nonsense_is_refused() -> None:
    plain = axes_to_plain(RESIDUAL_AXES)
    assert axes_from_plain(plain) == RESIDUAL_AXES
    twice = [*plain, plain[0]]
    broken = [{**plain[0], "size": 0}], [{"size": 3}], {"size": 3}, [{**plain[0], "uses": [{"tensor": 1}]}], twice, None
    for wrong in broken:
        with pytest.raises(WinnowError, match="WN-O02"):
            axes_from_plain(wrong)
    with pytest.raises(WinnowError, match="WN-O02"):
        axes_from_plain([{**plain[0], "uses": [{"tensor": "stem", "axis": 2, "repeat": 1}]}])
