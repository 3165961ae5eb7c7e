"""What the commands of ownership share: passphrases, public keys, and where a signing keeps its parts."""

from __future__ import annotations

import getpass
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from winnow.core import WinnowError

if TYPE_CHECKING:
    from winnow.ownership.terms import Places

VARIABLE = "WINNOW_PASSPHRASE"
KEY_FILE, PUBLIC_FILE = "identity.pem", "identity.pub"
_PUBLIC_DIGITS = 64

PassphraseFile = Annotated[
    Path | None,
    Parameter(help=f"File whose first line is the passphrase; else {VARIABLE} holds it, else it is asked for."),
]
Roots = Annotated[
    tuple[Path, ...],
    Parameter(help="PEM file of a stamping authority's root that is trusted.", consume_multiple=True, negative=()),
]
Signed = Annotated[Path, Parameter(help="A folder that `winnow ownership sign` made.")]


@dataclass(frozen=True)
class SignedFolder:
    """The folder of a signing: `claim/` is given to judges, `ticket/` is released, the rest stays with the owner."""

    path: Path

    @property
    def claim(self) -> Path:
        """What judges get."""
        return self.path / "claim"

    @property
    def secrets(self) -> Path:
        """The secrets, sealed under the passphrase."""
        return self.path / "secrets.json"

    @property
    def marked(self) -> Path:
        """The marked ticket, to be trained."""
        return self.path / "marked"

    @property
    def ticket(self) -> Path:
        """The signed ticket, trained."""
        return self.path / "ticket"

    @property
    def note(self) -> Path:
        """What was signed and how it was trained, for `attack` and `audit`."""
        return self.path / "signing.json"

    @property
    def is_sealed(self) -> bool:
        """Whether the claim is whole."""
        return (self.claim / "claim.json").exists()

    @property
    def places(self) -> Places:
        """The same, as `winnow.ownership` names it."""
        from winnow.ownership.terms import Places

        return Places(self.claim, self.secrets, self.marked)


def passphrase_from(file: Path | None, *, new: bool = False) -> str:
    """The passphrase from a file, the environment or the keyboard; never from an argument, which others can see.

    Args:
        file: its first line.
        new: ask twice.

    Raises:
        WinnowError: WN-O03 when there is none.
    """
    if file is not None:
        return _told(_first_line(file), file)
    if VARIABLE in os.environ:
        return _told(os.environ[VARIABLE], VARIABLE)
    if not sys.stdin.isatty():
        raise WinnowError(
            "WN-O03",
            "no passphrase was given, and there is nobody to ask",
            fix=f"Give --passphrase-file FILE, or set {VARIABLE}.",
        )
    first = getpass.getpass("Passphrase: ")
    if new and first != getpass.getpass("Again: "):
        raise WinnowError("WN-O03", "the two passphrases differ")
    return _told(first, "the keyboard")


def owner_from(given: str) -> bytes:
    """A public key, 32 bytes: from a file as `keygen` writes it, or as 64 hexadecimal digits.

    Raises:
        WinnowError: WN-O03 when it is none.
    """
    text = given.strip() if len(given.strip()) == _PUBLIC_DIGITS else _first_line(Path(given)).strip()
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if 2 * len(key) != _PUBLIC_DIGITS:
        raise WinnowError("WN-O03", "no public key stands here", where=given, fix=f"Give the owner's {PUBLIC_FILE}.")
    return key


def power(log2_p: float | None) -> str:
    """A probability by its logarithm to base 2."""
    return "0" if log2_p is None else f"2^{log2_p:.1f}"


def _first_line(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").partition("\n")[0].rstrip("\r")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise WinnowError("WN-O03", f"the file cannot be read: {reason}", where=file) from error


def _told(passphrase: str, where: object) -> str:
    if not passphrase:
        raise WinnowError("WN-O03", "the passphrase is empty", where=where)
    return passphrase
