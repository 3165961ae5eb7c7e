"""Claims: begun, sealed, read, and broken in every way that a stranger or a careless owner could."""

import datetime
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signing_cases import AXES, DAY, SHAPES, at, layout, masks, sealed
from winnow.core import WinnowError, canonical_json
from winnow.signing.claims.burning import burn_key, burnt_keys
from winnow.signing.claims.checks import check_claim, stamp_of
from winnow.signing.claims.claim_folder import add_stamp1, check_reveal, read_claim, read_reference, seal_claim
from winnow.signing.claims.claims import Claim
from winnow.signing.claims.commitments import commit0, commit1, mask_digest, tagged, weights_digest
from winnow.signing.claims.keys import Identity, Secret
from winnow.signing.claims.pending import add_stamp0, begin_claim, read_pending
from winnow.signing.claims.strict import parse
from winnow.signing.stamps.authority import TestAuthority

OWNER, AUTHORITY = Identity.create(), TestAuthority()
HELD = (Secret.new(), Secret.new())
NOW = datetime.datetime.now(datetime.UTC).replace(microsecond=0)


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("claims") / "claim"
    claim = sealed(folder, OWNER, HELD, AUTHORITY)
    burn_key(folder, claim, OWNER, 1)
    return folder


@pytest.fixture
def copied(signed: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(signed, tmp_path / "claim"))


def code_of(call: Callable[..., object], *arguments: Any, **named: Any) -> str:
    with pytest.raises(WinnowError) as caught:
        call(*arguments, **named)
    return caught.value.code


def verdicts(folder: Path, **named: Any) -> dict[str, bool | None]:
    return {check.name: check.ok for check in check_claim(folder, [AUTHORITY.root], **named)}


def rewritten(folder: Path, identity: Identity = OWNER, **changes: Any) -> None:
    """Edit `claim.json` and sign it anew, as only the identity's holder can."""
    values = {**parse((folder / "claim.json").read_bytes()), **changes}
    content = canonical_json(values).encode()
    (folder / "claim.json").write_bytes(content)
    (folder / "signature.ed25519").write_bytes(identity.sign(b"winnow/claim/v1\0" + content))


def test_a_sealed_claim_reads_back_and_every_check_holds(signed: Path) -> None:
    claim = read_claim(signed)
    assert claim.public_key == OWNER.public
    assert (claim.model_id, claim.tau, claim.threshold_log2) == ("demo", 1e-3, -64.0)
    assert claim.layout == layout()
    assert len(claim.coupled) == 1
    assert Claim.from_plain(claim.to_plain()) == claim
    checks = verdicts(signed, owner=OWNER.public)
    assert all(checks.values()), checks
    assert {"signature", "commit1", "stamp of key 0", "stamp of key 1", "stamp of commit1", "order of stamps"} <= {
        *checks
    }
    reference = read_reference(signed, claim)
    assert all(np.array_equal(reference.masks[name], mask) for name, mask in masks().items())
    assert reference.weights["first.weight"].dtype == np.float32
    assert not any(one.secret.hex().encode() in f.read_bytes() for one in HELD for f in signed.iterdir())


def test_without_stamps_or_roots_nothing_is_stated_and_nothing_fails(tmp_path: Path, signed: Path) -> None:
    sealed(tmp_path / "claim", OWNER, HELD)
    checks = verdicts(tmp_path / "claim")
    unknown = {name for name, ok in checks.items() if ok is None}
    assert unknown == {"owner", "stamp of key 0", "stamp of key 1", "stamp of commit1", "order of stamps"}
    assert all(checks[name] for name in checks.keys() - unknown)
    unpinned = {check.name: check for check in check_claim(signed)}
    assert unpinned["stamp of key 0"].ok is None
    assert "no root" in unpinned["stamp of key 0"].told


def test_a_stamp_of_an_authority_not_pinned_fails_its_check_and_leaves_the_claim_readable(signed: Path) -> None:
    checks = {check.name: check for check in check_claim(signed, [TestAuthority().root])}
    assert checks["stamp of key 0"].ok is False
    assert "none of the root certificates" in checks["stamp of key 0"].told
    assert checks["order of stamps"].ok is None
    assert read_claim(signed)


def test_a_key_stamped_after_the_claim_is_found(tmp_path: Path) -> None:
    wide = TestAuthority(since=NOW - 100 * DAY)
    for days, good in ((-1, True), (0, True), (1, False)):
        folder = tmp_path / f"claim{days}"
        sealed(folder, OWNER, HELD, at(wide, NOW + days * DAY), at(wide, NOW))
        order = {check.name: check.ok for check in check_claim(folder, [wide.root])}["order of stamps"]
        assert order is good


def test_answers_carried_by_hand_are_taken_later_and_only_where_they_belong(tmp_path: Path) -> None:
    folder = tmp_path / "claim"
    begin_claim(folder, OWNER, HELD, model_id="demo", layout=layout(), tau=0)
    answers = [AUTHORITY((folder / f"tsa0-{index}.tsq").read_bytes()) for index in range(2)]
    assert code_of(add_stamp0, folder, 0, answers[1]) == "WN-O04"
    assert code_of(add_stamp0, folder, 2, answers[1]) == "WN-O07"
    for index, answer in enumerate(answers):
        add_stamp0(folder, index, answer)
    seal_claim(folder, OWNER, masks())
    assert code_of(add_stamp0, folder, 0, answers[0]) == "WN-O07"
    assert verdicts(folder)["order of stamps"] is None
    answer = AUTHORITY((folder / "tsa1.tsq").read_bytes())
    assert code_of(add_stamp1, folder, Identity.create(), answer) == "WN-O03"
    assert code_of(add_stamp1, folder, OWNER, answers[0]) == "WN-O04"
    before = read_claim(folder)
    after = add_stamp1(folder, OWNER, answer)
    assert replace(after, files=before.files) == before
    assert verdicts(folder)["order of stamps"] is True
    assert code_of(add_stamp1, folder, OWNER, answer) == "WN-O07"


def test_a_sealed_claim_cannot_be_sealed_or_begun_again(copied: Path) -> None:
    before = {path.name: path.read_bytes() for path in copied.iterdir()}
    assert code_of(seal_claim, copied, OWNER, masks()) == "WN-O07"
    again = {"model_id": "demo", "layout": layout(), "tau": 0.0}
    assert code_of(begin_claim, copied, OWNER, HELD, **again) == "WN-O07"
    (copied / "claim.json").unlink()  # nor after a clumsy attempt to unseal it
    assert code_of(seal_claim, copied, OWNER, masks()) == "WN-O07"
    del before["claim.json"]
    assert {path.name: path.read_bytes() for path in copied.iterdir()} == before


def test_what_is_not_ready_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "claim"
    assert code_of(seal_claim, folder, OWNER, masks()) == "WN-O07"
    begun = begin_claim(folder, OWNER, HELD, model_id="demo", layout=layout(), tau=0.01, rule={"scheme": "pairs"})
    assert read_pending(folder) == begun
    assert begun.rule["scheme"] == "pairs"
    assert code_of(read_claim, folder) == "WN-O07"
    assert code_of(seal_claim, folder, Identity.create(), masks()) == "WN-O03"
    fuller = masks()
    fuller["first.weight"] = ~fuller["first.weight"] | True
    for other in ({}, fuller, {name: mask.T for name, mask in masks().items()}):
        assert code_of(seal_claim, folder, OWNER, other) == "WN-O07"
    assert code_of(seal_claim, folder, OWNER, masks(), architecture={"x": float("nan")}) == "WN-O02"
    assert code_of(seal_claim, folder, OWNER, masks(), axes=[{"size": 0}]) == "WN-O02"
    assert code_of(seal_claim, folder, OWNER, masks(), trained_digest="short") == "WN-O02"
    assert not (folder / "claim.json").exists()
    seal_claim(folder, OWNER, masks())


@pytest.mark.parametrize("stamper", [lambda _: b"no", lambda _: AUTHORITY(b"")])
def test_a_stamper_that_fails_leaves_nothing_half_written(tmp_path: Path, stamper: Any) -> None:
    with pytest.raises(Exception, match=r"."):
        sealed(tmp_path / "claim", OWNER, HELD, stamper)
    assert list(tmp_path.iterdir()) == []
    begin_claim(tmp_path / "claim", OWNER, HELD, model_id="demo", layout=layout(), tau=0)
    before = {path.name for path in (tmp_path / "claim").iterdir()}
    with pytest.raises(Exception, match=r"."):
        seal_claim(tmp_path / "claim", OWNER, masks(), stamper=stamper)
    assert {path.name for path in (tmp_path / "claim").iterdir()} == before


@pytest.mark.parametrize(
    ("held", "changes", "code"),
    [
        ((), {}, "WN-O03"),
        ((HELD[0], HELD[0]), {}, "WN-O03"),
        (HELD, {"tau": 2.0}, "WN-O02"),
        (HELD, {"tau": float("nan")}, "WN-O02"),
        (HELD, {"threshold_log2": -63.0}, "WN-O02"),
        (HELD, {"model_id": ""}, "WN-O02"),
        (HELD, {"rule": {"x": object()}}, "WN-O02"),
    ],
)
def test_a_rule_without_sense_begins_nothing(tmp_path: Path, held: Any, changes: dict[str, Any], code: str) -> None:
    asked = {"model_id": "demo", "layout": layout(), "tau": 0.0, **changes}
    assert code_of(begin_claim, tmp_path / "claim", OWNER, held, **asked) == code
    assert not (tmp_path / "claim").exists()


def test_only_the_secret_that_was_bound_is_accepted(signed: Path) -> None:
    claim = read_claim(signed)
    for index, secret in enumerate(HELD):
        assert check_reveal(claim, index, secret).hex() == claim.keys[index]
    for index, secret in ((0, HELD[1]), (1, HELD[0]), (0, Secret.new()), (2, HELD[0]), (-1, HELD[1])):
        assert code_of(check_reveal, claim, index, secret) == "WN-O03"
    for other in (replace(HELD[0], salt=HELD[1].salt), replace(HELD[0], secret=HELD[1].secret)):
        assert code_of(check_reveal, claim, 0, other) == "WN-O03"
    for changed in ({"tau": 0.5}, {"threshold_log2": -65.0}, {"model_id": "other"}):
        assert code_of(check_reveal, replace(claim, rule={**claim.rule, **changed}), 0, HELD[0]) == "WN-O03"
    assert code_of(check_reveal, replace(claim, public_key=Identity.create().public), 0, HELD[0]) == "WN-O03"


def test_every_part_moves_its_commitment_and_no_byte_passes_to_a_neighbour() -> None:
    keys = [b"a" * 32, b"b" * 32]
    parts: list[tuple[list[bytes], str, str | None, str | None, str | None]] = [
        (keys, "m", "w", "t", "s"),
        ([b"b" * 32, b"a" * 32], "m", "w", "t", "s"),
        ([b"a" * 32 + b"b" * 32], "m", "w", "t", "s"),
        ([b"a" * 32], "m", "w", "t", "s"),
        (keys, "mw", "", "t", "s"),
        (keys, "m", "wt", "", "s"),
        (keys, "m", None, "t", "s"),
        (keys, "m", "w", None, "s"),
        (keys, "m", "w", "t", None),
    ]
    assert len({commit1(*part) for part in parts}) == len(parts)
    assert tagged("winnow/a", "x") != tagged("winnow/b", "x")
    assert commit0(OWNER.public, HELD[0], {}) != commit0(OWNER.public, HELD[0], {"x": 0})
    ones, square = np.ones((2, 8), bool), np.ones((4, 4), bool)
    assert len({mask_digest({"a": ones}), mask_digest({"a": square}), mask_digest({"b": ones})}) == 3
    assert mask_digest({"a": ones, "b": square}) == mask_digest({"b": square, "a": ones})
    assert mask_digest({"a": ones.T}) == mask_digest({"a": np.ascontiguousarray(ones.T)})
    row = np.arange(6, dtype=np.float32).reshape(2, 3)
    assert weights_digest({"a": row.T}) == weights_digest({"a": row.T.copy()}) != weights_digest({"a": row})
    assert weights_digest({"a": row.astype(">f4")}) == weights_digest({"a": row})
    assert weights_digest({"a": row.astype(np.float16)}) != weights_digest({"a": row})


def test_even_the_owner_cannot_change_what_commit1_binds(copied: Path) -> None:
    """The signature is the owner's own to make again; the stamped commitments are not."""
    claim = parse((copied / "claim.json").read_bytes())
    for change in ({"axes": []}, {"mask_digest": "0" * 64}, {"architecture": {"x": 1}}, {"more": 1}):
        rewritten(copied, **{**claim, **change})
        checks = verdicts(copied)
        assert (checks["signature"], checks["commit1"]) == (True, False)
        assert code_of(read_claim, copied) == "WN-O02"
    rewritten(copied, **{**claim, "rule": {**claim["rule"], "tau": 0.5}})
    assert verdicts(copied)["commitment of key 0"] is False
    bound = replace(read_claim_unchecked(copied), keys=(claim["keys"][0],))
    assert bound.expected_commit1().hex() != claim["commit1"]


def read_claim_unchecked(folder: Path) -> Claim:
    return Claim.from_plain(parse((folder / "claim.json").read_bytes()))


def test_a_claim_bound_anew_has_no_stamp_that_fits(copied: Path) -> None:
    """An owner who changes the settings and commits again loses the stamp of the whole claim."""
    edited = replace(read_claim_unchecked(copied), axes=[])
    rewritten(copied, axes=[], commit1=edited.expected_commit1().hex())
    (copied / "burnt.json").unlink()
    checks = {check.name: check for check in check_claim(copied, [AUTHORITY.root])}
    assert checks["commit1"].ok
    assert checks["stamp of commit1"].ok is False
    assert "another hash" in checks["stamp of commit1"].told


def test_a_foreign_signature_is_refused_and_a_foreign_owner_is_seen(copied: Path) -> None:
    thief = Identity.create()
    assert verdicts(copied, owner=thief.public)["owner"] is False
    rewritten(copied, thief)
    assert verdicts(copied)["signature"] is False
    assert code_of(read_claim, copied) == "WN-O02"
    rewritten(copied, thief, public_key=thief.public.hex())
    checks = verdicts(copied)
    assert checks["signature"] is True
    assert (checks["commitment of key 0"], checks["commit1"]) == (False, False)
    (copied / "signature.ed25519").unlink()
    assert code_of(read_claim, copied) == "WN-O02"


def test_a_missing_or_linked_file_is_refused(copied: Path, tmp_path: Path) -> None:
    for name in sorted(path.name for path in copied.iterdir() if path.name != "burnt.json"):
        (copied / name).rename(tmp_path / "aside")
        code = "WN-O07" if name == "claim.json" else "WN-O02"  # without it, it looks begun and not sealed
        assert code_of(read_claim, copied) == code
        (copied / name).symlink_to(tmp_path / "aside")
        assert code_of(read_claim, copied) == "WN-O02"
        (copied / name).unlink()
        (tmp_path / "aside").rename(copied / name)
    assert read_claim(copied)
    assert code_of(read_claim, tmp_path / "nowhere") == "WN-O02"


def test_other_files_are_named_and_not_looked_at(copied: Path) -> None:
    (copied / "page.html").write_text("hello")
    other = {check.name: check for check in check_claim(copied)}["other files"]
    assert other.ok is None
    assert "page.html" in other.told
    assert read_claim(copied)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_every_changed_byte_is_noticed(copied: Path, data: st.DataObject) -> None:
    path = copied / data.draw(st.sampled_from(sorted(file.name for file in copied.iterdir())))
    whole = path.read_bytes()
    place, change = data.draw(st.integers(0, len(whole) - 1)), data.draw(st.integers(1, 255))
    path.write_bytes(whole[:place] + bytes((whole[place] ^ change,)) + whole[place + 1 :])
    try:
        read_claim(copied)
        assert any(check.ok is False for check in check_claim(copied))
    except WinnowError as error:
        assert error.code == "WN-O02"
    finally:
        path.write_bytes(whole)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_every_truncation_and_addition_is_noticed(copied: Path, data: st.DataObject) -> None:
    path = copied / data.draw(st.sampled_from(sorted(f.name for f in copied.iterdir() if f.name != "burnt.json")))
    whole = path.read_bytes()
    size = data.draw(st.integers(0, len(whole) + 1).filter(lambda size: size != len(whole)))
    path.write_bytes((whole + b"\n")[:size])
    try:
        assert code_of(read_claim, copied) == "WN-O02"
    finally:
        path.write_bytes(whole)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_value_in_any_field_is_read_or_refused_with_a_code(signed: Path, data: st.DataObject) -> None:
    values = parse((signed / "claim.json").read_bytes())
    field, value = data.draw(st.sampled_from(sorted(values))), data.draw(JSON)
    inside = data.draw(st.booleans()) and isinstance(values[field], dict) and values[field]
    if inside:
        values[field] = {**values[field], data.draw(st.sampled_from(sorted(values[field]))): value}
    else:
        values[field] = value
    try:
        claim = Claim.from_plain(values)
        _ = claim.layout, claim.coupled, claim.model_id, claim.tau, claim.threshold_log2, claim.to_bytes()
    except WinnowError as error:
        assert error.code == "WN-O02"
    except ValueError:
        assert not is_canonical(value)  # NaN and infinities do not come out of a file


def is_canonical(value: object) -> bool:
    try:
        canonical_json(value).encode()
    except ValueError:
        return False
    return True


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b'{"a":1,"a":1}',
        b'{"a": 1}',
        b'{"a":NaN}',
        b'{"a":1e999}',
        b'{"a":' + b"9" * 5000 + b"}",
        b'{"a":' + b"9" * 17 + b"}",
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        b'{"a":"' + b"x" * 4_000_000 + b'"}',
    ],
    ids=lambda content: content[:10].decode(errors="replace"),
)
def test_text_that_is_no_claim_is_refused(copied: Path, content: bytes) -> None:
    (copied / "claim.json").write_bytes(content)
    assert code_of(read_claim, copied) == "WN-O02"
    assert code_of(check_claim, copied) == "WN-O02"


@pytest.mark.parametrize(
    "name", ["../secret", "/etc/passwd", "a/b", "a\\b", ".", "..", "", ".hidden", "x" * 101, "a\n"]
)
def test_a_file_name_never_leads_out_of_the_folder(copied: Path, name: str) -> None:
    files = parse((copied / "claim.json").read_bytes())["files"]
    rewritten(copied, files={**files, name: "0" * 64})
    assert code_of(read_claim, copied) == "WN-O02"
    assert code_of(check_claim, copied) == "WN-O02"


@pytest.mark.parametrize(
    "change",
    [
        {"shape": [*next(iter(SHAPES.values())), *[1] * 7]},
        {"shape": "ab"},
        {"shape": [2**53, 2**53, 2**53]},
        {"shape": [-1, 5]},
        {"kept": -1},
        {"bits": 10**15},
        {"width": 3},
        {"name": 5},
    ],
)
def test_a_layout_without_sense_is_refused(signed: Path, change: dict[str, Any]) -> None:
    values = parse((signed / "claim.json").read_bytes())
    values["rule"]["layout"]["layers"][0] |= change
    assert code_of(Claim.from_plain, values) == "WN-O02"


def test_json_has_one_spelling_and_numbers_that_any_reader_keeps() -> None:
    assert parse(b'{"a":1234567890123456,"b":"\\u00e9"}') == {"a": 1234567890123456, "b": "\u00e9"}
    for content in (b'{"a": 1}', b'{"b":1,"a":2}', b'{"a":1}\n', b'{"a":1.00}', b'{"a":12345678901234567}'):
        assert code_of(parse, content) == "WN-O02"


def test_unknown_keys_are_kept(signed: Path) -> None:
    values = {**parse((signed / "claim.json").read_bytes()), "later": {"x": [1]}}
    claim = Claim.from_plain(values)
    assert claim.more == {"later": {"x": [1]}}
    assert json.loads(claim.to_bytes()) == values
    assert code_of(Claim.from_plain, {**values, "version": 2}) == "WN-O02"


def test_a_reference_that_is_not_the_committed_one_is_refused(copied: Path, tmp_path: Path) -> None:
    claim = read_claim(copied)
    other = dict(masks())
    rows = other["first.weight"].copy()
    other["first.weight"] = rows[::-1]  # the same counts in another place
    begin_claim(tmp_path / "other", OWNER, HELD, model_id="demo", layout=layout(), tau=0)
    seal_claim(tmp_path / "other", OWNER, other, axes=AXES)
    shutil.copyfile(tmp_path / "other" / "reference.safetensors", copied / "reference.safetensors")
    assert code_of(read_reference, copied, claim) == "WN-O02"
    (copied / "reference.safetensors").write_bytes(b"\xff" * 100)
    assert code_of(read_reference, copied, claim) == "WN-O02"


def test_a_burnt_key_is_recorded_by_its_owner_alone(copied: Path, tmp_path: Path) -> None:
    claim = read_claim(copied)
    assert burnt_keys(copied, claim) == (1,)
    assert burn_key(copied, claim, OWNER, 0) == (0, 1)
    assert {check.name: check.told for check in check_claim(copied)}["burnt keys"] == "shown before: 0, 1"
    for identity, index in ((Identity.create(), 0), (OWNER, 2), (OWNER, -1)):
        assert code_of(burn_key, copied, claim, identity, index) == "WN-O03"
    begin_claim(tmp_path / "other", OWNER, HELD, model_id="demo", layout=layout(), tau=1e-3)
    other = seal_claim(tmp_path / "other", OWNER, masks())
    shutil.copyfile(copied / "burnt.json", tmp_path / "other" / "burnt.json")
    assert code_of(burnt_keys, tmp_path / "other", other) == "WN-O02"  # same keys, another claim
    assert read_claim(copied)


def test_the_judge_finds_each_stamp(signed: Path) -> None:
    claim = read_claim(signed)
    for index in (0, 1, None):
        stamp = stamp_of(signed, claim, index, [AUTHORITY.root])
        assert stamp is not None
        assert abs((stamp.time - NOW).total_seconds()) < 600
    assert code_of(stamp_of, signed, claim, 0, []) == "WN-O04"
