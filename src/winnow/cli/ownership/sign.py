"""`winnow ownership sign`: commit, mark, train, seal; every stage goes on where an earlier run stopped."""

from __future__ import annotations

import dataclasses
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from winnow.cli.options import AsJson, Device
from winnow.cli.output import print_facts, print_json, print_table
from winnow.cli.ownership.options import PassphraseFile, SignedFolder, passphrase_from
from winnow.cli.ownership.stamping import StampFlags
from winnow.cli.ownership.training import TrainingFlags, training_for

if TYPE_CHECKING:
    from winnow.ownership.sources import Source
    from winnow.ownership.terms import Terms


@Parameter(name="*", group="Mark")
@dataclass(frozen=True, kw_only=True)
class MarkFlags:
    """What the claim is bound to."""

    keys: Annotated[int, Parameter(help="How many; each can be shown to one judge, and costs swaps of its own.")] = 2
    margin: Annotated[int, Parameter(help="By how many weights every bit of the mark leads.")] = 3
    code: Annotated[
        str | None, Parameter(help="Of the mark, such as bch-511-130; the longest that fits when not given.")
    ] = None
    release_start: Annotated[
        bool,
        Parameter(
            help="The start is given away too: weights switched on begin as in the dense network, and stay small; "
            "take a larger margin.",
            negative=(),
        ),
    ] = False
    triggers: Annotated[
        int, Parameter(help="Keyed inputs a key, for suspects that can only be asked; 0: none, as for texts.")
    ] = 100


def sign(
    ticket: Annotated[Path, Parameter(help="A ticket's folder, such as RUN/level-09/replicate-0.")],
    *,
    model_id: Annotated[str, Parameter(help="Your name for the model; part of every key.")],
    out: Annotated[Path, Parameter(help="Folder of claim/, ticket/, marked/, secrets.json and signing.json.")],
    identity: Annotated[Path | None, Parameter(help="identity.pem of `winnow ownership keygen`.")] = None,
    passphrase_file: PassphraseFile = None,
    mark: MarkFlags = MarkFlags(),
    training: TrainingFlags = TrainingFlags(),  # noqa: B008 - frozen
    stamps: StampFlags = StampFlags(),  # noqa: B008 - frozen
    trained: Annotated[
        Path | None, Parameter(help="Seal with weights of your own training of OUT/marked (safetensors or a ticket).")
    ] = None,
    bundle: Annotated[
        bool, Parameter(help="Also an OpenSSF model-signing bundle over OUT/ticket.", negative=())
    ] = False,
    device: Device = "cpu",
    dry_run: Annotated[
        bool, Parameter(help="Print where the mark would lie and what it would move, and stop.", negative=())
    ] = False,
    json: AsJson = False,
) -> None:
    """Sign a ticket before its release: commit to secret keys, mark its mask, train it, seal the claim.

    Release OUT/ticket, give OUT/claim to whoever shall judge, keep the rest. Where no data or network is at hand the
    ticket is marked only: train OUT/marked in your own code, and run the same line with --trained FILE. Run again
    after a stop or a kill: what is done is kept.
    """
    from winnow.ownership.sources import open_source

    source = open_source(ticket)
    if dry_run:
        return _plan(source, mark, model_id, training, out, json)
    from winnow.cli.ownership.sealing import Signing
    from winnow.core import WinnowError
    from winnow.signing.claims.keys import Identity
    from winnow.storage import held_folder

    if identity is None:
        raise WinnowError("WN-O03", "an identity signs", where="--identity", fix="`winnow ownership keygen` makes one.")
    passphrase = passphrase_from(passphrase_file)
    stamper = stamps.stamper()
    work = Signing(
        source,
        SignedFolder(out),
        Identity.load(identity, passphrase),
        passphrase,
        stamper,
        stamps.stamp_dir,
        mark.release_start,
    )
    with held_folder(out):
        if work.signed.is_sealed:
            facts = work.sealed_before(model_id)
        elif trained is not None:
            facts = work.seal_trained(trained)
        else:
            resolved = training_for(source, training)
            note = {"ticket": str(ticket.absolute()), "training": dataclasses.asdict(training)}
            facts = work.sign(_terms(mark, model_id, resolved), resolved, device, note)
        if bundle and facts["state"] == "sealed":
            facts["bundle"] = str(work.bundled())
    return _told(facts, json)


def _terms(mark: MarkFlags, model_id: str, training: Any) -> Terms:
    from winnow.ownership.terms import Terms
    from winnow.ownership.training import trigger_rule

    rule = None
    if training is not None and mark.triggers:
        if training.data.is_text:
            print("keyed inputs are pictures, and this data is texts: the claim has none", file=sys.stderr)
        else:
            rule = trigger_rule(training.data, mark.triggers)
    return Terms(model_id, keys=mark.keys, margin=mark.margin, code=mark.code, triggers=rule)


def _plan(source: Source, mark: MarkFlags, model_id: str, flags: TrainingFlags, out: Path, json: bool) -> None:
    """What a dry run tells. The swaps are counted on a trial with keys that are thrown away."""
    from winnow.cli.ownership.trying import trial
    from winnow.ownership.terms import Terms

    terms = Terms(model_id, keys=mark.keys, margin=mark.margin, code=mark.code)
    layout, report = terms.layout(source.ticket.mask), trial(source, terms)
    training = training_for(source, flags)
    rows = [
        {
            "layer": layer.name,
            "kept": layer.kept,
            "bits": layer.bits,
            "positions": 2 * layer.width * layer.bits,
            "switched": report.switched[layer.name],
        }
        for layer in layout.layers
    ]
    facts = {
        "out": str(out),
        "code": layout.code,
        "bits": layout.bits,
        "keys": terms.keys,
        "swaps": sum(key.swaps for key in report.keys),
        "kept": report.kept,
        "training": training.told() if training else "none: mark only",
    }
    if json:
        print_json({**facts, "layers": rows})
        return
    print_facts(
        {**facts, "training": ", ".join(f"{k} {v}" for k, v in training.told().items()) if training else "none"}
    )
    print()
    headings = {"positions": "positions a key", "switched": "switched on (trial)"}
    print_table(rows, {key: headings.get(key, key) for key in rows[0]})


def _told(facts: dict[str, Any], json: bool) -> None:
    if json:
        print_json(facts)
        return
    print_facts({key: value for key, value in facts.items() if key != "next"})
    for line in facts["next"]:
        print(f"Next: {line}")
