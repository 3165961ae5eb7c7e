"""Time stamps (RFC 3161): asked for with one's own hash, judged offline against pinned roots. No network here."""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from cryptography import x509
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.oid import ExtendedKeyUsageOID
from rfc3161_client import (
    HashAlgorithm,
    TimestampRequestBuilder,
    TimeStampResponse,
    VerifierBuilder,
    decode_timestamp_response,
)
from rfc3161_client._rust import parse_timestamp_request

from winnow.core import WinnowError

# A stamper takes a request (.tsq) and returns the authority's answer (.tsr): an HTTP post, a file carried by hand, ...
Stamper = Callable[[bytes], bytes]

LONGEST = 100_000
_GRANTED = 0


@dataclass(frozen=True, order=True)
class Stamp:
    """A token that held.

    Args:
        time: when the authority says that it saw the hash (UTC).
        accuracy: how many seconds off it may be, either way; 0 when the token does not say.
        authority: the stamping certificate's subject.
    """

    time: datetime.datetime
    accuracy: float
    authority: str

    def to_plain(self) -> dict[str, object]:
        """As JSON."""
        return {"time": self.time.isoformat(), "accuracy_seconds": self.accuracy, "authority": self.authority}


def request(message: bytes) -> bytes:
    """A request (DER) for a stamp over the message's SHA-256, with a nonce, asking for the certificates."""
    return TimestampRequestBuilder().data(message).hash_algorithm(HashAlgorithm.SHA256).build().as_bytes()


def load_roots(paths: Iterable[Path | str]) -> tuple[x509.Certificate, ...]:
    """Root certificates from PEM files, several to a file.

    Raises:
        WinnowError: WN-O04 when a file holds none.
    """
    found: list[x509.Certificate] = []
    for path in paths:
        try:
            found += x509.load_pem_x509_certificates(Path(path).read_bytes())
        except (OSError, ValueError) as error:
            raise WinnowError(
                "WN-O04", "no PEM certificate can be read here", where=path, fix="Give the authority's root as PEM."
            ) from error
    return tuple(found)


def check_stamp(
    response: bytes,
    message: bytes,
    roots: Sequence[x509.Certificate],
    asked: bytes | None = None,
    where: object = None,
) -> Stamp:
    """Verify an authority's answer at the token's own time.

    Checked: granted; signed under one of the roots, every certificate of the chain valid when the token says it was
    made; one signer, one certificate that fits it, made for time stamping; the message's hash; the request's nonce.

    Args:
        response: the .tsr.
        message: what was stamped.
        roots: the certificates that the judge trusts.
        asked: the .tsq, to compare the nonce.
        where: the file, for the error's text.

    Raises:
        WinnowError: WN-O04, saying which of these does not hold.
    """
    token = _decoded(response, where)
    with _coded("it cannot be read", where):
        signer, stated, accuracy = _signer(token, where), token.tst_info.gen_time, _accuracy(token)
        made_for_it = _for_stamping(signer)
    if not roots:
        _refuse("no root certificate was given to check it against", where)
    # The library says of a certificate out of its time, or made for another purpose, only that the chain fails.
    if not signer.not_valid_before_utc <= stated <= signer.not_valid_after_utc:
        _refuse(f"it states {stated:%Y-%m-%d %H:%M:%S}, when its authority's certificate was not valid", where)
    if not made_for_it:
        _refuse("its certificate was not made for time stamping", where)
    with _coded("", where):
        VerifierBuilder(roots=list(roots), nonce=_nonce(asked, where)).build().verify_message(token, message)
    return Stamp(stated, accuracy, signer.subject.rfc4514_string())


def check_answer(response: bytes, message: bytes, asked: bytes, where: object = None) -> None:
    """Whether an answer is a granted one to this request, as far as that shows without a root: for its first receipt.

    Raises:
        WinnowError: WN-O04 when it is not.
    """
    token = _decoded(response, where)
    with _coded("it cannot be read", where):
        imprint, nonce = token.tst_info.message_imprint.message, token.tst_info.nonce
    if imprint != hashlib.sha256(message).digest():
        _refuse("it is over another hash than this claim's", where)
    if nonce != _nonce(asked, where):
        _refuse("it answers another request (the nonce differs)", where)


def _decoded(response: bytes, where: object) -> TimeStampResponse:
    if len(response) > LONGEST:
        _refuse(f"it is longer than {LONGEST:,} bytes", where)
    with _coded("it is no time stamp response", where):
        token = decode_timestamp_response(response)
        status = token.status
    if status != _GRANTED:
        _refuse(f"the authority did not grant it (status {status})", where)
    return token


def _signer(token: TimeStampResponse, where: object) -> x509.Certificate:
    """The one embedded certificate that the one signer names.

    A second certificate with the same issuer and number could be the one whose purpose is looked at, while the other
    one's key made the signature: such a token is refused.
    """
    signed = token.signed_data
    named = [(info.issuer, info.serial_number) for info in signed.signer_infos]
    certificates = [x509.load_der_x509_certificate(bytes(raw)) for raw in signed.certificates]
    fitting = [one for one in certificates if (one.issuer, one.serial_number) in named]
    if len(named) != 1 or len(fitting) != 1:
        _refuse("it does not carry exactly one signer with one certificate", where)
    return fitting[0]


def _for_stamping(certificate: x509.Certificate) -> bool:
    """The extended key usage is there, critical, and time stamping alone (RFC 3161, section 2.3)."""
    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except x509.ExtensionNotFound:
        return False
    return usage.critical and list(usage.value) == [ExtendedKeyUsageOID.TIME_STAMPING]


def _nonce(asked: bytes | None, where: object) -> int | None:
    if asked is None:
        return None
    with _coded("the request beside it cannot be read", where):
        return parse_timestamp_request(asked).nonce


def _accuracy(token: TimeStampResponse) -> float:
    stated = token.tst_info.accuracy
    if stated is None:
        return 0.0
    return (stated.seconds or 0) + (stated.millis or 0) / 1e3 + (stated.micros or 0) / 1e6


@contextlib.contextmanager
def _coded(what: str, where: object) -> Iterator[None]:
    """Whatever the libraries raise over a stranger's bytes becomes WN-O04: their kinds of error are many."""
    try:
        with warnings.catch_warnings():
            # A real authority's old certificate may displease a library; that is not the judge's concern.
            warnings.simplefilter("ignore", CryptographyDeprecationWarning)
            yield
    except WinnowError:
        raise
    except Exception as error:
        _refuse(f"{what}: {str(error)[:120]}" if what else _told(str(error)), where, error)


def _told(text: str) -> str:
    """The verifier's words, put plainly."""
    if "Mismatch between messages" in text:
        return "it is over another hash than this claim's"
    if "Nonce" in text:
        return "it answers another request (the nonce differs)"
    if "verifying certificates" in text:
        return "its signature does not hold, or leads to none of the root certificates given"
    return text[:200]


def _refuse(what: str, where: object, cause: Exception | None = None) -> NoReturn:
    raise WinnowError("WN-O04", what, where=where, fix="Take it for a claim without a stamp.") from cause
