"""Laws of masks: files, digests, shuffles and distances, for any shapes."""

import tempfile
from pathlib import Path

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from winnow.sparsity import Mask, hamming, jaccard

shapes = st.lists(st.integers(0, 5), max_size=4).map(tuple)
names = st.text(st.characters(categories=["L", "N"], include_characters='._/"\\ '), min_size=1, max_size=8)
layouts = st.dictionaries(names, shapes, max_size=4)


@st.composite
def masks(draw: st.DrawFn, layout: dict[str, tuple[int, ...]] | None = None) -> Mask:
    layout = draw(layouts) if layout is None else layout
    tensors = {}
    for name, shape in layout.items():
        count = torch.Size(shape).numel()
        tensors[name] = torch.tensor(draw(st.lists(st.booleans(), min_size=count, max_size=count))).bool().view(shape)
    return Mask(tensors)


@st.composite
def families(draw: st.DrawFn, size: int) -> list[Mask]:
    layout = draw(st.dictionaries(names, st.lists(st.integers(1, 3), max_size=2).map(tuple), min_size=1, max_size=3))
    return [draw(masks(layout)) for _ in range(size)]


def positions(mask: Mask) -> set[tuple[str, int]]:
    return {(name, i) for name, t in mask.items() for i, kept in enumerate(t.flatten().tolist()) if kept}


@settings(max_examples=20)
@given(masks())
def test_a_saved_mask_comes_back_equal_in_order_and_shapes(mask: Mask) -> None:
    with tempfile.TemporaryDirectory() as folder:
        mask.save(Path(folder) / "mask")
        found = Mask.load(Path(folder) / "mask")
    assert found == mask
    assert list(found) == list(mask)
    assert [t.shape for t in found.values()] == [t.shape for t in mask.values()]
    assert found.digest() == mask.digest()


@settings(max_examples=40)
@given(families(2))
def test_digests_are_equal_exactly_when_masks_are(pair: list[Mask]) -> None:
    one, other = pair
    assert (one.digest() == other.digest()) == (one == other) == (positions(one) == positions(other))


@settings(max_examples=40)
@given(masks(), st.integers(0, 2**63 - 1))
def test_a_shuffled_mask_keeps_the_count_of_every_tensor(mask: Mask, seed: int) -> None:
    shuffled = mask.shuffled(seed)
    assert {n: (t.shape, int(t.sum())) for n, t in shuffled.items()} == {
        n: (t.shape, int(t.sum())) for n, t in mask.items()
    }
    assert shuffled == mask.shuffled(seed)


@settings(max_examples=40)
@given(families(2))
def test_distances_are_what_sets_say(pair: list[Mask]) -> None:
    one, other = map(positions, pair)
    assert hamming(*pair) == len(one ^ other) / pair[0].total
    assert abs(jaccard(*pair) - (len(one ^ other) / len(one | other) if one | other else 0)) < 1e-12


@settings(max_examples=40)
@given(families(3))
def test_distances_are_metrics(trio: list[Mask]) -> None:
    a, b, c = trio
    for distance in (hamming, jaccard):
        assert 0 <= distance(a, b) <= 1
        assert distance(a, b) == distance(b, a)
        assert (distance(a, b) == 0) == (a == b)
        assert distance(a, c) <= distance(a, b) + distance(b, c) + 1e-12
