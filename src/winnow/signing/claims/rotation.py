"""Rotation: an old identity names its successor, and the successor agrees."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from winnow.core import canonical_json
from winnow.signing.claims.keys import KEY_BYTES, SIGNATURE_BYTES, Identity, verify_signature
from winnow.signing.claims.strict import Fields, parse, refuse

_FORMAT, _VERSION = "winnow-rotation", 1
_DOMAIN = b"winnow/rotation/v1\0"


@dataclass(frozen=True)
class Rotation:
    """From one public key (32 bytes) to its successor."""

    old: bytes
    new: bytes


def rotate(old: Identity, new: Identity) -> bytes:
    """The record of a change of identity (canonical JSON), signed by both keys.

    It says nothing about when: stamp it (`winnow.signing.stamps.stamps`) where the date matters.
    """
    body = _body(old.public, new.public)
    signed = _DOMAIN + canonical_json(body).encode()
    signatures = {"signature_old": old.sign(signed).hex(), "signature_new": new.sign(signed).hex()}
    return canonical_json({**body, **signatures}).encode()


def read_rotation(record: bytes, where: object = None) -> Rotation:
    """Read and verify a record.

    Raises:
        WinnowError: WN-O02 when it is edited, or either signature does not hold.
    """
    values = parse(record, where)
    fields = Fields(values, where)
    fields.is_format(_FORMAT, _VERSION)
    old, new = fields.hexadecimal("old", KEY_BYTES), fields.hexadecimal("new", KEY_BYTES)
    if values.keys() != {"format", "version", "old", "new", "signature_old", "signature_new"}:
        refuse("a rotation record has other fields than its own", where)
    signed = _DOMAIN + canonical_json(_body(old, new)).encode()
    for name, key in (("signature_old", old), ("signature_new", new)):
        if not verify_signature(key, fields.hexadecimal(name, SIGNATURE_BYTES), signed):
            refuse(f'the rotation record\'s "{name}" does not hold', where)
    return Rotation(old, new)


def successors(public: bytes, records: Iterable[bytes]) -> tuple[bytes, ...]:
    """The key and everything that it was rotated to, in order, whatever the records' order.

    Raises:
        WinnowError: WN-O02 for a record that does not hold, or one key with two successors.
    """
    following: dict[bytes, bytes] = {}
    for record in records:
        found = read_rotation(record)
        if following.setdefault(found.old, found.new) != found.new:
            refuse(f"key {found.old.hex()[:16]} names two successors")
    chain = [public]
    while (after := following.get(chain[-1])) is not None and after not in chain:
        chain.append(after)
    return tuple(chain)


def _body(old: bytes, new: bytes) -> dict[str, object]:
    return {"format": _FORMAT, "version": _VERSION, "old": old.hex(), "new": new.hex()}
