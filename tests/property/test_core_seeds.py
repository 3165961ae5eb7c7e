"""Seeds: a stream is its name, and two names never share one."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from winnow.core import Step, derive_seed

part = st.integers(0, 10**6) | st.text(st.characters(categories=["L", "N", "P"]), max_size=12)
stream = st.tuples(st.integers(0, 2**63 - 1), st.lists(part, max_size=5))


@settings(max_examples=80)
@given(st.lists(stream, min_size=2, max_size=8, unique_by=lambda s: (s[0], tuple(s[1]))))
def test_streams_of_different_names_have_different_seeds(streams: list[tuple[int, list[str | int]]]) -> None:
    assert len({derive_seed(root, *path) for root, path in streams}) == len(streams)


@settings(max_examples=50)
@given(stream)
def test_a_seed_is_what_a_torch_generator_takes(named: tuple[int, list[str | int]]) -> None:
    root, path = named
    assert 0 <= derive_seed(root, *path) < 2**63
    assert derive_seed(root, *path) == derive_seed(root, *path)


def test_the_grid_of_a_whole_search_never_repeats_a_seed() -> None:
    grid = {
        derive_seed(seed, name, replicate, level, epoch)
        for seed in range(3)
        for name in ("init", "order", "augment", "mask")
        for replicate in range(12)
        for level in range(12)
        for epoch in range(12)
    }
    assert len(grid) == 3 * 4 * 12**3


@pytest.mark.parametrize(
    ("one", "other"),
    [(["a/b"], ["a", "b"]), (["a", ""], ["a"]), (["1"], [1]), (['a", "b'], ["a", "b"]), ([12], [1, 2])],
    ids=["slash", "empty part", "digits", "quotes", "joined digits"],
)
def test_names_that_look_alike_when_joined_are_two_streams(one: list[str | int], other: list[str | int]) -> None:
    assert derive_seed(0, *one) != derive_seed(0, *other)


def test_seeds_are_frozen() -> None:
    """A changed seed would give other results for the recipes of old runs."""
    assert derive_seed(0, "order", 1, 2, 3) == 6815792739903951377


@given(st.integers(0, 10**12 - 1), st.sampled_from(["it", "ep"]))
def test_a_step_reads_back_from_its_text(count: int, unit: str) -> None:
    assert Step.parse(str(Step(count, unit))) == Step(count, unit)
