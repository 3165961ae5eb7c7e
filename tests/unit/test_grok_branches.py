"""Branches: names that a person types, and what each is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from winnow.core import WinnowError
from winnow.grokking.branches import BASES, Branch, Given, Made, Problem, Streams, base_named, needs
from winnow.sparsity import Mask

PROBLEM = Problem("add-11", "mlp", 0.5, 1.0, Streams(0))
_NUMBERS = st.floats(0.01, 0.99).map(lambda value: round(value, 3))


@given(
    st.builds(
        Branch,
        base=st.sampled_from(sorted(BASES)),
        round=st.none() | st.integers(1, 9),
        at=st.none() | st.integers(0, 90_000),
        rate=st.none() | _NUMBERS,
        weight_decay=st.none() | _NUMBERS | st.just(0.0),
        learning_rate=st.none() | _NUMBERS,
        accelerator=st.none() | st.sampled_from(["muon", "grokfast-ema", "egd#2"]),
    )
)
def test_a_name_is_read_as_it_was_written(branch: Branch) -> None:
    assert Branch.parse(str(branch)) == branch


@pytest.mark.parametrize(
    "text", ["", "Ticket", "ticket,", "ticket,k", "ticket@x", "ticket,q3", "ticket,k0", "ticket,k1.5", "a b"]
)
def test_a_name_of_another_form_is_told(text: str) -> None:
    with pytest.raises(WinnowError, match="WN-C01"):
        Branch.parse(text)


def test_an_unknown_base_names_the_known_ones() -> None:
    with pytest.raises(WinnowError, match="reinit"):
        needs(Branch.parse("tickets"))


def test_what_has_to_be_done_first() -> None:
    first = {name: needs(Branch.parse(name)) for name in ("dense", "ticket", "snip", "snip-matched", "edge-popup")}
    assert first == {"dense": [], "ticket": ["dense"], "snip": [], "snip-matched": ["dense"], "edge-popup": []}
    assert needs(Branch.parse("edge-popup@10")) == ["dense"]
    assert needs(Branch.parse("iterative,k0.8")) == ["iterative~2,k0.8"]
    assert needs(Branch.parse("iterative~1,k0.8")) == ["dense"]


@dataclass
class _Done:
    """One trained network under every name: positions in order, so that what is kept is known."""

    trained: Mapping[str, Tensor]
    of: Mapping[str, Mask]

    def weights(self, branch: str, step: int | None) -> Mapping[str, Tensor]:
        return self.trained

    def mask(self, branch: str) -> Mask | None:
        return self.of.get(branch)


def _made(name: str, rate: float = 0.6, masks: Mapping[str, Mask] | None = None) -> Made:
    branch = Branch.parse(name)
    return base_named(branch.base)(
        Given(
            problem=PROBLEM,
            done=_Done(_trained(), masks or {}),
            replicate=0,
            branch=branch,
            rate=rate,
            at=branch.at,
            loss="cross-entropy",
        )
    )


def _trained() -> dict[str, Tensor]:
    return PROBLEM.network.start(torch.Generator().manual_seed(9))


def test_a_ticket_keeps_the_largest_trained_weights_and_starts_at_the_start() -> None:
    made = _made("ticket")
    assert made.mask is not None
    sizes = torch.cat([t.abs().flatten() for t in _trained().values()])
    kept = torch.cat([made.mask[name].flatten() for name in _trained()])
    assert kept.sum() == len(sizes) - int(0.6 * len(sizes))
    assert sizes[kept].min() > sizes[~kept].max()
    assert _same(made.start, PROBLEM.start(0))


def test_reinit_is_the_tickets_mask_on_another_start() -> None:
    ticket, reinit = _made("ticket"), _made("reinit")
    assert ticket.mask == reinit.mask
    assert not _same(reinit.start, PROBLEM.start(0))


@pytest.mark.parametrize("name", ["shuffled", "random-matched", "snip-matched", "grasp-matched", "synflow-matched"])
def test_matched_controls_keep_as_many_weights_of_every_matrix_as_the_ticket(name: str) -> None:
    ticket, control = _made("ticket"), _made(name)
    assert ticket.mask is not None
    assert control.mask is not None
    assert control.mask != ticket.mask
    assert {n: int(t.sum()) for n, t in control.mask.items()} == {n: int(t.sum()) for n, t in ticket.mask.items()}


@pytest.mark.parametrize("name", ["random", "snip", "grasp", "synflow", "synflow-once"])
def test_pruning_at_the_start_needs_no_training_and_keeps_as_many_weights(name: str) -> None:
    made, ticket = _made(name), _made("ticket")
    assert made.mask is not None
    assert ticket.mask is not None
    assert made.mask.kept == ticket.mask.kept
    assert made.passes >= 1


@pytest.mark.parametrize(("name", "p"), [("norm-l1", 1), ("norm-l2", 2)])
def test_controlled_dense_networks_have_the_tickets_norm(name: str, p: int) -> None:
    made, ticket = _made(name), _made("ticket")
    assert made.mask is None
    assert ticket.mask is not None
    assert _norm(made.start, p) == pytest.approx(_norm(ticket.mask.applied(PROBLEM.start(0)), p), rel=1e-5)


def test_iterative_rounds_prune_what_is_left_of_the_round_before() -> None:
    first = _made("iterative~1").mask
    assert first is not None
    second = _made("iterative~2", masks={"iterative~1": first}).mask
    assert second is not None
    last = _made("iterative", masks={"iterative~2": second}).mask
    assert last is not None
    assert [round(mask.density, 2) for mask in (first, second, last)] == [0.74, 0.54, 0.40]
    assert all(bool((first[name] | ~second[name]).all()) for name in first)
    assert all(bool((second[name] | ~last[name]).all()) for name in last)


def test_edge_popup_starts_from_the_dense_weights_of_its_step() -> None:
    made = _made("edge-popup@10")
    assert made.supermask is not None
    assert made.supermask.density == pytest.approx(0.4)
    assert _same(made.start, _trained())
    assert not made.supermask.train_weights
    wd = _made("edge-popup-wd").supermask
    assert wd is not None
    assert wd.train_weights


def test_all_branches_of_a_replicate_share_start_and_split() -> None:
    assert _same(PROBLEM.start(3), PROBLEM.start(3))
    assert PROBLEM.split(3).digest == PROBLEM.split(3).digest
    assert PROBLEM.split(3).digest != PROBLEM.split(4).digest


def _same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return all(torch.equal(one[name], other[name]) for name in other)


def _norm(tensors: Mapping[str, Tensor], p: int) -> float:
    return float(torch.linalg.vector_norm(torch.cat([t.double().flatten() for t in tensors.values()]), p))
