"""Burnt keys: those whose secret was shown once, so that anybody could have embedded or removed their marks since.

The list is the owner's own word, signed. Nothing shows that an owner left a key out, or that the list was deleted.
"""

from __future__ import annotations

from pathlib import Path

from winnow.core import WinnowError, canonical_json
from winnow.signing.claims.claims import Claim
from winnow.signing.claims.keys import SIGNATURE_BYTES, Identity, verify_signature
from winnow.signing.claims.pending import BURNT, LONGEST_JSON, write_bytes
from winnow.signing.claims.strict import Fields, parse, read_bytes, refuse

_FORMAT, _VERSION = "winnow-burnt", 1
_DOMAIN = b"winnow/burnt/v1\0"


def burn_key(folder: Path | str, claim: Claim, identity: Identity, index: int) -> tuple[int, ...]:
    """Record that a key's secret was shown; returns all that are burnt.

    Raises:
        WinnowError: WN-O02 when the list there is edited, WN-O03 for another identity or a key that is not there.
    """
    if identity.public != claim.public_key or not 0 <= index < len(claim.keys):
        raise WinnowError("WN-O03", f"key {index} is not this identity's to burn", where=folder)
    place = Path(folder)
    burnt = tuple(sorted({*burnt_keys(place, claim), index}))
    body = _body(claim, burnt)
    signature = identity.sign(_DOMAIN + canonical_json(body).encode()).hex()
    write_bytes(place / BURNT, canonical_json({**body, "signature": signature}).encode())
    return burnt


def burnt_keys(folder: Path | str, claim: Claim) -> tuple[int, ...]:
    """The numbers of the burnt keys, in order; none when there is no list.

    Raises:
        WinnowError: WN-O02 when the list is edited, or another claim's.
    """
    path = Path(folder) / BURNT
    if not path.exists() and not path.is_symlink():
        return ()
    plain = parse(read_bytes(path, LONGEST_JSON), path)
    fields = Fields(plain, path)
    fields.is_format(_FORMAT, _VERSION)
    signature = fields.hexadecimal("signature", SIGNATURE_BYTES)
    body = {name: value for name, value in plain.items() if name != "signature"}
    if not verify_signature(claim.public_key, signature, _DOMAIN + canonical_json(body).encode()):
        refuse("the list of burnt keys is not signed by the claim's owner", path)
    burnt = tuple(index for index, key in enumerate(claim.keys) if key in fields.items("keys", len(claim.keys)))
    if body != _body(claim, burnt):
        refuse("the list of burnt keys is another claim's", path)
    return burnt


def _body(claim: Claim, burnt: tuple[int, ...]) -> dict[str, object]:
    keys = [claim.keys[index] for index in burnt]
    return {"format": _FORMAT, "version": _VERSION, "commit1": claim.commit1, "keys": keys}
