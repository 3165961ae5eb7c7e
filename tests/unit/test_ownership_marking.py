"""Marks in masks: every layer keeps its count, every bit gets its margin, and the swaps are the cheap ones."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from winnow.core import WinnowError
from winnow.ownership.filling import filled_start
from winnow.ownership.marking import leads_of, mark
from winnow.ownership.terms import Terms
from winnow.signing.code.layout import KeyedLayer, Layout
from winnow.signing.code.positions import keyed_positions
from winnow.signing.code.statistic import read, sent_bits
from winnow.sparsity import Mask, Ticket

KEYS = [bytes([n]) * 32 for n in range(3)]
PAYLOADS = [bytes([n, 7]) * 8 for n in range(3)]
SHAPES = {"a": (90, 120), "b": (50, 30, 3, 3), "c": (10, 24)}


def _ticket(density: float = 0.2, *, trained: bool = True, seed: int = 0) -> Ticket:
    generator = torch.Generator().manual_seed(seed)
    weights = {name: torch.randn(shape, generator=generator) for name, shape in SHAPES.items()}
    mask = Mask({name: torch.rand(w.shape, generator=generator) < density for name, w in weights.items()})
    grown = {name: 2 * w for name, w in weights.items()} if trained else None
    return Ticket({**weights, "bias": torch.ones(3)}, mask, grown and {**grown, "bias": torch.ones(3)}, {"results": 1})


DENSE = {name: torch.randn(shape, generator=torch.Generator().manual_seed(9)) for name, shape in SHAPES.items()}


def _marked(ticket, count=1, **options):
    layout = Terms("m").layout(ticket.mask)
    return layout, *mark(ticket, layout, KEYS[:count], PAYLOADS[:count], **options)


@pytest.mark.parametrize("margin", [1, 3, 6])
@pytest.mark.parametrize("density", [0.15, 0.5, 0.85])
def test_counts_stay_and_every_bit_reaches_its_margin(density, margin):
    ticket = _ticket(density)
    layout, marked, report = _marked(ticket, margin=margin)
    for name in SHAPES:
        assert int(marked.mask[name].sum()) == int(ticket.mask[name].sum())
    leads = leads_of(marked.mask, layout, KEYS[0], PAYLOADS[0])
    assert int((leads < margin).sum()) == report.keys[0].short
    assert report.keys[0].short <= 0.02 * layout.bits
    assert report.keys[0].bits == layout.bits
    # A position that no key uses may go on for one bit and off for another.
    assert 0.9 * report.keys[0].swaps <= sum(report.switched.values()) <= report.keys[0].swaps
    assert report.kept == ticket.mask.kept


def test_the_marked_mask_reads_as_what_was_sent():
    layout, marked, _ = _marked(_ticket())
    sent = sent_bits(KEYS[0], layout.code, PAYLOADS[0])
    masks = {name: tensor.numpy() for name, tensor in marked.mask.items()}
    reading = read(masks, keyed_positions(KEYS[0], layout), KEYS[0], sent)
    assert (reading.matches, reading.total) == (layout.bits, layout.bits)
    assert reading.log2_p == -layout.bits


def test_keyed_positions_move_where_the_margin_needs_it_and_hardly_any_others():
    ticket = _ticket()
    layout, marked, _ = _marked(ticket, dense=DENSE)
    keyed = keyed_positions(KEYS[0], layout).blanked()
    moved = {name: (marked.mask[name] != ticket.mask[name]).numpy() for name in SHAPES}
    # Others stand in only where a set that should lose a weight has none.
    others = sum(int((moved[name] & ~keyed[name]).sum()) for name in SHAPES)
    assert others < 0.05 * sum(int(moved[name].sum()) for name in SHAPES)
    before, after = (leads_of(one.mask, layout, KEYS[0], PAYLOADS[0]) for one in (ticket, marked))
    assert np.array_equal(before[before >= 3], after[before >= 3])
    assert set(after[before < 3]) <= {3, 4}


def test_the_best_go_on_and_the_least_go_off():
    ticket = _ticket()
    layout, marked, _ = _marked(ticket, dense=DENSE)
    positions, sent, at = keyed_positions(KEYS[0], layout), sent_bits(KEYS[0], layout.code, PAYLOADS[0]), 0
    assert ticket.trained is not None
    for layer in layout.layers:
        was, now = (m[layer.name].flatten().numpy() for m in (ticket.mask, marked.mask))
        worth, size = (t[layer.name].abs().flatten().numpy() for t in (DENSE, ticket.trained))
        for bit in range(layer.bits):
            sets = positions.first[layer.name][bit], positions.second[layer.name][bit]
            favoured, other = sets if sent[at] else sets[::-1]
            at += 1
            on, stayed_off = favoured[now[favoured] & ~was[favoured]], favoured[~now[favoured]]
            off, stayed_on = other[~now[other] & was[other]], other[now[other]]
            assert min(worth[on], default=9e9) >= max(worth[stayed_off], default=0)
            assert max(size[off], default=0) <= min(size[stayed_on], default=9e9)


def test_later_keys_leave_earlier_ones_alone():
    ticket = _ticket(0.25)
    layout, one, _ = _marked(ticket, 1, dense=DENSE)
    _, three, report = _marked(ticket, 3, dense=DENSE)
    keyed = keyed_positions(KEYS[0], layout).blanked()
    for name in SHAPES:
        assert torch.equal(
            one.mask[name][torch.from_numpy(keyed[name])], three.mask[name][torch.from_numpy(keyed[name])]
        )
    for key, payload, told in zip(KEYS, PAYLOADS, report.keys, strict=True):
        leads = leads_of(three.mask, layout, key, payload)
        assert int((leads < 3).sum()) == told.short
        assert int((leads <= 0).sum()) == told.wrong <= 0.02 * layout.bits


def test_marking_is_deterministic_and_leaves_the_rest():
    ticket = _ticket()
    _, marked, report = _marked(ticket)
    _, again, _ = _marked(ticket)
    assert marked.mask == again.mask
    assert all(torch.equal(marked.start[name], again.start[name]) for name in marked.start)
    assert torch.equal(marked.start["bias"], ticket.start["bias"])
    assert marked.trained is None
    assert "results" not in marked.manifest
    assert report.to_plain()["keys"][0]["bits"] == report.keys[0].bits
    for name in SHAPES:
        both = marked.mask[name] & ticket.mask[name]
        assert torch.equal(marked.start[name][both], ticket.start[name][both])


def test_switched_on_weights_begin_large_with_the_dense_signs():
    ticket = _ticket()
    _, marked, _ = _marked(ticket, dense=DENSE)
    assert ticket.trained is not None
    for name in ("a", "b"):
        fresh = marked.mask[name] & ~ticket.mask[name]
        sizes, values = ticket.trained[name][ticket.mask[name]].abs(), marked.start[name][fresh]
        assert values.abs().min() >= sizes.median()
        assert values.abs().max() < sizes.max()
        assert torch.equal(values.sign(), DENSE[name][fresh].sign())


def test_switched_on_weights_begin_at_the_dense_start_when_it_is_given():
    ticket = _ticket()
    whole = {**{name: torch.full(shape, 0.25) for name, shape in SHAPES.items()}, "bias": torch.ones(3)}
    _, marked, _ = _marked(ticket, start=whole)
    for name in SHAPES:
        fresh = marked.mask[name] & ~ticket.mask[name]
        assert (marked.start[name][fresh] == 0.25).all()


def test_the_draws_follow_the_key():
    ticket = _ticket(trained=False)
    mask = Mask({name: ~tensor for name, tensor in ticket.mask.items()})
    one, same, other = (filled_start(ticket, mask, key)["a"] for key in (KEYS[0], KEYS[0], KEYS[1]))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def test_a_layout_of_another_ticket_is_refused():
    layout = Terms("m").layout(_ticket(seed=1).mask)
    with pytest.raises(WinnowError) as caught:
        mark(_ticket(), layout, KEYS[:1], PAYLOADS[:1])
    assert caught.value.code == "WN-O02"


def test_bits_that_cannot_be_written_are_told():
    # 127 bits of two positions a side in a layer that keeps 8 weights: nearly all sets are empty, and 8 swaps are few.
    mask = torch.zeros(32, 64, dtype=torch.bool)
    mask.view(-1)[::256] = True
    ticket = Ticket({"a": mask.float()}, Mask({"a": mask}))
    layout = Layout((KeyedLayer("a", (32, 64), 8, 127, 2),), "bch-127-64")
    with pytest.raises(WinnowError) as caught:
        mark(ticket, layout, KEYS[:1], PAYLOADS[:1])
    assert caught.value.code == "WN-O01"
