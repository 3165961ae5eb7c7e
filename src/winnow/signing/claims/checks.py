"""Everything that a judge can check of a claim without a secret, each under its name."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509

from winnow.core import WinnowError
from winnow.signing.claims.burning import burnt_keys
from winnow.signing.claims.claims import Claim
from winnow.signing.claims.pending import (
    BURNT,
    CLAIM,
    LONGEST_JSON,
    REQUEST1,
    SIGNATURE,
    STAMP1,
    key_plain,
    names_of,
)
from winnow.signing.claims.reading import is_signed, parse_claim
from winnow.signing.claims.reference import REFERENCE
from winnow.signing.claims.strict import parse, read_bytes
from winnow.signing.stamps.stamps import LONGEST, Stamp, check_stamp


@dataclass(frozen=True)
class Check:
    """One check.

    Args:
        name: what was checked.
        ok: True, False, or None when the claim or the judge does not state what it takes.
        told: one plain sentence.
    """

    name: str
    ok: bool | None
    told: str


def check_claim(
    folder: Path | str, roots: Sequence[x509.Certificate] = (), owner: bytes | None = None
) -> tuple[Check, ...]:
    """Check signature, files, commitments and stamps.

    Args:
        folder: a sealed claim.
        roots: certificates of the stamping authorities that the judge trusts.
        owner: public key (32 bytes) that the judge knows to be the owner's.

    Raises:
        WinnowError: WN-O02 when `claim.json` itself cannot be read, WN-O07 when the claim is not sealed.
    """
    place = Path(folder)
    claim = parse_claim(place)
    return (
        _owner(claim, owner),
        *_integrity(place, claim),
        *_stamps(place, claim, roots),
        _burnt(place, claim),
        _beside(place, claim),
    )


def broken_check(folder: Path, claim: Claim) -> Check | None:
    """The first check of signature, files and commitments that fails."""
    return next((check for check in _integrity(folder, claim) if check.ok is False), None)


def stamp_of(folder: Path | str, claim: Claim, index: int | None, roots: Sequence[x509.Certificate]) -> Stamp | None:
    """The stamp of one key's commitment, or of commit1 for None; None when the claim has none.

    Raises:
        WinnowError: WN-O04 when it does not hold, WN-O02 when its file cannot be read.
    """
    place = Path(folder)
    _, asked, stamp = names_of(index) if index is not None else ("", REQUEST1, STAMP1)
    message = bytes.fromhex(claim.commit1 if index is None else claim.keys[index])
    if stamp not in claim.files:
        return None
    question = read_bytes(place / asked, LONGEST) if asked in claim.files else None
    return check_stamp(read_bytes(place / stamp, LONGEST), message, roots, question, place / stamp)


def _owner(claim: Claim, owner: bytes | None) -> Check:
    told = f"signed by key {claim.public_key.hex()[:16]}"
    if owner is None:
        return Check("owner", None, f"{told}; whose it is, the claim cannot show")
    own = owner == claim.public_key
    return Check("owner", own, told if own else f"{told}, not by the owner's key {owner.hex()[:16]}")


def _integrity(folder: Path, claim: Claim) -> Iterator[Check]:
    signed = is_signed(folder, claim)
    yield Check("signature", signed, "holds" if signed else "is not the owner's over these very bytes")
    for name, digest in sorted(claim.files.items()):
        yield _file(folder / name, digest)
    for index, key in enumerate(claim.keys):
        yield _key(folder, claim, index, bytes.fromhex(key))
    bound = claim.expected_commit1().hex() == claim.commit1
    yield Check("commit1", bound, "follows from the claim" if bound else "does not follow from the claim")
    present = REFERENCE in claim.files
    yield Check("reference", present, "is among the signed files" if present else "is not among the signed files")


def _file(path: Path, digest: str) -> Check:
    try:
        if path.is_symlink() or not path.is_file():
            return Check(f"file {path.name}", False, "is missing")
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        return Check(f"file {path.name}", False, f"cannot be read: {error.strerror}")
    return Check(f"file {path.name}", found == digest, "is the one signed" if found == digest else "was changed")


def _key(folder: Path, claim: Claim, index: int, key: bytes) -> Check:
    """Whether a key's own file, which was stamped first, says what the claim says."""
    name = f"commitment of key {index}"
    path = folder / names_of(index)[0]
    try:
        own = parse(read_bytes(path, LONGEST_JSON), path)
    except WinnowError as error:
        return Check(name, False, error.what)
    same = own == key_plain(claim.public_key, claim.rule, index, key)
    return Check(name, same, "agrees with the claim" if same else "disagrees with the claim")


def _stamps(folder: Path, claim: Claim, roots: Sequence[x509.Certificate]) -> Iterator[Check]:
    held: list[Stamp | None] = []
    for index in (*range(len(claim.keys)), None):
        name = "stamp of commit1" if index is None else f"stamp of key {index}"
        stamp, check = _stamp(folder, claim, index, roots, name)
        held.append(stamp)
        yield check
    yield _order(held[:-1], held[-1])


def _stamp(
    folder: Path, claim: Claim, index: int | None, roots: Sequence[x509.Certificate], name: str
) -> tuple[Stamp | None, Check]:
    listed = (STAMP1 if index is None else names_of(index)[2]) in claim.files
    if not listed:
        return None, Check(name, None, "not stated: the claim carries no stamp here")
    if not roots:
        return None, Check(name, None, "not checked: no root certificate was given")
    try:
        stamp = stamp_of(folder, claim, index, roots)
    except WinnowError as error:
        return None, Check(name, False, error.what)
    assert stamp is not None
    return stamp, Check(name, True, f"{stamp.time:%Y-%m-%d %H:%M:%S} UTC by {stamp.authority}")


def _order(first: Sequence[Stamp | None], last: Stamp | None) -> Check:
    """Keys before the claim, as far as the clocks' stated accuracies can tell."""
    name = "order of stamps"
    if last is None or any(stamp is None for stamp in first):
        return Check(name, None, "not stated: a stamp is missing or does not hold")
    late = [
        index
        for index, stamp in enumerate(first)
        if stamp and (stamp.time - last.time).total_seconds() > stamp.accuracy + last.accuracy
    ]
    if late:
        return Check(name, False, f"key {late[0]} was stamped after the whole claim")
    return Check(name, True, "every key was stamped before the whole claim")


def _burnt(folder: Path, claim: Claim) -> Check:
    try:
        burnt = burnt_keys(folder, claim)
    except WinnowError as error:
        return Check("burnt keys", False, error.what)
    return Check("burnt keys", True, f"shown before: {', '.join(map(str, burnt))}" if burnt else "none is recorded")


def _beside(folder: Path, claim: Claim) -> Check:
    known = {*claim.files, CLAIM, SIGNATURE, BURNT}
    others = sorted(path.name for path in folder.iterdir() if path.name not in known)
    if not others:
        return Check("other files", True, "none")
    return Check("other files", None, f"not signed, not looked at: {', '.join(others[:5])}")
