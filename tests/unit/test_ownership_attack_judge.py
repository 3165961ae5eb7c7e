"""An audit reads a mark as the judge does: from a sealed claim on the disk, with the same figures."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import torch

from attack_cases import MODEL, PLAN, TAU, digits, lenet
from winnow.core import WinnowError
from winnow.ownership.attacks import disguising, removing
from winnow.ownership.attacks.looking import looked
from winnow.ownership.attacks.measuring import measured
from winnow.ownership.attacks.opening import opened_target
from winnow.ownership.attacks.target import Attacked, Target
from winnow.ownership.coupling import coupled_axes
from winnow.ownership.marking import mark
from winnow.signing.alignment.axes import axes_to_plain
from winnow.signing.claims.claim_folder import seal_claim
from winnow.signing.claims.keys import Identity, Secret
from winnow.signing.claims.pending import begin_claim
from winnow.signing.code.layout import plan_layout
from winnow.signing.code.stream import derive_key
from winnow.signing.judging.judging import judge
from winnow.sparsity import Mask, Ticket, save_tensors, tensors_of

pytestmark = pytest.mark.usefixtures("one_thread")


@dataclasses.dataclass
class Owned:
    claim: Path
    ticket: Ticket
    secrets: list[Secret]

    def target(self, secret: Secret) -> Target:
        return opened_target(self.ticket, self.claim, secret, build=lenet().build, data=digits(), budget=PLAN)


@pytest.fixture(scope="module")
def owned(tmp_path_factory: pytest.TempPathFactory) -> Owned:
    """A ticket with a random mask and two keys, untrained: only its places matter here."""
    folder = tmp_path_factory.mktemp("owned") / "claim"
    module = lenet().build(0)
    start = tensors_of(module)
    generator = torch.Generator().manual_seed(0)
    drawn = {n: torch.rand(t.shape, generator=generator) < 0.2 for n, t in start.items() if t.dim() > 1}
    ticket = Ticket(start, Mask(drawn))
    layout = plan_layout({n: tuple(t.shape) for n, t in drawn.items()}, {n: int(t.sum()) for n, t in drawn.items()})
    identity, secrets = Identity.create(), [Secret.new(), Secret.new()]
    pending = begin_claim(folder, identity, secrets, model_id=MODEL, layout=layout, tau=TAU)
    keys = [derive_key(one.secret, identity.public, MODEL) for one in secrets]
    marked, _ = mark(ticket, layout, keys, [key[:16] for key in pending.keys], start=start)
    masks = {name: tensor.numpy() for name, tensor in marked.mask.items()}
    axes = axes_to_plain(coupled_axes(module, digits().input_shape, list(masks)))
    seal_claim(folder, identity, masks, weights={n: marked.start[n].numpy() for n in masks}, axes=axes)
    return Owned(folder, Ticket(marked.start, marked.mask, marked.start), secrets)


def attacks_of(target: Target) -> dict[str, Attacked]:
    generator = torch.Generator().manual_seed(0)
    return {
        "none": Attacked(target.tensors),
        "pruned": removing.at_random(target, 0.3, generator),
        "moved": disguising.permuted_only(target, 1, generator),
        "wider": disguising.split_channels(target, 0.1, generator),
        "blank": Attacked({name: torch.zeros_like(tensor) for name, tensor in target.tensors.items()}),
    }


@pytest.mark.parametrize("which", [0, 1])
def test_an_audit_has_the_judges_figures(owned: Owned, tmp_path: Path, which: int) -> None:
    target = owned.target(owned.secrets[which])
    for name, attacked in attacks_of(target).items():
        file = tmp_path / f"{name}.safetensors"
        save_tensors(file, attacked.tensors)
        verdict = judge(owned.claim, file, owned.secrets[which], decoys=10)
        found = looked(target, {n: tensor.numpy() for n, tensor in attacked.tensors.items()})
        reading = verdict.reading
        assert reading is not None
        assert (found["outcome"], found["reason"]) == (verdict.outcome, verdict.reason)
        assert (found["errors"], found["log2_p"]) == (reading.errors, reading.log2_p)
        assert (found["log2_p_adjusted"], found["decoded"]) == (verdict.log2_p_adjusted, reading.payload)
        assert found["tests"] == 16


def test_what_was_marked_is_found_and_what_is_blank_is_not(owned: Owned) -> None:
    target = owned.target(owned.secrets[0])
    found = {name: measured(target, attacked) for name, attacked in attacks_of(target).items()}
    assert [found[name]["outcome"] for name in ("none", "pruned", "moved")] == ["match"] * 3
    assert found["none"]["errors"] <= 2 and found["blank"]["outcome"] == "inconclusive"
    assert "trigger_hits" not in found["none"]


def test_only_a_secret_of_the_claim_opens_a_trained_ticket(owned: Owned) -> None:
    with pytest.raises(WinnowError, match="WN-O03"):
        owned.target(Secret.new())
    untrained = dataclasses.replace(owned, ticket=Ticket(owned.ticket.start, owned.ticket.mask))
    with pytest.raises(WinnowError, match="WN-O07"):
        untrained.target(owned.secrets[0])
