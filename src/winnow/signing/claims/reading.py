"""`claim.json` from the disk, before anything of it is believed."""

from __future__ import annotations

from pathlib import Path

from winnow.core import WinnowError
from winnow.signing.claims.claims import Claim
from winnow.signing.claims.keys import SIGNATURE_BYTES, verify_signature
from winnow.signing.claims.pending import CLAIM, LONGEST_JSON, SIGNATURE, names_of
from winnow.signing.claims.strict import parse, read_bytes, refuse

SIGNED = b"winnow/claim/v1\0"


def parse_claim(folder: Path) -> Claim:
    """The claim as it stands there; whether it is signed and whole is for `checks` to say.

    Raises:
        WinnowError: WN-O02 when it cannot be read, WN-O07 when it was begun but not sealed.
    """
    path = folder / CLAIM
    if not path.exists() and (folder / names_of(0)[0]).exists():
        raise WinnowError("WN-O07", "it was begun but not sealed", where=folder, fix="Seal it before the release.")
    claim = Claim.from_plain(parse(read_bytes(path, LONGEST_JSON), path), path)
    if any(names_of(index)[0] not in claim.files for index in range(len(claim.keys))):
        refuse("it does not name the files of all its keys", path)
    return claim


def is_signed(folder: Path, claim: Claim) -> bool:
    """Whether the signature beside it is its owner's over these very bytes."""
    try:
        content = read_bytes(folder / CLAIM, LONGEST_JSON)
        signature = read_bytes(folder / SIGNATURE, SIGNATURE_BYTES)
    except WinnowError:
        return False
    return content == claim.to_bytes() and verify_signature(claim.public_key, signature, SIGNED + content)
