"""Time stamps: what holds, and every way in which one does not."""

import datetime
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given, settings
from hypothesis import strategies as st

from signing_cases import DAY
from winnow.core import WinnowError
from winnow.signing.stamps import der
from winnow.signing.stamps.authority import TestAuthority
from winnow.signing.stamps.stamps import check_answer, check_stamp, load_roots, request

NOW = datetime.datetime(2026, 3, 1, 12, 0, 0, tzinfo=datetime.UTC)
AUTHORITY = TestAuthority(since=NOW - 10 * DAY, days=20)
MESSAGE = b"a commitment of 32 bytes or so..."
ASKED = request(MESSAGE)
ANSWER = AUTHORITY.stamp(ASKED, NOW)


def refused(answer: bytes, message: bytes = MESSAGE, roots: object = None, asked: bytes | None = ASKED) -> str:
    with pytest.raises(WinnowError) as caught:
        check_stamp(answer, message, [AUTHORITY.root] if roots is None else roots, asked, "tsa.tsr")  # type: ignore[arg-type]
    assert caught.value.code == "WN-O04"
    return caught.value.what


def test_a_good_stamp_tells_its_time_accuracy_and_authority() -> None:
    stamp = check_stamp(ANSWER, MESSAGE, [TestAuthority().root, AUTHORITY.root], ASKED)
    assert (stamp.time, stamp.accuracy) == (NOW, 1.0)
    assert "stamps" in stamp.authority
    assert check_stamp(ANSWER, MESSAGE, [AUTHORITY.root]) == stamp  # also without the request


def test_it_holds_years_after_its_certificates_ran_out() -> None:
    long_ago = datetime.datetime(2001, 1, 1, tzinfo=datetime.UTC)
    old = TestAuthority(since=long_ago, days=30)
    assert check_stamp(old.stamp(ASKED, long_ago + DAY), MESSAGE, [old.root], ASKED).time == long_ago + DAY


def test_openssl_finds_the_same(tmp_path: Path) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl here")
    now = TestAuthority()
    (tmp_path / "q.tsq").write_bytes(ASKED)
    (tmp_path / "r.tsr").write_bytes(now.stamp(ASKED))
    (tmp_path / "root.pem").write_bytes(now.root.public_bytes(Encoding.PEM))
    command = [openssl, "ts", "-verify", "-queryfile", "q.tsq", "-in", "r.tsr", "-CAfile", "root.pem"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "Verification: OK" in done.stdout, done.stderr
    assert check_stamp(now.stamp(ASKED), MESSAGE, load_roots([tmp_path / "root.pem"]), ASKED)


def test_another_hash_another_request_and_another_root_are_told_apart() -> None:
    assert "another hash" in refused(ANSWER, b"another message")
    assert "nonce differs" in refused(ANSWER, asked=request(MESSAGE))
    assert "none of the root certificates" in refused(ANSWER, roots=[TestAuthority().root])
    assert "no root certificate was given" in refused(ANSWER, roots=[])


def test_an_authority_of_the_same_name_is_another() -> None:
    thief = TestAuthority(since=NOW - 10 * DAY, days=20)
    assert thief.root.subject == AUTHORITY.root.subject
    assert "none of the root certificates" in refused(thief.stamp(ASKED, NOW))


@pytest.mark.parametrize("moment", [NOW - 11 * DAY, NOW + 11 * DAY])
def test_a_time_outside_the_certificate_is_refused(moment: datetime.datetime) -> None:
    assert "certificate was not valid" in refused(AUTHORITY.stamp(ASKED, moment))


def test_a_certificate_for_something_else_is_refused_though_it_leads_to_the_root() -> None:
    other = TestAuthority(since=NOW - DAY, purpose=ExtendedKeyUsageOID.CODE_SIGNING)
    assert "not made for time stamping" in refused(other.stamp(ASKED, NOW), roots=[other.root])


def test_a_token_with_two_fitting_certificates_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """One for code signing, under the pinned root, and a self-made one of the same issuer and number for stamps."""
    other = TestAuthority(since=NOW - DAY, purpose=ExtendedKeyUsageOID.CODE_SIGNING)
    real, key = other.certificate, ec.generate_private_key(ec.SECP256R1())
    builder = x509.CertificateBuilder(real.issuer, real.subject, key.public_key(), real.serial_number)
    stamping = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
    dated = builder.not_valid_before(NOW - DAY).not_valid_after(NOW + DAY).add_extension(stamping, critical=True)
    forged = dated.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)
    inside = real.public_bytes(Encoding.DER)

    def both(number: int, *parts: bytes) -> bytes:
        return der.explicit(number, *(sorted((inside, forged)) if parts == (inside,) else parts))

    monkeypatch.setattr("winnow.signing.stamps.authority.explicit", both)
    assert "exactly one signer" in refused(other.stamp(ASKED, NOW), roots=[other.root])


def test_a_refusal_of_the_authority_is_told() -> None:
    refusal = der.wrap(der.SEQUENCE, der.wrap(der.SEQUENCE, der.integer(2)))
    assert "did not grant" in refused(refusal)


def test_truncation_never_ends_in_a_traceback() -> None:
    for size in range(0, len(ANSWER), 7):
        refused(ANSWER[:size])
    refused(ANSWER + b"\0")
    refused(bytes(200_000))
    refused(ANSWER, asked=b"no request")


@settings(max_examples=100, deadline=None)
@given(st.integers(0, len(ANSWER) - 1), st.integers(1, 255))
def test_a_changed_byte_is_refused_or_changes_nothing_that_is_stated(place: int, change: int) -> None:
    edited = bytearray(ANSWER)
    edited[place] ^= change
    try:
        stamp = check_stamp(bytes(edited), MESSAGE, [AUTHORITY.root], ASKED)
    except WinnowError as error:
        assert error.code == "WN-O04"
    else:  # a few bytes of the envelope are signed by nobody
        assert stamp == check_stamp(ANSWER, MESSAGE, [AUTHORITY.root], ASKED)


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=300))
def test_noise_is_refused_with_a_code(noise: bytes) -> None:
    refused(noise)


def test_an_answer_is_looked_at_on_receipt_without_a_root() -> None:
    check_answer(ANSWER, MESSAGE, ASKED)
    for message, asked, told in ((b"other", ASKED, "another hash"), (MESSAGE, request(MESSAGE), "nonce")):
        with pytest.raises(WinnowError, match=told):
            check_answer(ANSWER, message, asked)


def test_roots_that_are_none_are_refused(tmp_path: Path) -> None:
    (tmp_path / "noise.pem").write_bytes(b"nothing")
    for name in ("noise.pem", "missing.pem"):
        with pytest.raises(WinnowError, match="WN-O04"):
            load_roots([tmp_path / name])


@pytest.mark.parametrize("size", [0, 1, 127, 128, 255, 256, 70_000])
def test_der_lengths_and_numbers(size: int) -> None:
    wrapped = der.octets(bytes(size))
    assert len(wrapped) == size + (2 if size < 128 else 3 if size < 256 else 4 if size < 65536 else 5)
    number = der.integer(size)
    assert int.from_bytes(number[2:], "big", signed=True) == size
    assert der.oid("1.2.840.113549.1.7.2").hex() == "06092a864886f70d010702"
