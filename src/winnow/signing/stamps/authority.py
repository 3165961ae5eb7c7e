"""A time stamping authority of one's own, offline: for tests and for trying the flow out, never as evidence."""

from __future__ import annotations

import datetime
import hashlib
import secrets

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from rfc3161_client._rust import parse_timestamp_request

from winnow.signing.stamps.der import SEQUENCE, SET, boolean, explicit, integer, octets, oid, time, wrap

_DATA, _TOKEN = "1.2.840.113549.1.7.2", "1.2.840.113549.1.9.16.1.4"
_SHA256, _ECDSA_SHA256 = "2.16.840.1.101.3.4.2.1", "1.2.840.10045.4.3.2"
_CONTENT_TYPE, _MESSAGE_DIGEST = "1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4"
_SIGNING_CERTIFICATE = "1.2.840.113549.1.9.16.2.47"
_POLICY = "1.2.3.4.1"


class TestAuthority:
    """A root certificate and a stamping certificate under it (ECDSA P-256).

    Args:
        name: common name of the root.
        since: first moment at which both certificates are valid (UTC).
        days: how long they are valid.
        purpose: extended key usage of the stamping certificate; another than time stamping makes bad stamps.
    """

    __test__ = False  # no test case, whatever pytest makes of the name

    def __init__(
        self,
        name: str = "Winnow test root",
        *,
        since: datetime.datetime | None = None,
        days: int = 3650,
        purpose: x509.ObjectIdentifier = ExtendedKeyUsageOID.TIME_STAMPING,
    ) -> None:
        start = since or datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)
        until = start + datetime.timedelta(days=days)
        root_key, self._key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        authority = _certificate(name, name, root_key, start, until).add_extension(
            x509.BasicConstraints(ca=True, path_length=0), critical=True
        )
        self.root = authority.sign(root_key, hashes.SHA256())
        stamping = _certificate(f"{name}, stamps", name, self._key, start, until).add_extension(
            x509.ExtendedKeyUsage([purpose]), critical=True
        )
        self.certificate = stamping.sign(root_key, hashes.SHA256())

    def stamp(self, request: bytes, at: datetime.datetime | None = None) -> bytes:
        """Answer a request (DER of RFC 3161's TimeStampReq) as a server would: DER of a TimeStampResp.

        Args:
            request: what `winnow.signing.stamps.stamps.request` made.
            at: the time that the token states; now when None. Any time is stamped: this authority can lie.
        """
        info = self._information(request, at or datetime.datetime.now(datetime.UTC))
        signed = self._signed_data(info)
        token = wrap(SEQUENCE, oid(_DATA), explicit(0, signed))
        return wrap(SEQUENCE, wrap(SEQUENCE, integer(0)), token)

    __call__ = stamp

    def _information(self, request: bytes, at: datetime.datetime) -> bytes:
        """TSTInfo (RFC 3161, section 2.4.2), to the second."""
        asked = parse_timestamp_request(request)
        imprint = asked.message_imprint
        algorithm = wrap(SEQUENCE, oid(imprint.hash_algorithm.dotted_string))
        return wrap(
            SEQUENCE,
            integer(1),
            oid(_POLICY),
            wrap(SEQUENCE, algorithm, octets(imprint.message)),
            integer(secrets.randbits(63)),
            time(at),
            wrap(SEQUENCE, integer(1)),
            boolean(value=True),
            b"" if asked.nonce is None else integer(asked.nonce),
        )

    def _signed_data(self, info: bytes) -> bytes:
        """SignedData (RFC 5652, section 5.1) with the stamping certificate inside."""
        certificate = self.certificate.public_bytes(Encoding.DER)
        content = wrap(SEQUENCE, oid(_TOKEN), explicit(0, octets(info)))
        digests = wrap(SET, wrap(SEQUENCE, oid(_SHA256)))
        signer = self._signer(info, certificate)
        return wrap(SEQUENCE, integer(3), digests, content, explicit(0, certificate), wrap(SET, signer))

    def _signer(self, info: bytes, certificate: bytes) -> bytes:
        """SignerInfo; its signed attributes name the certificate by hash (RFC 5035)."""
        named = wrap(SEQUENCE, wrap(SEQUENCE, wrap(SEQUENCE, octets(hashlib.sha256(certificate).digest()))))
        attributes = sorted(
            (
                _attribute(_CONTENT_TYPE, oid(_TOKEN)),
                _attribute(_MESSAGE_DIGEST, octets(hashlib.sha256(info).digest())),
                _attribute(_SIGNING_CERTIFICATE, named),
            )
        )
        signature = self._key.sign(wrap(SET, *attributes), ec.ECDSA(hashes.SHA256()))
        issuer = self.certificate.issuer.public_bytes()
        return wrap(
            SEQUENCE,
            integer(1),
            wrap(SEQUENCE, issuer, integer(self.certificate.serial_number)),
            wrap(SEQUENCE, oid(_SHA256)),
            explicit(0, *attributes),
            wrap(SEQUENCE, oid(_ECDSA_SHA256)),
            octets(signature),
        )


def _certificate(
    name: str, issuer: str, key: ec.EllipticCurvePrivateKey, start: datetime.datetime, until: datetime.datetime
) -> x509.CertificateBuilder:
    def named(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    return (
        x509.CertificateBuilder()
        .subject_name(named(name))
        .issuer_name(named(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(until)
    )


def _attribute(name: str, value: bytes) -> bytes:
    return wrap(SEQUENCE, oid(name), wrap(SET, value))
