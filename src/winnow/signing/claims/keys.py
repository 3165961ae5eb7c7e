"""An owner's keys: the Ed25519 identity that signs claims, and one secret for every mark."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from winnow.core import WinnowError
from winnow.signing.claims.strict import Fields
from winnow.storage import replacing

KEY_BYTES, SIGNATURE_BYTES = 32, 64
_LONGEST_KEY_FILE = 10_000
_SECRET = "winnow-secret"


class Identity:
    """An Ed25519 key pair (RFC 8032). Make one with `create` or `load`."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private

    @classmethod
    def create(cls) -> Identity:
        """A new identity from the operating system's randomness."""
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def load(cls, path: Path | str, passphrase: str) -> Identity:
        """Open an encrypted key file.

        Raises:
            WinnowError: WN-O03 when there is none, it is no Ed25519 key, or the passphrase does not open it.
        """
        try:
            with Path(path).open("rb") as file:
                content = file.read(_LONGEST_KEY_FILE)
            private = load_pem_private_key(content, passphrase.encode())
        except OSError as error:
            raise _no_key(f"the key file cannot be read: {error.strerror}", path) from error
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise _no_key("the passphrase does not open it, or it is no encrypted PEM key", path) from error
        if not isinstance(private, Ed25519PrivateKey):
            raise _no_key("it is a key of another kind than Ed25519", path)
        return cls(private)

    def save(self, path: Path | str, passphrase: str) -> None:
        """Write the key as encrypted PKCS#8 PEM that only its owner may read; never over another file.

        The format stretches the passphrase by 2,048 rounds of PBKDF2 only: let it be a long one.

        Raises:
            WinnowError: WN-O03 for an empty passphrase, WN-S02 when a file is there already.
        """
        if not passphrase:
            raise _no_key("an empty passphrase protects nothing", path)
        encryption = BestAvailableEncryption(passphrase.encode())
        write_private(path, self._private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption))

    @property
    def public(self) -> bytes:
        """The public key, 32 bytes."""
        return self._private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    def sign(self, message: bytes) -> bytes:
        """The 64-byte signature of a message."""
        return self._private.sign(message)


def verify_signature(public: bytes, signature: bytes, message: bytes) -> bool:
    """Whether the signature of the message was made with the public key's private half. Never raises."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


@dataclass(frozen=True)
class Secret:
    """What one mark hangs on. Never shown before a dispute; after one showing its key is burnt.

    Args:
        secret: 32 random bytes, from which positions and bits are drawn.
        salt: 32 random bytes that hide the secret inside its commitment.
    """

    secret: bytes = field(repr=False)
    salt: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.secret) != KEY_BYTES or len(self.salt) != KEY_BYTES:
            raise ValueError(f"secret and salt are {KEY_BYTES} bytes each")

    @classmethod
    def new(cls) -> Secret:
        """A new secret from the operating system's randomness."""
        return cls(secrets.token_bytes(KEY_BYTES), secrets.token_bytes(KEY_BYTES))

    def to_plain(self) -> dict[str, Any]:
        """As JSON: the content of a `reveal.json`."""
        return {"format": _SECRET, "version": 1, "secret": self.secret.hex(), "salt": self.salt.hex()}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any], where: object = None) -> Secret:
        """The inverse of `to_plain`.

        Raises:
            WinnowError: WN-O02 when it is not one.
        """
        if not isinstance(plain, Mapping):
            raise WinnowError("WN-O02", "a secret is a JSON object", where=where)
        fields = Fields(plain, where)
        fields.is_format(_SECRET, 1)
        return cls(fields.hexadecimal("secret", KEY_BYTES), fields.hexadecimal("salt", KEY_BYTES))


def write_private(path: Path | str, content: bytes) -> None:
    """Write a file of secrets, mode 0600 from its first byte, where none is yet.

    Raises:
        WinnowError: WN-S02 when a file is there already or the place cannot be written.
    """
    if Path(path).exists():
        raise WinnowError("WN-S02", "a file of secrets is never overwritten", where=path, fix="Name a new file.")
    with replacing(path) as part:
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(content)


def _no_key(what: str, where: object) -> WinnowError:
    return WinnowError("WN-O03", what, where=where, fix="Give the right key file and its passphrase.")
