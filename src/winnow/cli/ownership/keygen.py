"""`winnow ownership keygen`."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from winnow.cli.options import AsJson
from winnow.cli.output import print_facts, print_json
from winnow.cli.ownership.options import KEY_FILE, PUBLIC_FILE, PassphraseFile, passphrase_from
from winnow.core import WinnowError
from winnow.storage import write_text


def keygen(
    *,
    out: Annotated[Path, Parameter(help=f"Folder of {KEY_FILE} and {PUBLIC_FILE}.")],
    passphrase_file: PassphraseFile = None,
    json: AsJson = False,
) -> None:
    """Make an owner's identity: an Ed25519 key pair, its private half encrypted under a passphrase.

    The passphrase comes from a file, from WINNOW_PASSPHRASE or from the keyboard, never from an argument. Publish the
    public half where others can find it; whoever has file and passphrase can sign in your name.
    """
    from winnow.signing.claims.keys import Identity

    private, public = out / KEY_FILE, out / PUBLIC_FILE
    if private.exists() or public.exists():
        raise WinnowError("WN-S02", "an identity is here already", where=out, fix="Name a new folder.")
    identity = Identity.create()
    identity.save(private, passphrase_from(passphrase_file, new=True))
    write_text(public, identity.public.hex() + "\n")
    facts = {
        "private": str(private),
        "public": str(public),
        "key": identity.public.hex(),
        "fingerprint": hashlib.sha256(identity.public).hexdigest(),
    }
    print_json(facts) if json else print_facts(facts)
