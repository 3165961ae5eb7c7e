"""Claims and verdicts: everything that a judge runs, on numpy and without torch.

Names load on first use, so that a command pays only for what it needs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from winnow.signing.alignment import Aligned as Aligned
    from winnow.signing.alignment import align as align
    from winnow.signing.answers import answers_of as answers_of
    from winnow.signing.answers import onnx_answers as onnx_answers
    from winnow.signing.authorities import http_stamper as http_stamper
    from winnow.signing.authority import TestAuthority as TestAuthority
    from winnow.signing.axes import AxisGroup as AxisGroup
    from winnow.signing.axes import AxisUse as AxisUse
    from winnow.signing.axes import axes_from_plain as axes_from_plain
    from winnow.signing.axes import axes_to_plain as axes_to_plain
    from winnow.signing.bundle import create_bundle_key as create_bundle_key
    from winnow.signing.bundle import sign_bundle as sign_bundle
    from winnow.signing.bundle import verify_bundle as verify_bundle
    from winnow.signing.burning import burn_key as burn_key
    from winnow.signing.burning import burnt_keys as burnt_keys
    from winnow.signing.checks import Check as Check
    from winnow.signing.checks import check_claim as check_claim
    from winnow.signing.checks import stamp_of as stamp_of
    from winnow.signing.claim_folder import add_stamp1 as add_stamp1
    from winnow.signing.claim_folder import check_reveal as check_reveal
    from winnow.signing.claim_folder import read_claim as read_claim
    from winnow.signing.claim_folder import read_reference as read_reference
    from winnow.signing.claim_folder import seal_claim as seal_claim
    from winnow.signing.claims import Claim as Claim
    from winnow.signing.codes import Decoded as Decoded
    from winnow.signing.codes import decode as decode
    from winnow.signing.codes import encode as encode
    from winnow.signing.codes import payload_bits as payload_bits
    from winnow.signing.endpoints import http_answers as http_answers
    from winnow.signing.judging import judge as judge
    from winnow.signing.keys import Identity as Identity
    from winnow.signing.keys import Secret as Secret
    from winnow.signing.keys import verify_signature as verify_signature
    from winnow.signing.layout import KeyedLayer as KeyedLayer
    from winnow.signing.layout import Layout as Layout
    from winnow.signing.layout import plan_layout as plan_layout
    from winnow.signing.page import verdict_page as verdict_page
    from winnow.signing.page import write_verdict as write_verdict
    from winnow.signing.pending import Pending as Pending
    from winnow.signing.pending import add_stamp0 as add_stamp0
    from winnow.signing.pending import begin_claim as begin_claim
    from winnow.signing.pending import read_pending as read_pending
    from winnow.signing.positions import Positions as Positions
    from winnow.signing.positions import keyed_positions as keyed_positions
    from winnow.signing.priority import Party as Party
    from winnow.signing.priority import Priority as Priority
    from winnow.signing.rotation import read_rotation as read_rotation
    from winnow.signing.rotation import rotate as rotate
    from winnow.signing.rotation import successors as successors
    from winnow.signing.stamps import Stamp as Stamp
    from winnow.signing.stamps import check_stamp as check_stamp
    from winnow.signing.stamps import load_roots as load_roots
    from winnow.signing.stamps import request as request
    from winnow.signing.statistic import Reading as Reading
    from winnow.signing.statistic import adjusted as adjusted
    from winnow.signing.statistic import differences as differences
    from winnow.signing.statistic import log2_binomial_tail as log2_binomial_tail
    from winnow.signing.statistic import log2_sign_flip as log2_sign_flip
    from winnow.signing.statistic import read as read
    from winnow.signing.statistic import sent_bits as sent_bits
    from winnow.signing.stream import KeyStream as KeyStream
    from winnow.signing.stream import derive_key as derive_key
    from winnow.signing.suspects import Suspect as Suspect
    from winnow.signing.suspects import read_suspect as read_suspect
    from winnow.signing.triggers import Hits as Hits
    from winnow.signing.triggers import TriggerRule as TriggerRule
    from winnow.signing.triggers import Triggers as Triggers
    from winnow.signing.triggers import test_answers as test_answers
    from winnow.signing.triggers import trigger_set as trigger_set
    from winnow.signing.vault import load_secrets as load_secrets
    from winnow.signing.vault import read_reveal as read_reveal
    from winnow.signing.vault import save_secrets as save_secrets
    from winnow.signing.vault import write_reveal as write_reveal
    from winnow.signing.verdict import Verdict as Verdict

_HOMES = {
    "Aligned": "alignment",
    "align": "alignment",
    "answers_of": "answers",
    "onnx_answers": "answers",
    "http_stamper": "authorities",
    "TestAuthority": "authority",
    "AxisGroup": "axes",
    "AxisUse": "axes",
    "axes_from_plain": "axes",
    "axes_to_plain": "axes",
    "create_bundle_key": "bundle",
    "sign_bundle": "bundle",
    "verify_bundle": "bundle",
    "burn_key": "burning",
    "burnt_keys": "burning",
    "Check": "checks",
    "check_claim": "checks",
    "stamp_of": "checks",
    "add_stamp1": "claim_folder",
    "check_reveal": "claim_folder",
    "read_claim": "claim_folder",
    "read_reference": "claim_folder",
    "seal_claim": "claim_folder",
    "Claim": "claims",
    "Decoded": "codes",
    "decode": "codes",
    "encode": "codes",
    "payload_bits": "codes",
    "http_answers": "endpoints",
    "judge": "judging",
    "Identity": "keys",
    "Secret": "keys",
    "verify_signature": "keys",
    "KeyedLayer": "layout",
    "Layout": "layout",
    "plan_layout": "layout",
    "verdict_page": "page",
    "write_verdict": "page",
    "Pending": "pending",
    "add_stamp0": "pending",
    "begin_claim": "pending",
    "read_pending": "pending",
    "Positions": "positions",
    "keyed_positions": "positions",
    "Party": "priority",
    "Priority": "priority",
    "read_rotation": "rotation",
    "rotate": "rotation",
    "successors": "rotation",
    "Stamp": "stamps",
    "check_stamp": "stamps",
    "load_roots": "stamps",
    "request": "stamps",
    "Reading": "statistic",
    "adjusted": "statistic",
    "differences": "statistic",
    "log2_binomial_tail": "statistic",
    "log2_sign_flip": "statistic",
    "read": "statistic",
    "sent_bits": "statistic",
    "KeyStream": "stream",
    "derive_key": "stream",
    "Suspect": "suspects",
    "read_suspect": "suspects",
    "Hits": "triggers",
    "TriggerRule": "triggers",
    "Triggers": "triggers",
    "test_answers": "triggers",
    "trigger_set": "triggers",
    "load_secrets": "vault",
    "read_reveal": "vault",
    "save_secrets": "vault",
    "write_reveal": "vault",
    "Verdict": "verdict",
}


def __getattr__(name: str) -> Any:
    import importlib

    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
