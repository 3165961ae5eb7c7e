"""Laws of pruning: exact counts, nothing revived, ties by position; sorted() is the oracle."""

import math
from dataclasses import dataclass

import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import Tensor

from winnow.sparsity import Layer, Mask, Pool, ladder, prune, scope_named, structure_named

NAMES = ("first", "second", "third")
# Few values, so that nearly all scores tie; both zeros, negative ones and infinities are among them.
value = st.sampled_from([-math.inf, -2.0, -1.0, -0.0, 0.0, 0.5, 1.0, 1e30, math.inf])
finite = st.sampled_from([-2.0, -1.0, -0.0, 0.0, 0.5, 1.0, 3.0])


@dataclass
class Case:
    scores: dict[str, Tensor]
    mask: Mask


@st.composite
def cases(draw: st.DrawFn, values: st.SearchStrategy[float] = value, columns: int = 1, hidden_nan: bool = True) -> Case:
    scores, alive = {}, {}
    for name in NAMES[: draw(st.integers(1, 3))]:
        shape = (draw(st.integers(1, 4)), draw(st.integers(1, 3)) * columns)
        count = shape[0] * shape[1]
        living = draw(st.lists(st.integers(0, 3).map(bool), min_size=count, max_size=count))
        drawn = draw(st.lists(values, min_size=count, max_size=count))
        shown = [math.nan if hidden_nan and not lives else v for v, lives in zip(drawn, living, strict=True)]
        scores[name] = torch.tensor(shown).view(shape)
        alive[name] = torch.tensor(living).view(shape)
    return Case(scores, Mask(alive))


def oracle(case: Case, names: tuple[str, ...], keep: int) -> set[tuple[str, int]]:
    """What `sorted` keeps: it is stable, so of equal scores the earlier (tensor, position) goes first."""
    living = [
        (score, (name, i))
        for name in names
        for i, (score, lives) in enumerate(
            zip(case.scores[name].flatten().tolist(), case.mask[name].flatten().tolist(), strict=True)
        )
        if lives
    ]
    ranked = sorted(living, key=lambda entry: entry[0])
    return {place for _, place in ranked[max(len(ranked) - keep, 0) :]}


def positions(mask: Mask) -> set[tuple[str, int]]:
    return {(name, i) for name, t in mask.items() for i, kept in enumerate(t.flatten().tolist()) if kept}


@settings(max_examples=80)
@given(cases(), st.data())
def test_global_pruning_is_what_sorted_says(case: Case, data: st.DataObject) -> None:
    keep = data.draw(st.integers(0, case.mask.total + 1))
    names = tuple(case.mask)
    pruned = prune(case.scores, case.mask, [Pool(names, keep)])
    assert positions(pruned) == oracle(case, names, keep)
    assert pruned.kept == min(keep, case.mask.kept)
    assert list(pruned) == list(case.mask)


@settings(max_examples=50)
@given(cases(), st.data())
def test_layerwise_pruning_is_what_sorted_says_of_each_layer(case: Case, data: st.DataObject) -> None:
    pools = [Pool((name,), data.draw(st.integers(0, mask.numel()))) for name, mask in case.mask.items()]
    expected = set().union(*(oracle(case, pool.names, pool.keep) for pool in pools))
    assert positions(prune(case.scores, case.mask, pools)) == expected


@settings(max_examples=40)
@given(cases(), st.data())
def test_masks_nest_and_a_tensor_outside_every_pool_stays(case: Case, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(list(case.mask)))
    pruned = prune(case.scores, case.mask, [Pool((name,), 1)])
    for other, mask in pruned.items():
        assert not bool((mask & ~case.mask[other]).any())
        assert other == name or torch.equal(mask, case.mask[other])


@settings(max_examples=12)
@given(st.sampled_from([0.0, -1.5, math.inf]), st.integers(0, 6_000))
def test_a_large_layer_of_one_score_loses_exactly_its_first_weights(score: float, keep: int) -> None:
    scores = {"w": torch.full((60, 100), score)}
    kept = prune(scores, Mask.ones(scores), [Pool(("w",), keep)])["w"].flatten()
    assert kept.tolist() == [False] * (6_000 - keep) + [True] * keep


@settings(max_examples=30)
@given(
    st.lists(st.tuples(st.sampled_from(["conv", "fc", "output"]), st.integers(30, 400)), min_size=1, max_size=4),
    st.sampled_from(["layer", "global"]),
    st.integers(0, 2**32),
)
def test_a_whole_ladder_has_its_counts_at_every_level(kinds: list[tuple[str, int]], scope: str, seed: int) -> None:
    layers = [Layer(f"l{i}", kind, (count,)) for i, (kind, count) in enumerate(kinds)]
    steps = ladder(layers, {"conv": 0.3, "fc": 0.4, "output": 0.2}, 4, scope=scope_named(scope))
    generator = torch.Generator().manual_seed(seed)
    mask = Mask({layer.name: torch.ones(layer.shape) for layer in layers})
    for pools in steps:
        scores = {n: torch.randint(0, 4, t.shape, generator=generator).float() for n, t in mask.items()}
        after = prune(scores, mask, pools)
        assert [sum(int(after[n].sum()) for n in pool.names) for pool in pools] == [pool.keep for pool in pools]
        assert positions(after) <= positions(mask)
        mask = after


@settings(max_examples=50)
@given(cases(finite, hidden_nan=False), st.data())
def test_channels_go_whole_to_within_one_and_never_the_last(case: Case, data: st.DataObject) -> None:
    assume(case.mask.kept)
    keep = data.draw(st.integers(0, case.mask.kept))
    pruned = prune(case.scores, case.mask, [Pool(tuple(case.mask), keep)], structure_named("channel"))
    largest = max(int(t.sum(1).max()) for t in case.mask.values())
    for name, before in case.mask.items():
        after = pruned[name]
        for row in range(len(before)):
            assert torch.equal(after[row], before[row]) or not after[row].any()
        assert bool(after.any()) == bool(before.any())
    assert pruned.kept >= keep
    if any(int(t.any(1).sum()) > 1 for t in pruned.values()):
        assert pruned.kept - keep < largest


@settings(max_examples=50)
@given(st.sampled_from([(1, 2), (2, 4), (1, 4), (3, 4)]), st.data())
def test_n_of_m_keeps_the_largest_living_of_every_group(pattern: tuple[int, int], data: st.DataObject) -> None:
    n, m = pattern
    case = data.draw(cases(finite, columns=m))
    assume(case.mask.kept)
    pruned = prune(case.scores, case.mask, [Pool(tuple(case.mask), case.mask.kept - 1)], structure_named(f"{n}:{m}"))
    for name, mask in pruned.items():
        groups = zip(
            case.scores[name].view(-1, m).tolist(),
            case.mask[name].view(-1, m).tolist(),
            mask.view(-1, m).tolist(),
            strict=True,
        )
        for scores, before, after in groups:
            living = sorted((i for i in range(m) if before[i]), key=lambda i: scores[i])
            assert [i for i in range(m) if after[i]] == sorted(living[max(len(living) - n, 0) :])
