"""References that give their own bits away, and what innocent suspects read as beside them."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from signing_networks import uneven_mask
from winnow.signing.alignment.alignment import align
from winnow.signing.alignment.axes import AxisGroup, AxisUse
from winnow.signing.alignment.foresight import LIMIT, foresight
from winnow.signing.code.layout import KeyedLayer, Layout
from winnow.signing.code.positions import Positions, keyed_positions
from winnow.signing.code.statistic import read, sent_bits

SHAPES = {"a": (24, 12, 3, 3), "b": (12, 24, 3, 3), "c": (150, 180)}
AXES = (AxisGroup(24, (AxisUse("a", 0), AxisUse("b", 1))), AxisGroup(150, (AxisUse("c", 0),)))
DENSITY = 0.2
KEPT = {name: round(DENSITY * int(np.prod(shape))) for name, shape in SHAPES.items()}
BITS = {"a": 18, "b": 18, "c": 219}
LAYOUT = Layout(tuple(KeyedLayer(name, SHAPES[name], KEPT[name], BITS[name], 20) for name in SHAPES), "bch-255-131")


def keyed(seed: int) -> tuple[bytes, Positions, NDArray]:
    key = bytes([seed]) * 32
    return key, keyed_positions(key, LAYOUT), sent_bits(key, LAYOUT.code, bytes(16))


def masks(rng: np.random.Generator, spread: float = 0.6) -> dict[str, NDArray]:
    return {name: uneven_mask(shape, DENSITY, rng, spread) for name, shape in SHAPES.items()}


def followed(positions: Positions, sent: NDArray, strength: float, rng: np.random.Generator) -> dict[str, NDArray]:
    """Masks whose row and column densities were fitted, by gradient steps, to differ as the bits sent do."""
    crafted, at = {}, 0
    for layer in LAYOUT.layers:
        rows, columns, offsets = layer.grid
        signs = np.where(sent[at : at + layer.bits], 1.0, -1.0)
        at += layer.bits
        places = np.concatenate([positions.first[layer.name], positions.second[layer.name]], axis=1) // offsets
        side = np.repeat([1.0, -1.0], layer.width)
        row, column = 0.3 * rng.standard_normal(rows), 0.3 * rng.standard_normal(columns)
        for _ in range(60):
            r, c = places // columns, places % columns
            lean = signs * (side * row[r] * column[c]).sum(1)
            step = 0.1 * (signs / (1 + np.exp(np.clip(lean, -30, 30))))[:, None] * side
            pulls = np.bincount(r.ravel(), (step * column[c]).ravel(), rows)
            column = column + np.bincount(c.ravel(), (step * row[r]).ravel(), columns)
            row = row + pulls
            row, column = ((v - v.mean()) / max(1.0, v.std()) for v in (row, column))
        logs = strength * (row[:, None, None] + column[None, :, None]) + rng.gumbel(size=(rows, columns, offsets))
        threshold = np.partition(logs, logs.size - layer.kept, axis=None)[logs.size - layer.kept]
        crafted[layer.name] = (logs >= threshold).reshape(layer.shape)
    return crafted


def sized(found: dict[str, NDArray], rng: np.random.Generator) -> dict[str, NDArray]:
    return {name: rng.standard_normal(mask.shape) * mask for name, mask in found.items()}


def test_honest_references_pass() -> None:
    rng = np.random.default_rng(0)
    told = []
    for seed in range(12):
        _, positions, sent = keyed(seed)
        found = masks(rng)
        told.append(foresight(found, sized(found, rng), positions, sent))
    assert min(told) > LIMIT / 2
    # The p-values are those of chance: about half of all predictions are no better than a coin.
    assert np.mean([log2_p > -1 for log2_p in told]) > 0.5


def test_what_is_keyed_is_not_looked_at() -> None:
    rng = np.random.default_rng(1)
    _, positions, sent = keyed(1)
    found = masks(rng)
    before = foresight(found, None, positions, sent)
    at = 0
    for layer in LAYOUT.layers:
        own = sent[at : at + layer.bits]
        at += layer.bits
        for side, on in ((positions.first, own), (positions.second, ~own)):
            found[layer.name].reshape(-1)[side[layer.name]] = on[:, None]
    assert foresight(found, None, positions, sent) == before


def test_densities_that_follow_the_bits_are_caught() -> None:
    rng = np.random.default_rng(2)
    for seed in range(3):
        _, positions, sent = keyed(seed)
        assert foresight(followed(positions, sent, 0.6, rng), None, positions, sent) < 4 * LIMIT


@pytest.mark.parametrize("seed", range(4))
def test_sizes_that_follow_the_bits_are_caught(seed: int) -> None:
    rng = np.random.default_rng(3)
    _, positions, sent = keyed(seed)
    found = masks(rng)
    crafted = followed(positions, sent, 0.8, rng)
    sizes = {}
    for name, mask in found.items():
        rows = crafted[name].reshape(len(mask), mask.shape[1], -1).mean((1, 2))
        columns = crafted[name].reshape(len(mask), mask.shape[1], -1).mean((0, 2))
        scale = (rows[:, None] * columns[None]).reshape(*mask.shape[:2], *[1] * (mask.ndim - 2))
        sizes[name] = mask * scale * np.exp(0.2 * rng.standard_normal(mask.shape))
    assert foresight(found, None, positions, sent) > LIMIT / 2
    assert foresight(found, sizes, positions, sent) < LIMIT


def test_blocks_that_follow_the_bits_are_caught() -> None:
    # Rows of two kinds, columns of two kinds, every row and column as dense as any other: only the blocks tell.
    rng = np.random.default_rng(4)
    _, positions, _ = keyed(4)
    crafted = {}
    lean = []
    for layer in LAYOUT.layers:
        rows, columns, offsets = layer.grid
        kinds = np.outer(np.arange(rows) % 2 * 2 - 1, np.arange(columns) % 2 * 2 - 1)
        chance = np.broadcast_to(DENSITY * (1 + 0.9 * kinds)[:, :, None], (rows, columns, offsets))
        crafted[layer.name] = (rng.random(chance.shape) < chance).reshape(layer.shape)
        flat = chance.reshape(-1)
        lean.append(flat[positions.first[layer.name]].sum(1) - flat[positions.second[layer.name]].sum(1))
    leans = np.concatenate(lean)
    sent = np.where(np.abs(leans) < 1e-9, rng.random(len(leans)) < 0.5, leans > 0)
    assert foresight(crafted, None, positions, sent) < LIMIT


@pytest.mark.parametrize("strength", [0.08, 0.2])
def test_innocent_suspects_do_not_match_a_reference_that_passes(strength: float) -> None:
    rng = np.random.default_rng(5)
    for seed in range(3):
        key, positions, sent = keyed(seed)
        crafted = followed(positions, sent, strength, rng)
        told = foresight(crafted, None, positions, sent)
        innocent = masks(rng, spread=1.0)
        suspect = {name: mask * rng.standard_normal(mask.shape) for name, mask in innocent.items()}
        found = align(suspect, SHAPES, crafted, positions.blanked(), AXES)
        matched = read({name: tensor != 0 for name, tensor in found.tensors.items()}, positions, key, sent)
        assert told < LIMIT or matched.log2_p > -20


def test_rows_that_follow_the_bits_beside_known_columns_show_in_the_suspect() -> None:
    # The columns of "c" are inputs, some of which no network uses. The reference keeps them evenly, so that its own
    # densities predict nothing; its rows are fitted to the bits as they read beside the known columns.
    rng = np.random.default_rng(6)
    key, positions, sent = keyed(7)
    layer = LAYOUT.layers[-1]
    rows, columns, _ = layer.grid
    profile = np.exp(np.where(rng.random(columns) < 0.3, -3.0, 0.5 * rng.standard_normal(columns)))
    pulls = np.zeros((layer.bits, rows))
    for side, sign in ((positions.first, 1.0), (positions.second, -1.0)):
        places = side[layer.name]
        bits = np.broadcast_to(np.arange(layer.bits)[:, None], places.shape)
        np.add.at(pulls, (bits, places // columns), sign * profile[places % columns])
    signs = np.where(sent[-layer.bits :], 1.0, -1.0)
    fitted = np.linalg.solve(pulls.T @ pulls + 10 * np.eye(rows), pulls.T @ signs)
    crafted = masks(rng)
    crafted["c"] = rng.random((rows, columns)) < np.clip(DENSITY * np.exp(fitted / fitted.std() / 2), 0, 0.9)[:, None]
    innocent = masks(rng)
    uneven = np.exp(0.5 * rng.standard_normal(rows))[:, None] * profile
    innocent["c"] = rng.random((rows, columns)) < np.clip(DENSITY * uneven / uneven.mean(), 0, 0.9)
    suspect = {name: mask * rng.standard_normal(mask.shape) for name, mask in innocent.items()}
    found = align(suspect, SHAPES, crafted, positions.blanked(), AXES)
    read_as = {name: tensor != 0 for name, tensor in found.tensors.items()}
    assert foresight(crafted, None, positions, sent) > LIMIT / 2
    assert foresight(read_as, None, positions, sent) < LIMIT
    assert read(read_as, positions, key, sent).log2_p > -20


def test_without_weights_or_bits_there_is_nothing_to_foresee() -> None:
    _, positions, sent = keyed(6)
    empty = {name: np.zeros(shape, dtype=bool) for name, shape in SHAPES.items()}
    assert foresight(empty, None, positions, sent) == 0.0
    assert foresight({}, {}, positions, sent) == 0.0
