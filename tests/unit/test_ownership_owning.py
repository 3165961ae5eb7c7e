"""From a ticket to a sealed claim: in two stages, resumed after a kill, and in one go."""

from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from winnow.core import WinnowError
from winnow.data import load
from winnow.models import model_named
from winnow.ownership import owning
from winnow.ownership.owning import begin, seal
from winnow.ownership.signing import sign_ticket
from winnow.ownership.sources import open_source
from winnow.ownership.terms import Places, Terms
from winnow.ownership.training import train_marked, trigger_rule, with_triggers
from winnow.signing.asking.triggers import trigger_set
from winnow.signing.claims import vault
from winnow.signing.claims.claim_folder import read_claim, read_reference
from winnow.signing.claims.keys import Identity
from winnow.signing.claims.vault import load_secrets
from winnow.signing.judging.judging import judge
from winnow.signing.stamps.authority import TestAuthority
from winnow.sparsity import Mask, Ticket, prunable_layers, tensors_of, weights_of
from winnow.training import TrainingPlan

PHRASE = "a long passphrase"
PLAN = TrainingPlan(steps=300, batch=60, learning_rate=2.4e-3, evaluate_every=300)


@pytest.fixture(scope="module")
def data():
    return load("digits", validation=287, seed=0)


@pytest.fixture(scope="module")
def ticket():
    model = model_named("lenet-300-100", image_shape=(1, 8, 8), classes=10)
    module = model.build(1)
    start = tensors_of(module)
    weights = weights_of(start, prunable_layers(module))
    mask = Mask({name: w.abs() >= w.abs().quantile(0.7) for name, w in weights.items()})
    return Ticket(start, mask, None, {"model": model.describe(), "source": {"replicate": 0}})


@pytest.fixture(scope="module")
def identity():
    return Identity.create()


@pytest.fixture(autouse=True)
def _quick_passphrases(monkeypatch):
    monkeypatch.setattr(vault, "_COST", {"n": 2, "r": 8, "p": 1})


def places(folder: Path) -> Places:
    return Places(folder / "claim", folder / "private" / "secrets.json", folder / "marked")


def code_of(call) -> str:
    with pytest.raises(WinnowError) as caught:
        call()
    return caught.value.code


def trained(ticket: Ticket) -> Ticket:
    return replace(ticket, trained={name: tensor + 0.01 for name, tensor in ticket.start.items()})


def test_two_stages_for_an_owners_own_training(tmp_path, ticket, identity):
    where, terms = places(tmp_path), Terms("model", keys=2)
    begun = begin(ticket, identity, PHRASE, where, terms)
    assert stat.S_IMODE(where.secrets.stat().st_mode) == 0o600
    marked = Ticket.from_pretrained(where.marked)
    assert marked.mask == begun.ticket.mask
    assert marked.mask != ticket.mask
    assert len(load_secrets(where.secrets, PHRASE)) == 2
    claim = seal(trained(marked), identity, PHRASE, where)
    found = read_claim(where.claim)
    assert found == claim
    reference = read_reference(where.claim, claim)
    assert all(np.array_equal(reference.masks[name], marked.mask[name].numpy()) for name in marked.mask)
    assert len(claim.keys) == 2
    assert claim.triggers is None


def test_a_claim_holds_no_secret(tmp_path, ticket, identity):
    where = places(tmp_path)
    begun = begin(ticket, identity, PHRASE, where, Terms("model"))
    seal(trained(begun.ticket), identity, PHRASE, where)
    held = load_secrets(where.secrets, PHRASE)
    hidden = [part for one in held for part in (one.secret, one.salt)] + list(begun.keys)
    for file in [*where.claim.rglob("*"), *where.marked.rglob("*")]:
        content = file.read_bytes()
        assert not any(part in content or part.hex().encode() in content for part in hidden)


def test_the_first_stage_goes_on_after_a_kill(tmp_path, ticket, identity, monkeypatch):
    where, terms = places(tmp_path), Terms("model")

    def killed(*_args, **_named):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(owning, "begin_claim", killed)
        with pytest.raises(KeyboardInterrupt):
            begin(ticket, identity, PHRASE, where, terms)
    secrets = where.secrets.read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(owning, "mark", killed)
        with pytest.raises(KeyboardInterrupt):
            begin(ticket, identity, PHRASE, where, terms)
    first = begin(ticket, identity, PHRASE, where, terms)
    second = begin(ticket, identity, PHRASE, where, terms)
    assert where.secrets.read_bytes() == secrets
    assert first.pending == second.pending
    assert first.ticket.mask == second.ticket.mask


def test_what_does_not_belong_together_is_refused(tmp_path, ticket, identity):
    where, terms = places(tmp_path), Terms("model")
    begun = begin(ticket, identity, PHRASE, where, terms)
    done = trained(begun.ticket)
    other = Ticket(ticket.start, ticket.mask.shuffled(1), None, ticket.manifest)
    assert code_of(lambda: begin(other, identity, PHRASE, where, terms)) == "WN-O07"
    assert code_of(lambda: begin(ticket, identity, PHRASE, where, replace(terms, margin=4))) == "WN-O07"
    assert code_of(lambda: begin(ticket, identity, PHRASE, where, replace(terms, keys=3))) == "WN-O07"
    assert code_of(lambda: begin(ticket, Identity.create(), PHRASE, where, terms)) == "WN-O03"
    assert code_of(lambda: begin(ticket, identity, "wrong", where, terms)) == "WN-O03"
    assert code_of(lambda: seal(begun.ticket, identity, PHRASE, where)) == "WN-O07"
    assert code_of(lambda: seal(trained(ticket), identity, PHRASE, where)) == "WN-O07"
    assert code_of(lambda: seal(done, Identity.create(), PHRASE, where)) == "WN-O03"
    assert code_of(lambda: seal(done, identity, PHRASE, places(tmp_path / "new"))) == "WN-O07"
    seal(done, identity, PHRASE, where)
    assert code_of(lambda: seal(done, identity, PHRASE, where)) == "WN-O07"
    assert code_of(lambda: begin(ticket, identity, PHRASE, where, terms)) == "WN-O07"


def test_secrets_stay_out_of_what_is_given_away(tmp_path, ticket, identity):
    where = Places(tmp_path / "claim", tmp_path / "claim" / "secrets.json", tmp_path / "marked")
    assert code_of(lambda: begin(ticket, identity, PHRASE, where, Terms("model"))) == "WN-O06"
    assert not (tmp_path / "claim").exists()


def test_lost_secrets_are_told(tmp_path, ticket, identity):
    where = places(tmp_path)
    begin(ticket, identity, PHRASE, where, Terms("model"))
    where.secrets.unlink()
    assert code_of(lambda: begin(ticket, identity, PHRASE, where, Terms("model"))) == "WN-O03"


def test_triggers_are_a_stated_share_of_the_examples(data):
    sets = [trigger_set(bytes([n]) * 32, trigger_rule(data, 20)) for n in range(2)]
    mixed = with_triggers(data, sets, 0.1)
    more = len(mixed.train) - len(data.train)
    assert more % 40 == 0
    assert abs(more / len(mixed.train) - 0.1) < 0.02
    assert torch.equal(mixed.train.inputs[: len(data.train)], data.train.inputs)
    assert torch.equal(mixed.train.labels[len(data.train) :][:20], torch.from_numpy(sets[0].labels))
    assert with_triggers(data, []) is data
    assert len(with_triggers(data, sets, 0.0).train) == len(data.train) + 40
    rule = sets[0].rule
    assert (rule.low, rule.high) == ((float(data.train.inputs.min()),), (float(data.train.inputs.max()),))


def test_texts_take_no_triggers(data):
    words = replace(data, train=replace(data.train, inputs=torch.zeros(3, 5, dtype=torch.long)))
    assert code_of(lambda: trigger_rule(words)) == "WN-O06"


def test_training_ends_at_the_budget_and_holds_the_mask(data, ticket):
    plan = replace(PLAN, steps=20, evaluate_every=10)
    module = model_named("lenet-300-100", image_shape=(1, 8, 8), classes=10).build(0)
    one = train_marked(module, ticket, data, plan, seed=1)
    again = train_marked(module, ticket, data, plan, seed=1)
    assert one.ticket.trained is not None
    assert again.ticket.trained is not None
    for name, tensor in one.ticket.trained.items():
        assert torch.equal(tensor, again.ticket.trained[name])
        if name in ticket.mask:
            assert not tensor[~ticket.mask[name]].any()
    assert 0.3 < one.test_accuracy <= 1


def test_signing_in_one_go(tmp_path, data, ticket, identity):
    source = open_source(ticket.save_pretrained(tmp_path / "found"))
    rule = trigger_rule(data, 50)
    where, terms = places(tmp_path), Terms("digits", keys=2, triggers=rule)
    authority = TestAuthority()
    signed = sign_ticket(
        source, identity, PHRASE, where, terms, data, PLAN, out=tmp_path / "signed", stamper=authority.stamp
    )
    assert signed.test_accuracy is not None
    assert signed.test_accuracy > 0.9
    assert [one.total for one in signed.hits] == [50, 50]
    assert min(one.hits for one in signed.hits) >= 40
    claim = read_claim(where.claim)
    assert claim.triggers == rule.to_plain() == claim.rule["triggers"]
    assert claim.architecture["input_shape"] == [1, 8, 8]
    assert [group.size for group in claim.coupled] == [300, 100]
    assert {"tsa0-0.tsr", "tsa0-1.tsr", "tsa1.tsr"} <= claim.files.keys()
    shown = load_secrets(where.secrets, PHRASE)[1]
    verdict = judge(where.claim, tmp_path / "signed", shown, roots=[authority.root], decoys=0)
    assert verdict.outcome == "match", verdict.reason
    kept = Ticket.from_pretrained(tmp_path / "signed")
    assert kept.mask == signed.ticket.mask
    assert kept.mask.kept == ticket.mask.kept
    assert not list(tmp_path.glob("*checkpoint*"))


def test_signing_goes_on_after_training(tmp_path, data, ticket, identity, monkeypatch):
    source = open_source(ticket.save_pretrained(tmp_path / "found"))
    arguments = (source, identity, PHRASE, places(tmp_path), Terms("m"), data, replace(PLAN, steps=10))
    with monkeypatch.context() as patch:
        patch.setattr("winnow.ownership.signing.seal", lambda *_a, **_n: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            sign_ticket(*arguments, out=tmp_path / "signed")
    file = tmp_path / "signed" / "trained.safetensors"
    before = file.stat().st_mtime_ns
    signed = sign_ticket(*arguments, out=tmp_path / "signed")
    assert file.stat().st_mtime_ns == before
    assert signed.test_accuracy is None
    assert read_claim(places(tmp_path).claim) == signed.claim


def test_a_plan_that_ends_before_the_rewind_step_is_refused_before_marking(tmp_path, data, ticket, identity):
    source = open_source(ticket.save_pretrained(tmp_path / "found"))
    arguments = (source, identity, PHRASE, places(tmp_path), Terms("m"), data, replace(PLAN, steps=10))
    with pytest.raises(WinnowError, match="WN-R02"):
        sign_ticket(*arguments, out=tmp_path / "signed", first_step=10)
    assert not places(tmp_path).claim.exists()
    assert not places(tmp_path).marked.exists()


def test_a_ticket_without_a_network_can_be_marked_but_not_trained(tmp_path, data, ticket, identity):
    bare = Ticket(ticket.start, ticket.mask)
    source = open_source(bare.save_pretrained(tmp_path / "bare"))
    assert source.dense is None
    assert source.input_shape is None
    assert source.prepared() is None
    assert source.architecture == {}
    assert code_of(source.module) == "WN-M01"
    begun = begin(source.ticket, identity, PHRASE, places(tmp_path), Terms("m"))
    claim = seal(trained(begun.ticket), identity, PHRASE, places(tmp_path), source=source, weights=False)
    assert claim.axes == []
    assert claim.reference_weights is None
