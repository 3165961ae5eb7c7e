"""Identities, secrets, rotation and what lies on the owner's disk."""

import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from winnow.core import WinnowError, canonical_json
from winnow.signing.claims import vault
from winnow.signing.claims.keys import Identity, Secret, verify_signature, write_private
from winnow.signing.claims.rotation import read_rotation, rotate, successors
from winnow.signing.claims.strict import parse
from winnow.signing.claims.vault import load_secrets, read_reveal, save_secrets, write_reveal


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A passphrase costs a tenth of a second and 32 MiB, which the tests need not pay."""
    monkeypatch.setitem(vault._COST, "n", 2**4)


def code_of(call: object, *arguments: object) -> str:
    with pytest.raises(WinnowError) as caught:
        call(*arguments)  # type: ignore[operator]
    return caught.value.code


def test_an_identity_comes_back_from_its_file_and_signs_the_same(tmp_path: Path) -> None:
    identity = Identity.create()
    identity.save(tmp_path / "id.pem", "a long passphrase")
    again = Identity.load(tmp_path / "id.pem", "a long passphrase")
    assert again.public == identity.public
    assert again.sign(b"message") == identity.sign(b"message")  # RFC 8032 signatures are deterministic
    assert verify_signature(identity.public, again.sign(b"message"), b"message")
    assert b"ENCRYPTED" in (tmp_path / "id.pem").read_bytes()


def test_files_of_secrets_are_their_owners_alone_and_never_overwritten(tmp_path: Path) -> None:
    Identity.create().save(tmp_path / "id.pem", "pass")
    save_secrets(tmp_path / "secrets.json", [Secret.new()], "pass")
    write_reveal(tmp_path / "reveal.json", Secret.new())
    for name in ("id.pem", "secrets.json", "reveal.json"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
        before = (tmp_path / name).read_bytes()
        assert code_of(write_private, tmp_path / name, b"other") == "WN-S02"
        assert (tmp_path / name).read_bytes() == before
    assert {path.name for path in tmp_path.iterdir()} == {"id.pem", "secrets.json", "reveal.json"}


def test_what_does_not_open_is_told_with_a_code(tmp_path: Path) -> None:
    Identity.create().save(tmp_path / "id.pem", "right")
    whole = (tmp_path / "id.pem").read_bytes()
    (tmp_path / "cut.pem").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "noise.pem").write_bytes(bytes(range(256)) * 50)
    other = ec.generate_private_key(ec.SECP256R1())
    encryption = BestAvailableEncryption(b"right")
    (tmp_path / "other.pem").write_bytes(other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption))
    assert code_of(Identity.load, tmp_path / "id.pem", "wrong") == "WN-O03"
    for name in ("cut.pem", "noise.pem", "other.pem", "missing.pem"):
        assert code_of(Identity.load, tmp_path / name, "right") == "WN-O03"
    assert code_of(Identity.create().save, tmp_path / "new.pem", "") == "WN-O03"


def test_secrets_come_back_in_order_and_only_with_the_passphrase(tmp_path: Path) -> None:
    held = tuple(Secret.new() for _ in range(3))
    save_secrets(tmp_path / "s.json", held, "right")
    assert load_secrets(tmp_path / "s.json", "right") == held
    assert all(one.secret.hex().encode() not in (tmp_path / "s.json").read_bytes() for one in held)
    assert code_of(load_secrets, tmp_path / "s.json", "wrong") == "WN-O03"
    head = parse((tmp_path / "s.json").read_bytes())
    for name, value in (("nonce", "00" * 12), ("sealed", "00" + head["sealed"][2:]), ("more", 1)):
        (tmp_path / "edited.json").write_bytes(canonical_json({**head, name: value}).encode())
        assert code_of(load_secrets, tmp_path / "edited.json", "right") == "WN-O03"


def test_a_secret_shows_nothing_when_printed_and_reads_back_when_revealed(tmp_path: Path) -> None:
    secret = Secret.new()
    assert secret.secret.hex() not in repr(secret)
    assert repr(secret) == "Secret()"
    write_reveal(tmp_path / "reveal.json", secret)
    assert read_reveal(tmp_path / "reveal.json") == secret
    for broken in ({}, {**secret.to_plain(), "secret": "ab"}, {**secret.to_plain(), "salt": 5}, [], "x"):
        assert code_of(Secret.from_plain, broken) == "WN-O02"


@given(st.binary(max_size=70), st.binary(max_size=70))
def test_no_bytes_but_the_signature_verify(public: bytes, signature: bytes) -> None:
    assert not verify_signature(public, signature, b"message")


def test_rotation_leads_from_the_first_key_to_the_last_whatever_the_order() -> None:
    one, two, three = (Identity.create() for _ in range(3))
    records = [rotate(two, three), rotate(one, two)]
    assert successors(one.public, records) == (one.public, two.public, three.public)
    assert successors(three.public, records) == (three.public,)
    with pytest.raises(WinnowError, match="two successors"):
        successors(one.public, [*records, rotate(one, three)])
    assert successors(one.public, [rotate(one, two), rotate(two, one)]) == (one.public, two.public)


def test_a_rotation_needs_both_keys_signatures() -> None:
    one, two, thief = (Identity.create() for _ in range(3))
    record = rotate(one, two)
    values = parse(record)
    assert read_rotation(record).new == two.public
    forged = [
        {**values, "new": thief.public.hex()},
        {**values, "old": thief.public.hex()},
        {**values, "signature_old": values["signature_new"]},
        {**values, "signature_new": "00" * 64},
        {**values, "more": 1},
    ]
    for plain in forged:
        assert code_of(read_rotation, canonical_json(plain).encode()) == "WN-O02"
    for place in range(len(record)):
        changed = bytearray(record)
        changed[place] ^= 1
        assert code_of(read_rotation, bytes(changed)) == "WN-O02"
