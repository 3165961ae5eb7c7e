"""The hashes that bind an owner before anybody has a reason to cheat.

Every hash has its own domain and runs over canonical JSON with named fields (or over hashes of them), so that no byte
can pass from one field to its neighbour, and no hash of one kind is one of another.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from winnow.core import canonical_json
from winnow.signing.claims.keys import Secret

DIGEST_BYTES = 32


def tagged(domain: str, value: Any) -> bytes:
    """SHA-256 over a domain such as "winnow/commit0/v1" and a value's canonical JSON."""
    return hashlib.sha256(domain.encode() + b"\0" + canonical_json(value).encode()).digest()


def commit0(public: bytes, secret: Secret, rule: Mapping[str, Any]) -> bytes:
    """What one key is bound by before it is embedded (32 bytes); its first 16 are the payload of the mark.

    Args:
        public: the owner's public key.
        secret: with the salt that hides it.
        rule: everything that the reading hangs on: model id, layout, tau, threshold (plain data).
    """
    hidden = tagged("winnow/secret/v1", secret.secret.hex())
    return tagged(
        "winnow/commit0/v1",
        {
            "public_key": public.hex(),
            "secret": hidden.hex(),
            "salt": secret.salt.hex(),
            "rule": tagged("winnow/rule/v1", dict(rule)).hex(),
        },
    )


def commit1(
    commit0s: Iterable[bytes],
    mask_digest: str,
    weights_digest: str | None,
    triggers_digest: str | None,
    settings_digest: str | None = None,
) -> bytes:
    """What the whole claim is bound by before the release (32 bytes): keys, reference, weights, triggers, settings."""
    return tagged(
        "winnow/commit1/v1",
        {
            "commit0": [one.hex() for one in commit0s],
            "mask": mask_digest,
            "weights": weights_digest,
            "triggers": triggers_digest,
            "settings": settings_digest,
        },
    )


def mask_digest(masks: Mapping[str, NDArray[np.bool_]]) -> str:
    """A reference mask's hash (64 hex digits): every tensor's name, shape and bits, whatever the mapping's order."""
    told = {
        name: {"shape": list(mask.shape), "bits": _sha256(np.packbits(mask.reshape(-1).astype(bool)))}
        for name, mask in masks.items()
    }
    return tagged("winnow/mask/v1", told).hex()


def weights_digest(weights: Mapping[str, NDArray[Any]]) -> str:
    """The hash (64 hex digits) of float tensors: every name, kind, shape and value."""
    told = {
        name: {
            "shape": list(tensor.shape),
            "kind": tensor.dtype.name,
            "values": _sha256(tensor.astype(tensor.dtype.newbyteorder("<"), order="C")),
        }
        for name, tensor in weights.items()
    }
    return tagged("winnow/weights/v1", told).hex()


def _sha256(array: NDArray[Any]) -> str:
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()
