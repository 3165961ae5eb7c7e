"""The few DER encodings (X.690) that a time stamp token is written with."""

from __future__ import annotations

import datetime

SEQUENCE, SET = 0x30, 0x31
_BOOLEAN, _INTEGER, _OCTETS, _OID, _TIME, _CONTEXT = 0x01, 0x02, 0x04, 0x06, 0x18, 0xA0


def wrap(tag: int, *parts: bytes) -> bytes:
    """One element: tag, length, content."""
    content = b"".join(parts)
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def explicit(number: int, *parts: bytes) -> bytes:
    """Content under a constructed context tag."""
    return wrap(_CONTEXT | number, *parts)


def integer(value: int) -> bytes:
    """A non-negative INTEGER."""
    return wrap(_INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def boolean(*, value: bool) -> bytes:
    """A BOOLEAN."""
    return wrap(_BOOLEAN, b"\xff" if value else b"\0")


def octets(value: bytes) -> bytes:
    """An OCTET STRING."""
    return wrap(_OCTETS, value)


def oid(dotted: str) -> bytes:
    """An OBJECT IDENTIFIER, from its numbers with dots between."""
    first, second, *rest = (int(part) for part in dotted.split("."))
    return wrap(_OID, b"".join(_base128(part) for part in (40 * first + second, *rest)))


def time(at: datetime.datetime) -> bytes:
    """A GeneralizedTime in UTC, to the second."""
    return wrap(_TIME, at.astimezone(datetime.UTC).strftime("%Y%m%d%H%M%SZ").encode())


def _base128(value: int) -> bytes:
    low = value & 0x7F
    return low.to_bytes(1, "big") if value < 0x80 else _continued(value >> 7) + bytes((low,))


def _continued(value: int) -> bytes:
    low = bytes((0x80 | value & 0x7F,))
    return low if value < 0x80 else _continued(value >> 7) + low
