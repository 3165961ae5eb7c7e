"""What an owner runs: marking, training and sealing a ticket; and attacks on the mark.

Names load on first use, so that a command pays only for what it needs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from winnow.ownership.attacks.audit import audit as audit
    from winnow.ownership.attacks.audit import carried_out as carried_out
    from winnow.ownership.attacks.audit import planned as planned
    from winnow.ownership.attacks.findings import findings as findings
    from winnow.ownership.attacks.opening import opened_target as opened_target
    from winnow.ownership.attacks.registry import ATTACKS as ATTACKS
    from winnow.ownership.attacks.registry import attack_named as attack_named
    from winnow.ownership.attacks.report import write_report as write_report
    from winnow.ownership.attacks.target import Attack as Attack
    from winnow.ownership.attacks.target import Attacked as Attacked
    from winnow.ownership.attacks.target import Target as Target
    from winnow.ownership.coupling import coupled_axes as coupled_axes
    from winnow.ownership.marking import MarkReport as MarkReport
    from winnow.ownership.marking import leads_of as leads_of
    from winnow.ownership.marking import mark as mark
    from winnow.ownership.owning import Begun as Begun
    from winnow.ownership.owning import begin as begin
    from winnow.ownership.owning import seal as seal
    from winnow.ownership.signing import Signed as Signed
    from winnow.ownership.signing import sign_ticket as sign_ticket
    from winnow.ownership.sources import Source as Source
    from winnow.ownership.sources import open_source as open_source
    from winnow.ownership.symmetries import folded as folded
    from winnow.ownership.symmetries import padded as padded
    from winnow.ownership.symmetries import permuted as permuted
    from winnow.ownership.symmetries import rescaled as rescaled
    from winnow.ownership.symmetries import sign_flipped as sign_flipped
    from winnow.ownership.symmetries import split as split
    from winnow.ownership.terms import Places as Places
    from winnow.ownership.terms import Terms as Terms
    from winnow.ownership.training import TrainedTicket as TrainedTicket
    from winnow.ownership.training import train_marked as train_marked
    from winnow.ownership.training import trigger_rule as trigger_rule
    from winnow.ownership.training import with_triggers as with_triggers

_HOMES = {
    "audit": "attacks.audit",
    "carried_out": "attacks.audit",
    "planned": "attacks.audit",
    "findings": "attacks.findings",
    "opened_target": "attacks.opening",
    "ATTACKS": "attacks.registry",
    "attack_named": "attacks.registry",
    "write_report": "attacks.report",
    "Attack": "attacks.target",
    "Attacked": "attacks.target",
    "Target": "attacks.target",
    "coupled_axes": "coupling",
    "MarkReport": "marking",
    "leads_of": "marking",
    "mark": "marking",
    "Begun": "owning",
    "begin": "owning",
    "seal": "owning",
    "Signed": "signing",
    "sign_ticket": "signing",
    "Source": "sources",
    "open_source": "sources",
    "folded": "symmetries",
    "padded": "symmetries",
    "permuted": "symmetries",
    "rescaled": "symmetries",
    "sign_flipped": "symmetries",
    "split": "symmetries",
    "Places": "terms",
    "Terms": "terms",
    "TrainedTicket": "training",
    "train_marked": "training",
    "trigger_rule": "training",
    "with_triggers": "training",
}


def __getattr__(name: str) -> Any:
    import importlib

    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
