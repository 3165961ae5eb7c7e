"""The judge: what it finds, what it refuses, and that it never says "no match" where it could not look."""

from __future__ import annotations

import datetime
import json
import math
import pickle
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save

from verdict_cases import MODEL, SHAPES, Owned, Weights, fixed_secret, network, owned, permuted, saved
from winnow.core import WinnowError, canonical_json
from winnow.signing.asking.triggers import TriggerRule, trigger_set
from winnow.signing.claims.burning import burn_key
from winnow.signing.claims.checks import check_claim
from winnow.signing.claims.claim_folder import read_claim
from winnow.signing.claims.keys import Secret
from winnow.signing.code.statistic import log2_binomial_tail
from winnow.signing.code.stream import derive_key
from winnow.signing.judging.deciding import decided
from winnow.signing.judging.decoys import decoy_keys
from winnow.signing.judging.judging import judge
from winnow.signing.judging.looking import Looks
from winnow.signing.judging.verdict import Verdict
from winnow.signing.stamps.authority import TestAuthority
from winnow.signing.suspects.fitting import Fit

RULE = TriggerRule(count=60, classes=10, input_shape=(8,), low=(0.0,), high=(1.0,))


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Owned:
    return owned(tmp_path_factory.mktemp("own") / "claim", triggers=RULE.to_plain())


@pytest.fixture
def heard(own: Owned, tmp_path: Path) -> Callable[..., Verdict]:
    def hear(weights: Weights, *, by: Owned = own, key: int = 0, decoys: int = 0, **options: object) -> Verdict:
        path = saved(weights, tmp_path / "suspect.safetensors")
        return judge(by.claim, path, by.secrets[key], decoys=decoys, **options)  # type: ignore[arg-type]

    return hear


def copied(own: Owned, place: Path) -> Path:
    place.mkdir()
    for file in own.claim.iterdir():
        (place / file.name).write_bytes(file.read_bytes())
    return place


def test_the_ticket_itself_matches_in_every_bit(own: Owned, heard: Callable[..., Verdict]) -> None:
    verdict = heard(own.weights, decoys=100)
    best = verdict.reading
    assert best is not None and verdict.decoys is not None
    assert (verdict.outcome, best.matches, best.errors, best.payload, best.corrected) == ("match", 255, 0, True, 0)
    # One key, two alignments, two ways, one suspect.
    assert verdict.log2_p_adjusted == -255 + 3
    assert sum(verdict.decoys.counts.values()) == 100
    assert abs(verdict.decoys.mean - 127.5) < 4 * math.sqrt(255) / 2 / math.sqrt(100)
    assert verdict.decoys.largest < 175
    assert verdict.priority == "not stated"


@pytest.mark.parametrize("way", ["permuted", "pruned", "noisy", "prefixed", "renamed", "permuted and pruned"])
def test_a_changed_copy_still_matches(way: str, own: Owned, heard: Callable[..., Verdict]) -> None:
    generator = np.random.default_rng(3)
    weights = own.weights
    if "pruned" in way:
        weights = {n: np.where(generator.random(w.shape) < 0.25, 0, w).astype(np.float32) for n, w in weights.items()}
    if "permuted" in way:
        weights = permuted(weights)
    if way == "noisy":
        weights = {n: (w + 0.01 * generator.normal(size=w.shape)).astype(np.float32) for n, w in weights.items()}
    if way == "prefixed":
        weights = {f"module.backbone.{name}": tensor for name, tensor in weights.items()}
    if way == "renamed":
        weights = {f"p{number}": tensor for number, tensor in enumerate(weights.values())}
    verdict = heard(weights)
    assert verdict.outcome == "match"
    assert verdict.reading is not None
    assert verdict.reading.payload
    assert verdict.reading.alignment == ("aligned" if "permuted" in way else "as it is")


@pytest.mark.parametrize("seed", range(8))
def test_an_innocent_network_is_not_accused(seed: int, heard: Callable[..., Verdict]) -> None:
    verdict = heard(network(50 + seed, density=0.05 + 0.05 * seed), decoys=20)
    assert verdict.outcome == "no match"
    assert verdict.log2_p_adjusted is not None and verdict.log2_p_adjusted > -12
    assert not any(one.payload for one in verdict.readings)


def test_matches_of_many_keys_on_an_innocent_network_are_coin_tosses(heard: Callable[..., Verdict]) -> None:
    """Through the alignment too: of 400 keys in four readings none comes near, and the best reading is a coin's."""
    verdict = heard(network(77), decoys=400)
    found = verdict.decoys
    assert found is not None
    assert abs(found.mean - 127.5) < 4 * math.sqrt(255) / 2 / math.sqrt(400)
    assert 0.85 < found.deviation / (math.sqrt(255) / 2) < 1.15
    assert found.log2_p == log2_binomial_tail(found.largest, 255) > -20


def test_every_look_is_counted(own: Owned, heard: Callable[..., Verdict], tmp_path: Path) -> None:
    one, nine = heard(own.weights), heard(own.weights, suspects_tried=9)
    assert one.log2_p_adjusted is not None and nine.log2_p_adjusted is not None and nine.tests is not None
    assert nine.log2_p_adjusted == pytest.approx(one.log2_p_adjusted + math.log2(9))
    assert nine.tests.total == 72
    two = owned(tmp_path / "two", keys=2)
    for key in (0, 1):
        verdict = heard(two.weights, by=two, key=key)
        assert verdict.outcome == "match"
        assert verdict.claim["key"] == key
        assert verdict.tests is not None and verdict.tests.total == 16


def test_the_same_hearing_gives_the_same_bytes(own: Owned, heard: Callable[..., Verdict], tmp_path: Path) -> None:
    first = canonical_json(heard(own.weights, decoys=30).to_plain())
    moved = replace(own, claim=copied(own, tmp_path / "elsewhere"))
    assert canonical_json(heard(own.weights, by=moved, decoys=30).to_plain()) == first
    assert str(tmp_path) not in first


def test_decoys_are_fixed_by_their_seed() -> None:
    keys = decoy_keys(5, bytes(32), bytes(32), MODEL)
    assert keys == decoy_keys(5, bytes(32), bytes(32), MODEL)
    assert len(set(keys) | set(decoy_keys(5, b"\1" * 32, bytes(32), MODEL))) == 10


def _without(name: str) -> Callable[[Weights], Weights]:
    return lambda weights: {own: tensor for own, tensor in weights.items() if own != name}


def _with(name: str, change: Callable[[np.ndarray], np.ndarray]) -> Callable[[Weights], Weights]:
    return lambda weights: {**weights, name: np.ascontiguousarray(change(weights[name]))}


def _nan(tensor: np.ndarray) -> np.ndarray:
    broken = tensor.copy()
    broken.reshape(-1)[7] = np.nan
    return broken


HIDDEN = {
    "a layer is missing": (_without("conv2.weight"), "conv2.weight: missing"),
    "a layer is transposed": (_with("fc.weight", np.transpose), "fc.weight: transposed"),
    "a layer is longer": (_with("fc.weight", lambda w: np.concatenate([w, w])), "fc.weight: [20, 48]"),
    "one NaN": (_with("conv3.weight", _nan), "1 weights of conv3.weight are no finite"),
    "a layer of zeros": (_with("conv3.weight", np.zeros_like), "all weights of conv3.weight are 0"),
    "constant layers": (lambda ws: {n: np.ones_like(w) for n, w in ws.items()}, "tells nothing"),
    "all infinite": (lambda ws: {n: np.full_like(w, np.inf) for n, w in ws.items()}, "no finite"),
    "another architecture": (lambda _: {"embed.weight": np.ones((50, 20), np.float32)}, "no tensor of this name"),
    "shapes only, in doubt": (lambda _: {"a": np.ones((3, 3), np.float32)}, "no tensor of this name"),
}


@pytest.mark.parametrize("case", HIDDEN)
def test_what_cannot_be_looked_at_is_inconclusive(case: str, heard: Callable[..., Verdict]) -> None:
    change, word = HIDDEN[case]
    verdict = heard(change(network(9)))
    assert verdict.outcome == "inconclusive"
    assert word in verdict.reason
    assert verdict.advice


def test_one_layer_missing_does_not_hide_a_copy(own: Owned, heard: Callable[..., Verdict]) -> None:
    verdict = heard(_without("conv2.weight")(own.weights))
    assert verdict.outcome == "match"
    assert verdict.suspect["misfits"] == ["conv2.weight: missing"]
    assert verdict.reading is not None and verdict.reading.known < 1


def test_weights_at_the_edge_of_their_type_do_not_crash_the_judge(heard: Callable[..., Verdict]) -> None:
    for size in (3e37, 1e-40):
        assert heard({n: (w * size).astype(np.float32) for n, w in network(9).items()}).outcome != "match"


def _edit(name: str, old: bytes, new: bytes) -> Callable[[Path], object]:
    def change(folder: Path) -> None:
        content = (folder / name).read_bytes()
        assert old in content
        (folder / name).write_bytes(content.replace(old, new, 1))

    return change


def _cut(name: str, size: int) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes()[:size])


BROKEN_CLAIMS = {
    "edited": _edit("claim.json", b"small network", b"other network"),
    "spaced": _edit("claim.json", b"{", b"{ "),
    "a key twice in the JSON": _edit("claim.json", b"{", b'{"axes":[],'),
    "threshold weakened": _edit("claim.json", b"-64.0", b"-01.0"),
    "empty JSON": _cut("claim.json", 0),
    "JSON cut off": _cut("claim.json", 300),
    "reference cut off": _cut("reference.safetensors", 500),
    "reference empty": _cut("reference.safetensors", 0),
    "signature cut off": _cut("signature.ed25519", 20),
    "signature zeros": lambda folder: (folder / "signature.ed25519").write_bytes(bytes(64)),
    "signature missing": lambda folder: (folder / "signature.ed25519").unlink(),
    "reference missing": lambda folder: (folder / "reference.safetensors").unlink(),
    "commitment missing": lambda folder: (folder / "commit0-0.json").unlink(),
    "claim a pickle": lambda folder: (folder / "claim.json").write_bytes(pickle.dumps({})),
    "claim not UTF-8": lambda folder: (folder / "claim.json").write_bytes(b'{"\xff":1}'),
    "claim missing": lambda folder: (folder / "claim.json").unlink(),
    "burnt list of a stranger": lambda folder: (folder / "burnt.json").write_bytes(b'{"format":"x"}'),
}


@pytest.mark.parametrize("case", BROKEN_CLAIMS)
def test_a_broken_claim_is_refused(case: str, own: Owned, tmp_path: Path) -> None:
    folder = copied(own, tmp_path / "claim")
    BROKEN_CLAIMS[case](folder)
    verdict = judge(folder, saved(own.weights, tmp_path / "s.safetensors"), own.secrets[0], decoys=0)
    assert verdict.outcome == "inconclusive"
    assert verdict.reason.startswith("claim refused")
    assert not verdict.readings


BAD_SUSPECTS = {
    "empty": b"",
    "pickle": pickle.dumps({"conv1.weight": 1}),
    "zip": b"PK\x03\x04" + bytes(40),
    "cut off": save({"conv1.weight": np.ones(SHAPES["conv1.weight"], np.float32)})[:-5],
    "header past the end": b"\xff\xff\xff\0\0\0\0\0{}",
    "no tensors": save({}),
}


@pytest.mark.parametrize("case", BAD_SUSPECTS)
def test_a_suspect_that_cannot_be_read_is_inconclusive(case: str, own: Owned, tmp_path: Path) -> None:
    (tmp_path / "s.safetensors").write_bytes(BAD_SUSPECTS[case])
    verdict = judge(own.claim, tmp_path / "s.safetensors", own.secrets[0], decoys=0)
    assert verdict.outcome == "inconclusive"
    assert verdict.reason.startswith("the suspect cannot be read")


def test_an_empty_folder_is_inconclusive_and_a_missing_one_an_error(own: Owned, tmp_path: Path) -> None:
    assert judge(own.claim, tmp_path, own.secrets[0]).outcome == "inconclusive"
    for claim, suspect, code in ((own.claim, tmp_path / "none", "WN-O05"), (tmp_path / "none", tmp_path, "WN-O02")):
        with pytest.raises(WinnowError) as caught:
            judge(claim, suspect, own.secrets[0])
        assert caught.value.code == code


def test_a_foreign_secret_opens_nothing(own: Owned, tmp_path: Path) -> None:
    path = saved(own.weights, tmp_path / "s.safetensors")
    for secret in (fixed_secret(99), Secret(own.secrets[0].secret, bytes(32))):
        verdict = judge(own.claim, path, secret)
        assert (verdict.outcome, verdict.reason) == ("inconclusive", "the secret shown is not this claim's")
        assert not verdict.readings


def test_a_claim_whose_own_reference_lacks_the_mark_is_refused(heard: Callable[..., Verdict], tmp_path: Path) -> None:
    """A thief's claim, made without embedding, or one of a version that draws otherwise: never "no match"."""
    verdict = heard(network(1), by=owned(tmp_path / "thief", mark=False))
    assert verdict.outcome == "inconclusive"
    assert verdict.reason.startswith("claim refused: the claim's own reference has")
    assert not verdict.readings


def test_a_key_that_was_shown_before_is_told(own: Owned, heard: Callable[..., Verdict], tmp_path: Path) -> None:
    shown = replace(own, claim=copied(own, tmp_path / "burnt"))
    burn_key(shown.claim, read_claim(shown.claim), own.identity, 0)
    assert any("shown before" in limit for limit in heard(own.weights, by=shown).limits)
    assert not any("shown before" in limit for limit in heard(own.weights).limits)


def test_an_owner_the_judge_knows_must_have_signed(own: Owned, heard: Callable[..., Verdict]) -> None:
    assert heard(own.weights, owner=own.identity.public).outcome == "match"
    assert heard(own.weights, owner=bytes(32)).reason.startswith("claim refused: owner")


def test_without_coupled_axes_nothing_found_is_inconclusive(heard: Callable[..., Verdict], tmp_path: Path) -> None:
    bare = owned(tmp_path / "bare", axes=())
    assert heard(bare.weights, by=bare).outcome == "match"
    assert "permutation" in heard(network(9), by=bare).reason


@pytest.mark.parametrize(("hits", "outcome"), [(6, "no match"), (21, "inconclusive"), (60, "match")])
def test_answers_are_evidence_of_their_own(hits: int, outcome: str, own: Owned, heard: Callable[..., Verdict]) -> None:
    labels = trigger_set(derive_key(own.secrets[0].secret, own.identity.public, MODEL), RULE).labels
    answers = np.where(np.arange(60) < hits, labels, (labels + 1) % 10)
    verdict = heard(network(9), answers=answers)
    assert verdict.outcome == outcome
    assert verdict.answers is not None
    assert verdict.answers.log2_p_adjusted == log2_binomial_tail(hits, 60, 1 / 10)
    # The mark's figure is its own: the two are not multiplied.
    assert verdict.log2_p_adjusted == heard(network(9)).log2_p_adjusted


def test_answers_that_do_not_fit_are_told_and_not_counted(heard: Callable[..., Verdict]) -> None:
    verdict = heard(network(9), answers=[1, 2, 3])
    assert verdict.outcome == "no match" and verdict.answers is None
    assert any(check.name == "answers" and check.ok is None for check in verdict.checks)


def test_decoys_that_match_void_a_reading(own: Owned, heard: Callable[..., Verdict]) -> None:
    verdict = heard(own.weights, decoys=5)
    assert verdict.decoys is not None
    seen = Looks((), Fit({}, ""), {}, ())
    leaning = replace(verdict, decoys=replace(verdict.decoys, largest=230, log2_p=log2_binomial_tail(230, 255)))
    assert decided(leaning, seen, 1.0).outcome == "inconclusive"
    assert decided(verdict, seen, 1.0).outcome == "match"


def test_a_trace_is_neither_a_match_nor_nothing(own: Owned, heard: Callable[..., Verdict]) -> None:
    """Half of the positions' weights replaced by an innocent network's, until p lies between 2^-20 and 2^-64."""
    generator = np.random.default_rng(0)
    other = network(9)
    mixed = {n: np.where(generator.random(w.shape) < 0.62, other[n], w) for n, w in own.weights.items()}
    verdict = heard(mixed)
    assert verdict.log2_p_adjusted is not None
    assert -64 < verdict.log2_p_adjusted < -20
    assert verdict.outcome == "inconclusive"


SUBPROCESS = """
import sys

class NoTorch:
    def find_spec(self, name, path=None, target=None):
        if name == "torch" or name.startswith("torch."):
            raise ImportError("no torch for a judge")

sys.meta_path.insert(0, NoTorch())
from winnow.signing.suspects.fitting import Fit
from winnow.signing.judging.judging import judge
from winnow.signing.claims.keys import Secret
from winnow.signing.judging.page import write_verdict

claim, suspect, secret, salt, out = sys.argv[1:]
verdict = judge(claim, suspect, Secret(bytes.fromhex(secret), bytes.fromhex(salt)), decoys=10)
write_verdict(verdict, out)
print(verdict.outcome)
assert not any(name.split(".")[0] == "torch" for name in sys.modules)
"""


def test_the_judge_and_its_page_need_no_torch(own: Owned, tmp_path: Path) -> None:
    path = saved(own.weights, tmp_path / "s.safetensors")
    secret = own.secrets[0]
    arguments = [own.claim, path, secret.secret.hex(), secret.salt.hex(), tmp_path / "out"]
    done = subprocess.run(
        [sys.executable, "-c", SUBPROCESS, *map(str, arguments)], capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "match", done.stderr
    told = json.loads((tmp_path / "out" / "verdict.json").read_text())
    assert told == judge(own.claim, path, secret, decoys=10).to_plain()
    assert check_claim(own.claim)


NOW = datetime.datetime.now(datetime.UTC)


def test_a_stamp_of_the_key_is_told_as_priority(heard: Callable[..., Verdict], tmp_path: Path) -> None:
    authority = TestAuthority(since=NOW - datetime.timedelta(days=10), days=20)
    stamped = owned(tmp_path / "claim", stamper=authority.stamp)
    verdict = heard(stamped.weights, by=stamped, roots=[authority.root])
    assert verdict.outcome == "match"
    assert verdict.priority.startswith("the key was stamped 20")
    # Without a root the mark is as good as before, and nothing is said of the time.
    assert heard(stamped.weights, by=stamped).outcome == "match"
    assert heard(stamped.weights, by=stamped).priority == "not stated"


@pytest.mark.parametrize("case", ["back-dated", "of another authority"])
def test_a_claim_whose_stamp_does_not_hold_is_refused(case: str, heard: Callable[..., Verdict], tmp_path: Path) -> None:
    authority = TestAuthority(since=NOW - datetime.timedelta(days=10), days=20)
    other = TestAuthority(since=NOW - datetime.timedelta(days=10), days=20)
    long_ago = NOW - datetime.timedelta(days=4000)

    def back_dated(request: bytes) -> bytes:
        return authority.stamp(request, at=long_ago)

    claim = owned(tmp_path / "claim", stamper=back_dated if case == "back-dated" else other.stamp)
    verdict = heard(claim.weights, by=claim, roots=[authority.root])
    assert verdict.outcome == "inconclusive"
    assert verdict.reason.startswith("claim refused: stamp of key 0")
    assert verdict.priority == "not stated"


def test_a_reference_made_to_foretell_its_bits_is_refused(
    own: Owned, heard: Callable[..., Verdict], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("winnow.signing.judging.refusing.foresight", lambda *_: -20.5)
    verdict = heard(own.weights)
    assert verdict.outcome == "inconclusive"
    assert verdict.reason.startswith("claim refused: the reference foretells")
    assert not verdict.readings


def test_a_match_that_the_suspects_unkeyed_part_foretells_too_is_refused(
    own: Owned, heard: Callable[..., Verdict], monkeypatch: pytest.MonkeyPatch
) -> None:
    told = iter([0.0, -20.5])
    monkeypatch.setattr("winnow.signing.judging.refusing.foresight", lambda *_: next(told))
    verdict = heard(own.weights)
    assert verdict.outcome == "inconclusive"
    assert verdict.reason.startswith("claim refused: the suspect matches, but as it is")
    assert verdict.checks[-1].name == "foresight in the suspect" and verdict.checks[-1].ok is False


def test_answers_count_only_for_inputs_settled_before_the_marking(
    heard: Callable[..., Verdict], tmp_path: Path
) -> None:
    by = owned(tmp_path / "late", triggers=RULE.to_plain(), settled=False)
    labels = trigger_set(derive_key(by.secrets[0].secret, by.identity.public, MODEL), RULE).labels
    verdict = heard(network(9), by=by, answers=labels)
    assert verdict.answers is None and verdict.outcome == "no match"
    assert verdict.checks[-1].told == "not counted: the keyed inputs are not those settled before the marking"
