"""`winnow ownership attack`: one attack on a signed ticket."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from winnow.cli.options import AsJson, Device
from winnow.cli.output import print_facts, print_json, print_table
from winnow.cli.ownership.options import PassphraseFile, SignedFolder, passphrase_from, power
from winnow.cli.ownership.training import TrainingFlags
from winnow.core import WinnowError


def attack(
    signed: Annotated[Path | None, Parameter(help="A folder that `winnow ownership sign` made.")] = None,
    *,
    attack: Annotated[str, Parameter(help="Which one; --list names them.")] = "",
    strength: Annotated[
        float | None, Parameter(help="How strong, in the attack's unit; its first one if not given.")
    ] = None,
    out: Annotated[Path | None, Parameter(help="Write what is left, as a suspect (.safetensors).")] = None,
    passphrase_file: PassphraseFile = None,
    key: Annotated[int, Parameter(help="Which key the mark is read by.")] = 0,
    training: TrainingFlags = TrainingFlags(),  # noqa: B008 - frozen
    device: Device = "cpu",
    list_: Annotated[bool, Parameter(name="--list", help="Name all attacks, and stop.", negative=())] = False,
    json: AsJson = False,
) -> None:
    """Attack your own signed ticket as a thief would, and see what it costs him and what is left of the mark.

    The thief knows everything but the secrets. What an attack trains, it trains as the ticket was, for --steps.
    """
    from winnow.ownership.attacks.registry import ATTACKS, attack_named

    if list_:
        return _listed(ATTACKS, json)
    if signed is None or not attack:
        raise WinnowError("WN-C01", "a signed ticket and an attack are needed", fix="--list names the attacks.")
    from winnow.cli.ownership.opening import open_signed
    from winnow.ownership.attacks.audit import Case, carried_out
    from winnow.sparsity import save_tensors

    chosen = attack_named(attack)
    target = open_signed(SignedFolder(signed), passphrase_from(passphrase_file), training, device, key)
    strength = chosen.strengths[0] if strength is None else strength
    left, row = carried_out(target, Case(chosen.name, strength, training.seed))
    if out is not None:
        save_tensors(out, left.tensors)
    facts = {
        "attack": chosen.name,
        "strength": strength,
        "unit": chosen.unit,
        **row,
        "suspect": str(out) if out else None,
    }
    return print_json(facts) if json else print_facts(_facts(facts))


def _listed(attacks: Any, json: bool) -> None:
    rows = [
        {
            "attack": one.name,
            "family": one.family,
            "what": one.what,
            "strength": one.unit,
            "in an audit": list(one.strengths),
        }
        for one in attacks.values()
    ]
    print_json({"attacks": rows}) if json else print_table(rows, {key: key for key in rows[0]})


def _facts(row: dict[str, Any]) -> dict[str, Any]:
    """A row in words."""
    facts = {"attack": f"{row['attack']}, strength {row['strength']:g}: {row['note']}"}
    if row.get("accuracy_lost") is not None:
        facts["accuracy"] = f"{100 * row['accuracy']:.2f} %, {100 * row['accuracy_lost']:.2f} points lost"
    if row.get("density") is not None:
        facts["weights"] = f"{100 * row['density']:.2f} % of them, {100 * row['density_before']:.2f} % before"
    decoded = "the payload decodes" if row["decoded"] else "the payload does not decode"
    facts["mark"] = f"{row['errors']} of {row['bits']} bits wrong, p {power(row['log2_p_adjusted'])}, {decoded}"
    if row.get("trigger_total"):
        facts["keyed answers"] = f"{row['trigger_hits']} of {row['trigger_total']}, p {power(row['trigger_log2_p'])}"
    if row.get("refusal"):
        facts["refused because"] = row["refusal"]
    facts["verdict"] = row["outcome"]
    if row.get("suspect"):
        facts["suspect"] = row["suspect"]
    return facts
