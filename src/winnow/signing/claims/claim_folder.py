"""The second half of a claim: sealed and signed before the release, read by anybody.

The folder: `claim.json` (canonical JSON), `signature.ed25519` over it, `commit0-K.json` with request and stamp of
every key, `tsa1.tsq` and `tsa1.tsr` over commit1, `reference.safetensors`; later perhaps `burnt.json`. Never a secret.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import winnow
from winnow.core import WinnowError
from winnow.signing.claims.checks import broken_check
from winnow.signing.claims.claims import Claim
from winnow.signing.claims.commitments import commit0, mask_digest, weights_digest
from winnow.signing.claims.keys import Identity, Secret
from winnow.signing.claims.pending import (
    CLAIM,
    REQUEST1,
    SIGNATURE,
    STAMP1,
    names_of,
    read_pending,
    stamped,
)
from winnow.signing.claims.reading import SIGNED, parse_claim
from winnow.signing.claims.reference import REFERENCE, Reference, misfit, read_reference_file, reference_bytes
from winnow.signing.claims.strict import canonical, parse, read_bytes, refuse
from winnow.signing.stamps.stamps import LONGEST, Stamper, check_answer
from winnow.storage import replacing_folder


def seal_claim(
    folder: Path | str,
    identity: Identity,
    masks: Mapping[str, NDArray[np.bool_]],
    *,
    weights: Mapping[str, NDArray[Any]] | None = None,
    trained_digest: str | None = None,
    triggers: Mapping[str, Any] | None = None,
    triggers_digest: str | None = None,
    axes: Sequence[Any] = (),
    architecture: Mapping[str, Any] | None = None,
    stamper: Stamper | None = None,
) -> Claim:
    """Bind reference and settings to the keys, sign, and write the claim whole.

    Args:
        folder: what `begin_claim` made.
        identity: the one that began it.
        masks: the marked ticket's mask, every layer of the layout in its shape with its count.
        weights: float16 or float32 tensors to align a suspect by, under the suspect's names.
        trained_digest: SHA-256 (hexadecimal) of the trained weights, in the owner's own reckoning.
        triggers: how keyed inputs are drawn, as plain data.
        triggers_digest: SHA-256 (hexadecimal) of the inputs and labels drawn.
        axes: which channels permute together, as plain data.
        architecture: what the owner tells of the network, as plain data.
        stamper: asks an authority for the stamp of commit1; without one see `add_stamp1`.

    Raises:
        WinnowError: WN-O03 for another identity, WN-O04 for an answer that is none, WN-O07 when it was not begun, is
            sealed already, or the reference does not fit the layout.
    """
    place = Path(folder)
    _check_ready(place)
    pending = read_pending(place)
    _check_owner(identity, pending.public_key, place)
    reference = Reference(dict(masks), dict(weights or {}))
    if what := misfit(reference, pending.layout):
        raise WinnowError("WN-O07", f"the reference does not fit the claim: {what}", where=place)
    draft = Claim(
        public_key=pending.public_key,
        rule=pending.rule,
        keys=tuple(key.hex() for key in pending.keys),
        commit1="0" * 64,
        mask_digest=mask_digest(reference.masks),
        reference_weights=weights_digest(reference.weights) if reference.weights else None,
        weights_digest=trained_digest,
        triggers_digest=triggers_digest,
        triggers=triggers,
        axes=list(axes),
        architecture=architecture or {},
        winnow=winnow.__version__,
    )
    draft = Claim.from_plain(parse(canonical(draft.to_plain(), place), place), place)
    bound = replace(draft, commit1=draft.expected_commit1().hex())
    with replacing_folder(place) as part:
        _copy_files(place, part)
        (part / REFERENCE).write_bytes(reference_bytes(reference))
        stamped(part, bytes.fromhex(bound.commit1), REQUEST1, STAMP1, stamper)
        return _sign(part, bound, identity)


def add_stamp1(folder: Path | str, identity: Identity, response: bytes) -> Claim:
    """Put the stamp of commit1 into a claim that was sealed without, and sign it again; nothing else changes.

    Raises:
        WinnowError: WN-O02 for a broken claim, WN-O03 for another identity, WN-O04 when the answer is to another
            request, WN-O07 when the claim has this stamp.
    """
    place = Path(folder)
    claim = read_claim(place)
    _check_owner(identity, claim.public_key, place)
    if STAMP1 in claim.files:
        raise WinnowError("WN-O07", "it has its stamp already", where=place / STAMP1)
    asked = read_bytes(place / REQUEST1, LONGEST)
    check_answer(response, bytes.fromhex(claim.commit1), asked, place / STAMP1)
    with replacing_folder(place) as part:
        _copy_files(place, part)
        (part / STAMP1).write_bytes(response)
        return _sign(part, claim, identity)


def read_claim(folder: Path | str) -> Claim:
    """Read a sealed claim; what it says is what its owner signed, and every file is the one that was signed.

    Raises:
        WinnowError: WN-O02 when it is edited, foreign or half there, WN-O07 when it was begun but not sealed.
    """
    place = Path(folder)
    claim = parse_claim(place)
    if broken := broken_check(place, claim):
        refuse(f"{broken.name}: {broken.told}", place)
    return claim


def read_reference(folder: Path | str, claim: Claim) -> Reference:
    """The reference that the claim is bound to.

    Raises:
        WinnowError: WN-O02 when the file is not that.
    """
    path = Path(folder) / REFERENCE
    found = read_reference_file(path)
    weights = weights_digest(found.weights) if found.weights else None
    if mask_digest(found.masks) != claim.mask_digest or weights != claim.reference_weights:
        refuse("it is not the reference that the claim is bound to", path)
    if what := misfit(found, claim.layout):
        refuse(f"the reference does not fit the layout: {what}", path)
    return found


def check_reveal(claim: Claim, index: int, secret: Secret) -> bytes:
    """Make sure that a secret is the one that key `index` was bound to; returns its commit0.

    Raises:
        WinnowError: WN-O03 when it is not, or there is no such key.
    """
    if not 0 <= index < len(claim.keys):
        raise WinnowError("WN-O03", f"the claim has {len(claim.keys)} keys, numbered from 0; there is no key {index}")
    key = commit0(claim.public_key, secret, claim.rule)
    if key.hex() != claim.keys[index]:
        raise WinnowError(
            "WN-O03", f"the secret shown is not the one that key {index} was bound to", fix="Show that key's secret."
        )
    return key


def _sign(folder: Path, claim: Claim, identity: Identity) -> Claim:
    """Name every file of the claim with its hash, write `claim.json`, and sign it."""
    own = [name for index in range(len(claim.keys)) for name in names_of(index)]
    present = [name for name in (*own, REQUEST1, STAMP1, REFERENCE) if (folder / name).exists()]
    files = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in present}
    whole = replace(claim, files=files)
    (folder / CLAIM).write_bytes(whole.to_bytes())
    (folder / SIGNATURE).write_bytes(identity.sign(SIGNED + whole.to_bytes()))
    return whole


def _copy_files(old: Path, new: Path) -> None:
    for file in old.iterdir():
        if file.is_symlink() or not file.is_file():
            raise WinnowError("WN-O07", "a claim's folder holds plain files only", where=file, fix="Move it elsewhere.")
        shutil.copyfile(file, new / file.name)


def _check_ready(folder: Path) -> None:
    if (folder / CLAIM).exists() or (folder / SIGNATURE).exists():
        raise WinnowError("WN-O07", "it is sealed already", where=folder, fix="Begin a new claim in another folder.")
    if not (folder / names_of(0)[0]).exists():
        raise WinnowError("WN-O07", "no claim was begun here", where=folder, fix="Begin one before you embed the mark.")


def _check_owner(identity: Identity, public: bytes, folder: Path) -> None:
    if identity.public != public:
        raise WinnowError(
            "WN-O03", "the claim was begun with another identity", where=folder, fix="Give the identity that began it."
        )
