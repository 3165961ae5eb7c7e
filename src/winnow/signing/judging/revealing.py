"""What a claim and one revealed secret tell, before the suspect is looked at."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import winnow
from winnow.core import WinnowError
from winnow.signing.claims.claim_folder import check_reveal
from winnow.signing.claims.claims import Claim
from winnow.signing.claims.keys import Secret
from winnow.signing.code.positions import keyed_positions
from winnow.signing.code.statistic import sent_bits
from winnow.signing.code.stream import derive_key
from winnow.signing.judging.looking import Opened
from winnow.signing.judging.verdict import NOT_STATED, Checked

_PAYLOAD = 16  # bytes of commit0


def told_of(claim: Claim) -> dict[str, object]:
    """What a verdict tells of a claim."""
    layout = claim.layout
    return {
        "digest": claim.digest,
        "public_key": claim.public_key.hex(),
        "fingerprint": hashlib.sha256(claim.public_key).hexdigest(),
        "model_id": claim.model_id,
        "code": layout.code,
        "bits": layout.bits,
        "layers": len(layout.layers),
        "keys": len(claim.keys),
        "tau": claim.tau,
        "aligned": bool(claim.axes),
        "sealed_by": claim.winnow,
        "judged_by": winnow.__version__,
    }


def is_key(claim: Claim, index: int, secret: Secret) -> bool:
    """Whether a secret is the one that key `index` was bound to."""
    try:
        check_reveal(claim, index, secret)
    except WinnowError:
        return False
    return True


def opened_with(claim: Claim, index: int, secret: Secret) -> Opened:
    """Positions and bits of key `index`, from its secret.

    Raises:
        WinnowError: WN-O01 when the layout is so full that the key has no positions.
    """
    layout = claim.layout
    key = derive_key(secret.secret, claim.public_key, claim.model_id)
    payload = bytes.fromhex(claim.keys[index])[:_PAYLOAD]
    return Opened(key, keyed_positions(key, layout), payload, sent_bits(key, layout.code, payload))


def priority_of(checks: Sequence[Checked], index: int) -> str:
    """What the time stamp of key `index` shows."""
    stamp = next((check for check in checks if check.name == f"stamp of key {index}"), None)
    return f"the key was stamped {stamp.told}" if stamp is not None and stamp.ok else NOT_STATED
