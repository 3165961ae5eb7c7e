"""The stages of a signing as the command line runs them, and what it says after each."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from winnow.cli.ownership.options import SignedFolder
from winnow.cli.ownership.stamping import carried_claim, carried_keys
from winnow.cli.ownership.training import Training
from winnow.cli.ownership.trying import counted
from winnow.core import WinnowError
from winnow.ownership.marking import MarkReport
from winnow.ownership.owning import begin, seal
from winnow.ownership.signing import sign_ticket
from winnow.ownership.sources import Source
from winnow.ownership.terms import Terms
from winnow.signing.claims.bundle import create_bundle_key, sign_bundle
from winnow.signing.claims.claim_folder import read_claim
from winnow.signing.claims.keys import Identity
from winnow.signing.stamps.stamps import Stamper
from winnow.signing.suspects.suspects import read_suspect
from winnow.sparsity import Ticket
from winnow.storage import write_json, write_text
from winnow.training import device_named, progress_for

_KEEP = "Keep {0} and its passphrase, and nothing of it in what you release."
_RELEASE = "Release {0}/trained.safetensors or an export of {0}; give {1} to whoever shall judge."


@dataclass(frozen=True)
class Signing:
    """One `winnow ownership sign`: of which ticket, where, by whom, stamped how."""

    source: Source
    signed: SignedFolder
    identity: Identity
    passphrase: str
    stamper: Stamper | None
    stamp_dir: Path | None
    release_start: bool = False

    def sign(self, terms: Terms, training: Training | None, device: str, note: Mapping[str, Any]) -> dict[str, Any]:
        """Commit and mark; then train and seal, where there is something to train on and no stamp is waited for."""
        signed = self.signed
        trains = training is not None and self._builds()
        begun = None
        if self.stamp_dir is not None or not trains:
            begun = begin(
                self.source.ticket,
                self.identity,
                self.passphrase,
                signed.places,
                terms,
                dense=self.source.dense.trained if self.source.dense else None,
                start=self.source.dense.start if self.source.dense and self.release_start else None,
                stamper=self.stamper,
            )
        write_json(signed.note, note)
        if self.stamp_dir is not None and (waiting := carried_keys(signed, self.stamp_dir)):
            return self._waiting(waiting)
        if training is None or not trains:
            assert begun is not None
            return self._marked(begun.report)
        progress = progress_for(sys.stderr.isatty())
        progress.begin(training.plan.steps - training.first_step)
        done = sign_ticket(
            self.source,
            self.identity,
            self.passphrase,
            signed.places,
            terms,
            training.data,
            training.plan,
            out=signed.ticket,
            release_start=self.release_start,
            first_step=training.first_step,
            seed=training.seed,
            stamper=self.stamper,
            device=device_named(device),
            progress=progress,
        )
        progress.end()
        facts = {**self._sealed(), **counted(done.report)}
        if done.test_accuracy is not None:
            facts["test_accuracy_percent"] = 100 * done.test_accuracy
        if done.hits:
            facts["keyed_answers"] = [f"{hits.hits} of {hits.total}" for hits in done.hits]
        return facts

    def seal_trained(self, file: Path) -> dict[str, Any]:
        """Seal the marked ticket with weights that its owner trained."""
        if not self.signed.marked.is_dir():
            raise WinnowError(
                "WN-O07", "nothing was marked here yet", where=self.signed.path, fix="Leave out --trained."
            )
        ticket = _trained(Ticket.from_pretrained(self.signed.marked), file)
        ticket.save_pretrained(self.signed.ticket)
        where = self.signed.places
        seal(ticket, self.identity, self.passphrase, where, source=self.source, stamper=self.stamper)
        return self._sealed()

    def sealed_before(self, model_id: str) -> dict[str, Any]:
        """A signing that is done: nothing but the stamp of the whole claim may still come."""
        claim = read_claim(self.signed.claim)
        same = claim.rule.get("unmarked") == self.source.ticket.mask.digest() and claim.model_id == model_id
        if not same or claim.public_key != self.identity.public:
            raise WinnowError(
                "WN-O07",
                "the claim of another ticket or owner is sealed here",
                where=self.signed.path,
                fix="Name a new folder.",
            )
        return self._sealed()

    def bundled(self) -> Path:
        """The bundle over the released files, under an ECDSA key of its own beside it."""
        key, public = self.signed.path / "bundle-key.pem", self.signed.path / "bundle-key.pub.pem"
        bundle = self.signed.path / "ticket.sig"
        if not key.exists():
            write_text(public, create_bundle_key(key, self.passphrase).decode())
        sign_bundle(self.signed.ticket, bundle, key, self.passphrase)
        return bundle

    def _builds(self) -> bool:
        try:
            self.source.module()
        except WinnowError as error:
            print(f"the network cannot be built here, so it is marked only: {error.what}", file=sys.stderr)
            return False
        return True

    def _waiting(self, requests: list[Path]) -> dict[str, Any]:
        names = ", ".join(path.name for path in requests)
        carry = f"have {names} stamped (curl --data-binary @FILE -H 'Content-Type: application/timestamp-query' URL), "
        return {
            "state": "waiting for stamps of the keys",
            "requests": [str(path) for path in requests],
            "next": [f"{carry}put the answers beside them as .tsr, and run the same line again."],
        }

    def _marked(self, report: MarkReport) -> dict[str, Any]:
        signed = self.signed
        line = (
            f"train {signed.marked} in your own code, pruned weights at 0, and run the same line with --trained FILE."
        )
        secret = _KEEP.format(signed.secrets)
        return {"state": "marked", "marked": str(signed.marked), **counted(report), "next": [line, secret]}

    def _sealed(self) -> dict[str, Any]:
        signed = self.signed
        waiting = carried_claim(signed, self.stamp_dir, self.identity) if self.stamp_dir is not None else []
        claim = read_claim(signed.claim)
        stamped = sum(name.endswith(".tsr") for name in claim.files)
        steps = [_RELEASE.format(signed.ticket, signed.claim), _KEEP.format(signed.secrets)]
        if waiting:
            steps.insert(0, f"have {waiting[0]} stamped before the release, and run the same line again.")
        if not stamped and not waiting:
            steps.insert(0, "Nothing shows when this was: have it stamped (--stamp-url, --stamp-dir) next time.")
        return {
            "state": "sealed",
            "claim": str(signed.claim),
            "claim_digest": claim.digest,
            "ticket": str(signed.ticket),
            "secrets": str(signed.secrets),
            "mark": f"{claim.layout.bits} bits ({claim.layout.code}), {len(claim.keys)} keys",
            "stamps": f"{stamped} of {len(claim.keys) + 1}",
            "next": steps,
        }


def _trained(marked: Ticket, file: Path) -> Ticket:
    """The marked ticket with weights from a file; pruned ones must be exactly 0."""
    found = read_suspect(file).tensors
    shapes = {name: tensor.shape for name, tensor in found.items()}
    missing = [name for name, start in marked.start.items() if shapes.get(name) != tuple(start.shape)]
    if missing:
        raise WinnowError("WN-M02", f"it has no tensor {missing[0]} of the ticket's shape", where=file)
    tensors = {name: torch.from_numpy(np.array(found[name])).to(start.dtype) for name, start in marked.start.items()}
    grown = sum(int((tensors[name][~mask] != 0).sum()) for name, mask in marked.mask.items())
    if grown:
        fix = "Keep pruned weights at 0 while you train, or the released file does not carry the mark."
        raise WinnowError("WN-P02", f"{grown} pruned weights are not 0 in it", where=file, fix=fix)
    return replace(marked, trained=tensors)
