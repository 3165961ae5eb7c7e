"""The first half of a claim: commit0 of every key, stamped before anything is embedded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from winnow.core import WinnowError, canonical_json
from winnow.signing.claims.claims import MOST_KEYS, checked_rule
from winnow.signing.claims.commitments import DIGEST_BYTES, commit0
from winnow.signing.claims.keys import KEY_BYTES, Identity, Secret
from winnow.signing.claims.strict import Fields, canonical, parse, read_bytes, refuse
from winnow.signing.code.layout import Layout
from winnow.signing.stamps.stamps import LONGEST, Stamper, check_answer, request
from winnow.storage import replacing, replacing_folder

CLAIM, SIGNATURE, BURNT = "claim.json", "signature.ed25519", "burnt.json"
REQUEST1, STAMP1 = "tsa1.tsq", "tsa1.tsr"
LONGEST_JSON = 4_000_000
_FORMAT, _VERSION = "winnow-commit0", 1


@dataclass(frozen=True)
class Pending:
    """A claim that was begun.

    Args:
        public_key: the owner's.
        rule: what the keys are bound to.
        keys: commit0 of every key, 32 bytes each; the first 16 are the payload to embed.
    """

    public_key: bytes
    rule: Mapping[str, Any]
    keys: tuple[bytes, ...]

    @property
    def layout(self) -> Layout:
        """Which layer carries how many bits."""
        return Layout.from_plain(self.rule["layout"])


def names_of(index: int) -> tuple[str, str, str]:
    """File names of one key: commitment, request, stamp."""
    return f"commit0-{index}.json", f"tsa0-{index}.tsq", f"tsa0-{index}.tsr"


def begin_claim(
    folder: Path | str,
    identity: Identity,
    held: Sequence[Secret],
    *,
    model_id: str,
    layout: Layout,
    tau: float,
    threshold_log2: float = -64.0,
    rule: Mapping[str, Any] | None = None,
    stamper: Stamper | None = None,
) -> Pending:
    """Commit to every key, in a new folder, written whole or not at all.

    Args:
        folder: new or empty.
        identity: the owner's.
        held: one secret to a key. Keep them elsewhere (`winnow.signing.claims.vault`).
        model_id: the owner's name for the model.
        layout: which layer carries how many bits.
        tau: at most this share of its channel's scale, a suspect's weight counts as pruned.
        threshold_log2: a match is a corrected p of at most 2 to this power.
        rule: what else the owner wants bound from the start, as plain data.
        stamper: asks an authority; without one the requests (.tsq) lie in the folder for `add_stamp0`.

    Raises:
        WinnowError: WN-O02 for a rule that makes no sense, WN-O03 for secrets that are not all different,
            WN-O04 for an answer that is none, WN-O07 when the folder is not empty.
    """
    place = Path(folder)
    if place.exists() and (not place.is_dir() or any(place.iterdir())):
        raise WinnowError("WN-O07", "something is there already", where=place, fix="Name a new or an empty folder.")
    if not 1 <= len(held) <= MOST_KEYS or len({one.secret for one in held}) != len(held):
        raise WinnowError("WN-O03", f"a claim has 1 to {MOST_KEYS} different secrets, here {len(held)}", where=place)
    settings = {"model_id": model_id, "layout": layout.to_plain(), "tau": tau, "threshold_log2": threshold_log2}
    whole = checked_rule(parse(canonical({**(rule or {}), **settings}, place), place), place)
    pending = Pending(identity.public, whole, tuple(commit0(identity.public, secret, whole) for secret in held))
    with replacing_folder(place) as part:
        for index in range(len(held)):
            _write_key(part, pending, index, stamper)
    return pending


def read_pending(folder: Path | str) -> Pending:
    """Read what `begin_claim` wrote, whether or not it was sealed since.

    Raises:
        WinnowError: WN-O02 when it is missing, edited or half there.
    """
    place = Path(folder)
    found = [_read_key(place, 0)]
    while (place / names_of(len(found))[0]).exists() and len(found) < MOST_KEYS:
        found.append(_read_key(place, len(found)))
    first = Pending(found[0].public_key, found[0].rule, tuple(one.keys[0] for one in found))
    if any(one.public_key != first.public_key or one.rule != first.rule for one in found):
        refuse("its keys have different owners or rules", place)
    return first


def add_stamp0(folder: Path | str, index: int, response: bytes) -> None:
    """Put an authority's answer beside a key that waits for it.

    Raises:
        WinnowError: WN-O04 when it does not answer this key's request, WN-O07 once the claim is sealed.
    """
    place = Path(folder)
    if (place / CLAIM).exists():
        raise WinnowError("WN-O07", "it is sealed: a stamp of a key comes before the mark", where=place)
    keys = read_pending(place).keys
    if not 0 <= index < len(keys):
        raise WinnowError("WN-O07", f"there is no key {index}", where=place)
    _, asked, stamp = names_of(index)
    check_answer(response, keys[index], read_bytes(place / asked, LONGEST), place / stamp)
    write_bytes(place / stamp, response)


def stamped(folder: Path, message: bytes, asked: str, stamp: str, stamper: Stamper | None) -> None:
    """Write a request, and the stamper's answer when there is one and it answers this request."""
    question = request(message)
    (folder / asked).write_bytes(question)
    if stamper is not None:
        answer = stamper(question)
        check_answer(answer, message, question, stamp)
        (folder / stamp).write_bytes(answer)


def key_plain(public: bytes, rule: Mapping[str, Any], index: int, key: bytes) -> dict[str, Any]:
    """The content of a key's commitment file."""
    return {
        "format": _FORMAT,
        "version": _VERSION,
        "public_key": public.hex(),
        "rule": dict(rule),
        "index": index,
        "commit0": key.hex(),
    }


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file whole."""
    with replacing(path) as part:
        part.write_bytes(content)


def _write_key(folder: Path, pending: Pending, index: int, stamper: Stamper | None) -> None:
    name, asked, stamp = names_of(index)
    plain = key_plain(pending.public_key, pending.rule, index, pending.keys[index])
    (folder / name).write_bytes(canonical_json(plain).encode())
    stamped(folder, pending.keys[index], asked, stamp, stamper)


def _read_key(folder: Path, index: int) -> Pending:
    path = folder / names_of(index)[0]
    plain = parse(read_bytes(path, LONGEST_JSON), path)
    fields = Fields(plain, path)
    fields.is_format(_FORMAT, _VERSION)
    if fields.number("index", index, index) != index:
        refuse("it is another key's file", path)
    public, key = fields.hexadecimal("public_key", KEY_BYTES), fields.hexadecimal("commit0", DIGEST_BYTES)
    return Pending(public, checked_rule(fields.mapping("rule"), path), (key,))
