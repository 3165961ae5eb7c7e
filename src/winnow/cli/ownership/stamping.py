"""Time stamps for `sign`: from an authority's address, or carried by hand through a folder."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from winnow.cli.ownership.options import SignedFolder
from winnow.core import WinnowError

if TYPE_CHECKING:
    from winnow.signing.claims.keys import Identity
    from winnow.signing.stamps.stamps import Stamper


@Parameter(name="*", group="Time stamps")
@dataclass(frozen=True, kw_only=True)
class StampFlags:
    """Who stamps."""

    stamp_url: Annotated[str, Parameter(help="Address of an RFC 3161 time stamping authority.")] = ""
    allow_remote: Annotated[bool, Parameter(help="Let the hashes to be stamped leave this machine.", negative=())] = (
        False
    )
    stamp_dir: Annotated[
        Path | None,
        Parameter(help="Carry stamps by hand: requests (.tsq) are written here, answers (.tsr) are read from here."),
    ] = None

    def stamper(self) -> Stamper | None:
        """Asks the authority, where an address was given.

        Raises:
            WinnowError: WN-C01 for both ways at once or no plain address, WN-L04 for another machine without consent.
        """
        if self.stamp_url and self.stamp_dir:
            raise WinnowError("WN-C01", "stamps come by address or by hand, not both", where="--stamp-dir")
        if not self.stamp_url:
            return None
        from winnow.signing.stamps.authorities import http_stamper

        return http_stamper(self.stamp_url, allow_remote=self.allow_remote)


def carried_keys(signed: SignedFolder, folder: Path) -> list[Path]:
    """Take in the stamps of keys that lie in a folder; the requests that still wait for one, written there."""
    from winnow.signing.claims.pending import add_stamp0, names_of, read_pending

    waiting = []
    for index in range(len(read_pending(signed.claim).keys)):
        _, asked, stamp = names_of(index)
        if (signed.claim / stamp).exists():
            continue
        if (folder / stamp).exists():
            add_stamp0(signed.claim, index, (folder / stamp).read_bytes())
        else:
            waiting.append(_laid_out(signed.claim / asked, folder))
    return waiting


def carried_claim(signed: SignedFolder, folder: Path, identity: Identity) -> list[Path]:
    """The same for the stamp of the whole claim, which is sealed."""
    from winnow.signing.claims.claim_folder import add_stamp1
    from winnow.signing.claims.pending import REQUEST1, STAMP1

    if (signed.claim / STAMP1).exists():
        return []
    if (folder / STAMP1).exists():
        add_stamp1(signed.claim, identity, (folder / STAMP1).read_bytes())
        return []
    return [_laid_out(signed.claim / REQUEST1, folder)]


def _laid_out(request: Path, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(request, folder / request.name)
    return folder / request.name
