"""`Claim`: what `claim.json` holds, and its reading by somebody who trusts no byte of it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from winnow.core import canonical_json
from winnow.signing.alignment.axes import Axes, axes_from_plain
from winnow.signing.claims.commitments import DIGEST_BYTES, commit1, tagged
from winnow.signing.claims.keys import KEY_BYTES
from winnow.signing.claims.strict import Fields, refuse
from winnow.signing.code.layout import Layout

FORMAT, VERSION = "winnow-claim", 1
# A weaker threshold than this could be reached by trying keys: 2^g keys give p near 2^-g.
WEAKEST_LOG2 = -64.0
MOST_KEYS = 64
_MOST_AXES, _MOST_DIMENSIONS, _MOST_LAYERS = 100_000, 8, 100_000
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_OPTIONAL_DIGESTS = ("reference_weights", "weights_digest", "triggers_digest")
# What commit1 cannot run over: itself, and the files, among which are its own stamp and answers to it.
_OUTSIDE = ("commit1", "files")


@dataclass(frozen=True)
class Claim:
    """A sealed claim.

    Args:
        public_key: the owner's, 32 bytes.
        rule: what every commit0 is bound to: model_id, layout, tau, threshold_log2, and what the owner added.
        keys: commit0 of every key, in hexadecimal.
        commit1: in hexadecimal.
        mask_digest: of the reference mask.
        reference_weights: digest of the reference's float tensors, if it has any.
        weights_digest: of the trained weights as the owner names them (64 hex digits), if told.
        triggers_digest: of the keyed inputs and labels, if there are any.
        triggers: how they are drawn, as plain data.
        axes: which channels permute together, as plain data.
        architecture: what the owner tells of the network, as plain data.
        files: SHA-256 of every other file of the claim.
        winnow: the version that sealed it.
        more: keys that this version does not know.
    """

    public_key: bytes
    rule: Mapping[str, Any]
    keys: tuple[str, ...]
    commit1: str
    mask_digest: str
    reference_weights: str | None = None
    weights_digest: str | None = None
    triggers_digest: str | None = None
    triggers: Mapping[str, Any] | None = None
    axes: list[Any] = field(default_factory=list)
    architecture: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    winnow: str = ""
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def model_id(self) -> str:
        """The owner's name for the model; part of every key."""
        return self.rule["model_id"]

    @property
    def layout(self) -> Layout:
        """Which layer carries how many bits."""
        return Layout.from_plain(self.rule["layout"])

    @property
    def tau(self) -> float:
        """At most this share of its channel's scale, a suspect's weight counts as pruned."""
        return float(self.rule["tau"])

    @property
    def threshold_log2(self) -> float:
        """A match is a corrected p of at most 2 to this power."""
        return float(self.rule["threshold_log2"])

    @property
    def coupled(self) -> Axes:
        """The axes, as objects."""
        return axes_from_plain(self.axes)

    @property
    def digest(self) -> str:
        """SHA-256 (64 hex digits) of `claim.json`: the claim's short name."""
        return hashlib.sha256(self.to_bytes()).hexdigest()

    def expected_commit1(self) -> bytes:
        """commit1, from the other fields."""
        settings = {name: value for name, value in self.to_plain().items() if name not in _OUTSIDE}
        keys = [bytes.fromhex(key) for key in self.keys]
        digests = self.mask_digest, self.weights_digest, self.triggers_digest
        return commit1(keys, *digests, tagged("winnow/settings/v1", settings).hex())

    def to_plain(self) -> dict[str, Any]:
        """As JSON."""
        return {
            **self.more,
            "format": FORMAT,
            "version": VERSION,
            "winnow": self.winnow,
            "public_key": self.public_key.hex(),
            "rule": dict(self.rule),
            "keys": list(self.keys),
            "commit1": self.commit1,
            "mask_digest": self.mask_digest,
            "reference_weights": self.reference_weights,
            "weights_digest": self.weights_digest,
            "triggers_digest": self.triggers_digest,
            "triggers": self.triggers,
            "axes": self.axes,
            "architecture": dict(self.architecture),
            "files": dict(self.files),
        }

    def to_bytes(self) -> bytes:
        """Canonical JSON: what is signed."""
        return canonical_json(self.to_plain()).encode()

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any], where: object = None) -> Claim:
        """The inverse of `to_plain`; every field is checked.

        Raises:
            WinnowError: WN-O02 naming the field that is not what it should be.
        """
        fields = Fields(plain, where)
        fields.is_format(FORMAT, VERSION)
        keys = fields.items("keys", MOST_KEYS)
        digests = {name: _optional(fields, plain, name) for name in _OPTIONAL_DIGESTS}
        for name in ("commit1", "mask_digest"):
            digests[name] = fields.hexadecimal(name, DIGEST_BYTES).hex()
        claim = cls(
            public_key=fields.hexadecimal("public_key", KEY_BYTES),
            rule=checked_rule(fields.mapping("rule"), where),
            keys=tuple(fields.unhex(key, DIGEST_BYTES, "keys").hex() for key in keys),
            triggers=None if plain.get("triggers") is None else fields.mapping("triggers"),
            axes=fields.items("axes", _MOST_AXES),
            architecture=fields.mapping("architecture"),
            files=_checked_files(fields, where),
            winnow=fields.text("winnow", 40),
            more={name: value for name, value in plain.items() if name not in _KNOWN},
            **digests,  # type: ignore[arg-type]
        )
        if not keys or len(set(claim.keys)) != len(keys):
            refuse("it has no keys, or one twice", where)
        axes_from_plain(claim.axes)
        return claim


_KNOWN = set(Claim.__dataclass_fields__) - {"more"} | {"format", "version"}


def checked_rule(rule: Mapping[str, Any], where: object = None) -> dict[str, Any]:
    """A rule whose model id, layout, tau and threshold are what they should be.

    Raises:
        WinnowError: WN-O02 naming the field that is not.
    """
    fields = Fields(rule, where)
    fields.text("model_id")
    fields.number("tau", 0, 1)
    fields.number("threshold_log2", -100_000, WEAKEST_LOG2)
    # A shape of a million axes would take minutes to multiply before it is refused for its size.
    for layer in Fields(fields.mapping("layout"), where).items("layers", _MOST_LAYERS):
        shape = layer.get("shape") if isinstance(layer, dict) else None
        if not isinstance(shape, list) or len(shape) > _MOST_DIMENSIONS:
            refuse(f"a layer has no shape of at most {_MOST_DIMENSIONS} axes", where)
    Layout.from_plain(rule["layout"])
    return dict(rule)


def _optional(fields: Fields, plain: Mapping[str, Any], name: str) -> str | None:
    return None if plain.get(name) is None else fields.hexadecimal(name, DIGEST_BYTES).hex()


def _checked_files(fields: Fields, where: object) -> dict[str, str]:
    """File names that cannot lead out of the folder, with their hashes."""
    files = fields.mapping("files")
    if len(files) > 4 * MOST_KEYS:
        refuse("it names more files than a claim has", where)
    for name, digest in files.items():
        if not _NAME.fullmatch(name):
            refuse(f"{name[:40]!r} is no plain file name", where)
        fields.unhex(digest, DIGEST_BYTES, "files")
    return files
