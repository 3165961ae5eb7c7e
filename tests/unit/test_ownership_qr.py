"""V2: a QR symbol in a mask: written at no change of counts, read blind, honest about what it cannot read."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import segno
import torch

from winnow.core import WinnowError
from winnow.ownership.paper.code import Symbol, decoded, symbol
from winnow.ownership.paper.embedding import best_place, embed
from winnow.ownership.paper.grids import Place, liveness
from winnow.ownership.paper.patterns import LEVELS, VERSIONS, Format, Grid, alignment_centres, formats
from winnow.ownership.paper.reading import read_at, restored, scan
from winnow.ownership.paper.triggered import Examined, examine
from winnow.signing.asking.triggers import TriggerRule, trigger_set
from winnow.sparsity import Mask

# Code words of a symbol and the bits left over, versions 1 to 10 (ISO/IEC 18004:2015, Table 1).
CODE_WORDS = (26, 44, 70, 100, 134, 172, 196, 242, 292, 346)
LEFT_OVER = (0, 7, 7, 7, 7, 7, 0, 0, 0, 0)


def drawn(density: float, seed: int = 0, **shapes: tuple[int, ...]) -> Mask:
    generator = torch.Generator().manual_seed(seed)
    return Mask({name: torch.rand(shape, generator=generator) < density for name, shape in shapes.items()})


def counts(mask: Mask) -> dict[str, int]:
    return {name: int(tensor.sum()) for name, tensor in mask.items()}


def flipped(grid: Grid, share: float, seed: int) -> Grid:
    return grid ^ (np.random.default_rng(seed).random(grid.shape) < share)


@pytest.mark.parametrize("version", VERSIONS)
def test_public_modules_are_those_of_any_symbol_and_no_more(version: int) -> None:
    for level in LEVELS:
        for number, text in enumerate(("A", "bc", "12", "q%")):
            found = segno.make_qr(text, version=version, error=level, mask=number * 2, boost_error=False)
            modules = np.array([list(row) for row in found.matrix], bool)
            chosen = Format(version, level, number * 2)
            assert np.array_equal(modules & chosen.public, chosen.dark)
    assert (~Format(version, "L", 0).public).sum() == 8 * CODE_WORDS[version - 1] + LEFT_OVER[version - 1]


def test_alignment_centres_are_those_of_the_standard() -> None:
    assert [alignment_centres(version) for version in (1, 2, 6, 7, 10)] == [
        [],
        [6, 18],
        [6, 34],
        [6, 22, 38],
        [6, 28, 50],
    ]


def test_the_32_formats_differ_in_format_modules_alone() -> None:
    found = formats(2)
    assert len({one.dark.tobytes() for one in found}) == 32
    assert all(np.array_equal(one.public, found[0].public) for one in found)
    changed = np.logical_or.reduce([one.dark ^ found[0].dark for one in found])
    assert changed.sum() == 30  # 15 bits, twice


@pytest.mark.parametrize(
    ("version", "level", "mask"), [(0, "H", 0), (11, "H", 0), (1, "X", 0), (1, "LM", 0), (1, "L", 8)]
)
def test_unknown_formats_are_refused(version: int, level: str, mask: int) -> None:
    with pytest.raises(WinnowError, match="WN-O06"):
        Format(version, level, mask)
    with pytest.raises(WinnowError, match="WN-O06"):
        symbol("A", version=version, level=level, mask=mask)


def test_a_text_that_does_not_fit_is_refused() -> None:
    with pytest.raises(WinnowError, match="WN-O06"):
        symbol("x" * 25, version=3, level="H")
    with pytest.raises(WinnowError, match="WN-O06"):
        symbol("x" * 500, level="L")


SHAPES: list[tuple[tuple[int, ...], float]] = [
    ((32, 40, 3, 3), 0.2),
    ((64, 48, 3, 3), 0.02),
    ((30, 64, 5), 0.3),
    ((60, 90), 0.1),
    ((40, 32), 0.6),
    ((32, 32, 1, 1), 0.4),
]


@pytest.mark.parametrize(("shape", "density"), SHAPES)
@pytest.mark.parametrize(
    ("text", "version", "level"),
    [("signature", 3, "H"), ("owner-17", None, "M"), ("0123456789", 2, "Q"), ("ab", 1, "L")],
)
def test_round_trip_is_blind_and_keeps_every_count(
    shape: tuple[int, ...], density: float, text: str, version: int | None, level: str
) -> None:
    mask, made = drawn(density, first=(8, 3, 3, 3), wide=shape), symbol(text, version=version, level=level)
    marked = embed(mask, made, seed=1)
    assert counts(marked.mask) == counts(mask)
    assert marked.added == marked.removed > 0
    assert torch.equal(marked.mask["first"], mask["first"])
    assert read_at(marked.mask, marked.place, made.format) == text
    assert read_at(marked.mask, marked.place, version=made.format.version) == text


def test_only_data_modules_are_written() -> None:
    mask, made = drawn(0.2, conv=(40, 40, 3, 3)), symbol("signature")
    marked = embed(mask, made, place=Place("conv", 5, 7))
    size, before, after = made.format.size, liveness(mask["conv"]), liveness(marked.mask["conv"])
    inside = np.zeros_like(before)
    inside[5 : 5 + size, 7 : 7 + size] = made.data
    assert np.array_equal(before[~inside], after[~inside])  # where kernels have weights to spare, all others live on
    assert np.array_equal(after[5 : 5 + size, 7 : 7 + size][made.data], made.modules[made.data])
    assert marked.agreed == made.data.sum() - marked.lit - marked.emptied
    assert (before ^ after).sum() == marked.lit + marked.emptied


def test_function_modules_of_a_linear_layer_may_only_pay_for_the_count() -> None:
    mask, made = drawn(0.5, linear=(200, 200)), symbol("signature", version=3)
    marked = embed(mask, made, place=Place("linear", 0, 0))
    part = marked.mask["linear"].numpy()[:29, :29]
    assert np.array_equal(part[made.data], made.modules[made.data])
    assert int((mask["linear"] ^ marked.mask["linear"]).sum()) == marked.added + marked.removed


def test_a_symbol_that_is_there_changes_nothing() -> None:
    mask, made = drawn(0.2, conv=(40, 40, 3, 3)), symbol("signature")
    once = embed(mask, made)
    again = embed(once.mask, made)
    assert again.place == once.place and again.agreed == made.data.sum()
    assert again.mask == once.mask and again.added == again.removed == 0


def test_the_best_place_is_the_best_of_all() -> None:
    mask, made = drawn(0.1, small=(20, 64, 3, 3), conv=(26, 31, 3, 3), linear=(24, 60)), symbol("a1", version=1)
    found = {}
    for name in ("conv", "linear"):
        grid = liveness(mask[name])
        for row in range(grid.shape[0] - 20):
            for column in range(grid.shape[1] - 20):
                part = grid[row : row + 21, column : column + 21]
                found[Place(name, row, column)] = int(((part == made.modules) & made.data).sum())
    place, agreed = best_place(mask, made)
    assert agreed == max(found.values()) == found[place]
    assert best_place(mask, made, ["linear"])[1] == max(n for p, n in found.items() if p.layer == "linear")


def test_of_equal_places_the_earliest_is_taken() -> None:
    whole = Mask({name: torch.ones(40, 40, dtype=torch.bool) for name in ("one", "two")})
    assert best_place(whole, symbol("a"))[0] == Place("one", 0, 0)


def test_what_does_not_fit_is_refused() -> None:
    made = symbol("signature", version=3)
    with pytest.raises(WinnowError, match="WN-O06"):
        embed(drawn(0.2, conv=(28, 64, 3, 3)), made)
    mask = drawn(0.2, conv=(32, 32, 3, 3))
    for place in (Place("conv", 4, 0), Place("conv", 0, -1), Place("other", 0, 0)):
        with pytest.raises(WinnowError, match="WN-O06"):
            embed(mask, made, place=place)
        with pytest.raises(WinnowError, match="WN-O06"):
            read_at(mask, place, made.format)
    with pytest.raises(WinnowError, match="WN-O06"):
        embed(mask, made, layers=["other"])
    with pytest.raises(WinnowError, match="WN-O06"):
        read_at(mask, Place("conv", 0, 0))


@pytest.mark.parametrize("density", [0.0, 1.0])
def test_a_count_that_cannot_be_kept_is_refused(density: float) -> None:
    made = symbol("signature", version=3)
    exact = Mask({"linear": torch.full((29, 29), bool(density))})
    with pytest.raises(WinnowError, match="the layer's count cannot be kept"):
        embed(exact, made)


def test_draws_follow_the_seed() -> None:
    mask, made = drawn(0.2, conv=(32, 32, 3, 3)), symbol("signature")
    assert embed(mask, made, seed=3).mask == embed(mask, made, seed=3).mask != embed(mask, made, seed=4).mask


def read_share(made: Symbol, errors: float, trials: int = 150) -> float:
    """How often the symbol is read with so many of its data modules flipped at random."""
    texts = [decoded(restored(flipped(made.modules, errors, seed), made.format)) for seed in range(trials)]
    assert set(texts) <= {made.text, None}
    return texts.count(made.text) / trials


@pytest.mark.parametrize(
    ("errors", "expected"), [(0.01, 1.0), (0.02, 0.993), (0.03, 0.886), (0.04, 0.563), (0.05, 0.219)]
)
def test_the_decoding_probability_of_3_h_is_that_of_its_reed_solomon_code(errors: float, expected: float) -> None:
    """Two RS(35, 13) words that mend 11 code words each; `expected` is both binomials' probability."""
    assert abs(read_share(symbol("signature", version=3), errors) - expected) < 0.12


def test_beyond_its_code_nothing_is_read() -> None:
    assert read_share(symbol("signature", version=3), 0.1) == 0


@pytest.mark.parametrize("density", [0.05, 0.2, 0.5])
def test_nothing_is_read_from_an_unmarked_mask(density: float) -> None:
    mask = drawn(density, seed=7, conv=(30, 30, 3, 3), linear=(29, 31))
    assert not list(scan(mask, versions=[3]))
    assert not list(scan(mask, chosen=Format(2, "H", 3)))


def test_a_scan_finds_text_place_and_format_alone() -> None:
    mask, made = drawn(0.45, conv=(31, 31, 3, 3), linear=(31, 32)), symbol("signature", version=3)
    marked = embed(mask, made, place=Place("linear", 2, 1))
    found = list(scan(marked.mask, versions=[3]))
    assert [(one.text, one.place, one.format) for one in found] == [("signature", marked.place, made.format)]
    assert not list(scan(marked.mask, versions=[3], layers=["conv"]))
    assert [one.text for one in scan(marked.mask, chosen=made.format)] == ["signature"]


def test_permuted_channels_scramble_the_symbol() -> None:
    mask, made = drawn(0.2, conv=(32, 32, 3, 3)), symbol("signature", version=3)
    marked = embed(mask, made)
    generator = torch.Generator().manual_seed(5)
    permuted = Mask({"conv": marked.mask["conv"][torch.randperm(32, generator=generator)]})
    assert read_at(permuted, marked.place, made.format) is None
    assert not list(scan(permuted, chosen=made.format))


def asked(
    answers: Callable[[np.ndarray], np.ndarray], mask: Callable[[], Mask], place: Place, chosen: Format
) -> Examined:
    rule = TriggerRule(100, 10, (1, 8, 8), (0.0,), (1.0,))
    triggers = trigger_set(b"k" * 32, rule)
    return examine(lambda inputs: answers(triggers.labels[: len(inputs)]), triggers, mask, place, chosen)


def test_a_mask_is_read_only_of_a_network_that_answers_as_trained() -> None:
    made = symbol("signature", version=3)
    marked = embed(drawn(0.2, conv=(32, 32, 3, 3)), made)

    def refused() -> Mask:
        raise AssertionError("the mask was asked for")

    told = asked(lambda labels: labels, lambda: marked.mask, marked.place, made.format)
    assert told.is_suspect and told.text == "signature" and told.hits.hits == 100 and told.hits.log2_p < -300
    told = asked(lambda labels: np.zeros_like(labels), refused, marked.place, made.format)
    assert not told.is_suspect and told.text is None and told.hits.log2_p > -20
    # An innocent network that was asked by chance has nothing to read.
    told = asked(lambda labels: labels, lambda: drawn(0.2, conv=(32, 32, 3, 3)), marked.place, made.format)
    assert told.is_suspect and told.text is None
