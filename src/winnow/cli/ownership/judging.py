"""`winnow ownership verify`: a judge's verdict, offline and without torch."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from winnow.cli.options import AsJson
from winnow.cli.output import print_facts, print_json
from winnow.cli.ownership.asking import AskFlags, asked
from winnow.cli.ownership.options import Roots, owner_from, power
from winnow.core import WinnowError

if TYPE_CHECKING:
    from winnow.signing.judging.verdict import Verdict


def verify(
    claim: Annotated[Path, Parameter(help="The claim's folder.")],
    suspect: Annotated[Path, Parameter(help="A .safetensors file, a ticket's folder, or a folder of such files.")],
    *,
    secret: Annotated[Path, Parameter(help="What the owner reveals; `winnow ownership inspect` writes it.")],
    root: Roots = (),
    owner: Annotated[str, Parameter(help="The owner's public key, as you know it: identity.pub, or its digits.")] = "",
    decoys: Annotated[int, Parameter(help="Keys that marked nothing, read in the same way.")] = 1000,
    suspects_tried: Annotated[
        int, Parameter(help="How many suspects were looked at for this claim, this one counted; p is corrected for it.")
    ] = 1,
    asking: AskFlags = AskFlags(),  # noqa: B008 - frozen
    other_claim: Annotated[Path | None, Parameter(help="Another claim on the same suspect: who came first?")] = None,
    other_secret: Annotated[Path | None, Parameter(help="What its owner reveals.")] = None,
    page: Annotated[Path | None, Parameter(help="Write a self-contained page (HTML).")] = None,
    out: Annotated[Path | None, Parameter(help="Write the verdict (JSON).")] = None,
    json: AsJson = False,
) -> None:
    """Judge how improbable it is that a suspect resembles a claimed ticket by chance: match, no match, inconclusive.

    Works offline, without torch, on numpy. The exit code is 0 for a verdict of any kind; 2 for a mistake in the
    command, such as a file that is not there.
    """
    from winnow.signing.claims.vault import read_reveal
    from winnow.signing.judging.judging import judge
    from winnow.signing.stamps.stamps import load_roots
    from winnow.storage import write_json

    _check(decoys, suspects_tried, other_claim, other_secret)
    shown, roots, known = read_reveal(secret), load_roots(root), owner_from(owner) if owner else None
    answers = asked(claim, shown, asking)
    verdict = judge(
        claim, suspect, shown, roots=roots, owner=known, decoys=decoys, suspects_tried=suspects_tried, answers=answers
    )
    plain = verdict.to_plain()
    against = None
    if other_claim is not None and other_secret is not None:
        from winnow.cli.ownership.contest import contested

        against = contested((claim, shown, verdict), (other_claim, read_reveal(other_secret)), suspect, roots)
        plain["other_claim"] = against
    if out is not None:
        write_json(out, plain)
    if page is not None:
        _write_page(verdict, page)
    print_json(plain) if json else _print(verdict, against, page)


def _check(decoys: int, suspects_tried: int, other_claim: Path | None, other_secret: Path | None) -> None:
    if suspects_tried < 1:
        raise WinnowError("WN-C01", "this one suspect was tried", where="--suspects-tried")
    if decoys < 0:
        raise WinnowError("WN-C01", "it must not be negative", where="--decoys")
    if (other_claim is None) != (other_secret is None):
        raise WinnowError("WN-C01", "another claim and its secret go together", where="--other-claim, --other-secret")


def _write_page(verdict: Verdict, page: Path) -> None:
    from winnow.signing.judging.page import write_verdict
    from winnow.storage import write_text

    with tempfile.TemporaryDirectory() as folder:
        write_text(page, write_verdict(verdict, folder).read_text(encoding="utf-8"))


def _print(verdict: Verdict, against: dict[str, Any] | None, page: Path | None) -> None:
    print(f"{verdict.outcome}: {verdict.reason}")
    facts = figures(verdict)
    if facts:
        print_facts(facts)
    for check in verdict.checks:
        if check.ok is False:
            print(f"does not hold: {check.name} {check.told}")
    if verdict.advice:
        print(f"What would help: {verdict.advice}")
    for line in against["reasons"] if against else ():
        print(line)
    if page is not None:
        print(f"Page: {page}")


def figures(verdict: Verdict) -> dict[str, Any]:
    """What a verdict rests on, in a few lines."""
    facts: dict[str, Any] = {}
    best, tests, decoys, answers = verdict.reading, verdict.tests, verdict.decoys, verdict.answers
    if best is not None and tests is not None:
        decoded = f"payload decodes, {best.corrected} bits mended" if best.payload else "payload does not decode"
        facts["mark"] = f"{best.matches} of {best.total} bits agree, read {best.alignment} by {best.way}; {decoded}"
        facts["p"] = (
            f"{power(verdict.log2_p_adjusted)} after {tests.total} looks; a match needs {power(verdict.threshold_log2)}"
        )
    if answers is not None:
        facts["answers"] = f"{answers.hits} of {answers.total} as keyed, p {power(answers.log2_p_adjusted)}"
    if decoys is not None:
        facts["decoys"] = f"{decoys.count} random keys agree at {decoys.mean:.1f} bits, at most at {decoys.largest}"
    if verdict.claim:
        facts["claim"] = f"{verdict.claim['model_id']}, by key {str(verdict.claim['public_key'])[:16]}"
        facts["priority"] = verdict.priority
    held = sum(check.ok is True for check in verdict.checks)
    if verdict.checks:
        unstated = [check.name for check in verdict.checks if check.ok is None]
        facts["checks"] = f"{held} hold" + (f"; not stated: {', '.join(unstated)}" if unstated else "")
    return facts
