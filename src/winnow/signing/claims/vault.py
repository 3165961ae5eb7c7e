"""An owner's secrets on the disk: sealed under a passphrase, never inside a claim's folder."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from winnow.core import WinnowError, canonical_json
from winnow.signing.claims.keys import Secret, write_private
from winnow.signing.claims.strict import Fields, parse, read_bytes

_FORMAT, _VERSION = "winnow-secrets", 1
_LONGEST = 1_000_000
# Fixed with the version: a file that could name its own costs could make a reader run out of memory.
_COST = {"n": 2**15, "r": 8, "p": 1}
_SALT, _NONCE = 16, 12


def save_secrets(path: Path | str, held: Sequence[Secret], passphrase: str) -> None:
    """Write the secrets of one model: scrypt (RFC 7914) over the passphrase, ChaCha20-Poly1305 (RFC 8439), mode 0600.

    Raises:
        WinnowError: WN-O03 for an empty passphrase, WN-S02 when a file is there already.
    """
    if not passphrase:
        raise WinnowError("WN-O03", "an empty passphrase protects nothing", where=path)
    salt, nonce = secrets.token_bytes(_SALT), secrets.token_bytes(_NONCE)
    head = {"format": _FORMAT, "version": _VERSION, "salt": salt.hex(), "nonce": nonce.hex()}
    content = canonical_json([secret.to_plain() for secret in held]).encode()
    sealed = _cipher(passphrase, salt).encrypt(nonce, content, canonical_json(head).encode())
    write_private(path, canonical_json({**head, "sealed": sealed.hex()}).encode())


def load_secrets(path: Path | str, passphrase: str) -> tuple[Secret, ...]:
    """Open the secrets of one model, in the order of the claim's keys.

    Raises:
        WinnowError: WN-O02 when the file is no file of secrets, WN-O03 when the passphrase does not open it.
    """
    values = parse(read_bytes(Path(path), _LONGEST), path)
    fields = Fields(values, path)
    fields.is_format(_FORMAT, _VERSION)
    salt, nonce = fields.hexadecimal("salt", _SALT), fields.hexadecimal("nonce", _NONCE)
    sealed = fields.unhex(values.get("sealed"), len(str(values.get("sealed"))) // 2, "sealed")
    head = {name: value for name, value in values.items() if name != "sealed"}
    try:
        content = _cipher(passphrase, salt).decrypt(nonce, sealed, canonical_json(head).encode())
    except InvalidTag as error:
        raise WinnowError("WN-O03", "the passphrase does not open it, or the file was edited", where=path) from error
    return tuple(Secret.from_plain(plain, path) for plain in json.loads(content))


def _cipher(passphrase: str, salt: bytes) -> ChaCha20Poly1305:
    return ChaCha20Poly1305(Scrypt(salt=salt, length=32, **_COST).derive(passphrase.encode()))


def write_reveal(path: Path | str, secret: Secret) -> None:
    """Write one secret in the open, for a judge (mode 0600). From then on its key is burnt.

    Raises:
        WinnowError: WN-S02 when a file is there already.
    """
    write_private(path, canonical_json(secret.to_plain()).encode())


def read_reveal(path: Path | str) -> Secret:
    """Read a secret that an owner shows.

    Raises:
        WinnowError: WN-O02 when the file holds none.
    """
    return Secret.from_plain(parse(read_bytes(Path(path), _LONGEST), path), path)
