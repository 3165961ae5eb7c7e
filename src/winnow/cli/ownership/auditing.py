"""`winnow ownership audit`: every attack on a signed ticket, in tables, figures and a page."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from winnow.cli.options import AsJson, Device, DryRun
from winnow.cli.output import print_facts, print_json
from winnow.cli.ownership.options import PassphraseFile, Signed, SignedFolder, passphrase_from
from winnow.cli.ownership.training import TrainingFlags


def audit(
    signed: Signed,
    *,
    attacks: Annotated[
        tuple[str, ...],
        Parameter(
            help="Which, as `winnow ownership attack` names them; all when not given.",
            consume_multiple=True,
            negative=(),
        ),
    ] = (),
    seeds: Annotated[int, Parameter(help="Draws of every attack that draws.")] = 3,
    out: Annotated[Path | None, Parameter(help="Folder of the audit; SIGNED/audit when not given.")] = None,
    passphrase_file: PassphraseFile = None,
    key: Annotated[int, Parameter(help="Which key the mark is read by.")] = 0,
    training: TrainingFlags = TrainingFlags(),  # noqa: B008 - frozen
    device: Device = "cpu",
    dry_run: DryRun = False,
    json: AsJson = False,
) -> None:
    """Attack your own signed ticket in every way, at every strength, and write what each attack costs and finds.

    One file a case: run again after a stop or a kill, and the rest goes on. --steps is what a thief spends on one
    retraining.
    """
    from winnow.core import WinnowError
    from winnow.ownership.attacks.audit import planned

    if seeds < 1:
        raise WinnowError("WN-C01", "it must be at least 1", where="--seeds")
    cases = planned(attacks, seeds=range(seeds))
    folder = out or signed / "audit"
    if dry_run:
        facts = {"out": str(folder), "cases": len(cases), "attacks": list(dict.fromkeys(case.attack for case in cases))}
        return print_json(facts) if json else print_facts(facts)
    from winnow.cli.ownership.opening import open_signed
    from winnow.ownership.attacks.audit import audit as run
    from winnow.ownership.attacks.findings import findings
    from winnow.ownership.attacks.report import write_report

    target = open_signed(SignedFolder(signed), passphrase_from(passphrase_file), training, device, key)
    rows = run(target, folder, cases, told=lambda line: print(line, file=sys.stderr, flush=True))
    page, found = write_report(folder), findings(rows)
    if json:
        return print_json({"audit": str(folder), "report": str(page), "findings": found, "cases": rows})
    print("\n".join(found))
    print(f"Report: {page}")
    return None
