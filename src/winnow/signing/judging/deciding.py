"""From figures to an outcome: the rules, each with its sentence."""

from __future__ import annotations

from dataclasses import replace

from winnow.signing.judging.looking import Looks
from winnow.signing.judging.verdict import Verdict

# Above this corrected p nothing was found; between it and the threshold there may be a trace.
NOTHING_LOG2 = -20.0
# A thousand decoys in four readings reach 2^-12 by chance; this is out of their reach, so the reading itself leans.
DECOY_LOG2 = -40.0
# With fewer bits than this told by any weight, there is too little left of a suspect to say that nothing is there.
INFORMATIVE = 0.25

LIMITS = (
    "The figure is exact if the key was committed before the suspect existed; whether a time stamp shows that stands "
    "under priority.",
    "It shows that the suspect's sparse structure comes from the claimed ticket. Who took what from whom, and whether "
    "a licence allowed it, it does not show.",
    "A network that was distilled, retrained from nothing or pruned anew keeps no mark. That nothing is found does not "
    "show that a network is independent.",
    "A time stamp shows that a key existed by then. It does not show that its owner found the ticket.",
)


def decided(verdict: Verdict, seen: Looks, informative: float) -> Verdict:
    """The outcome of figures that are complete.

    Args:
        verdict: all figures; its outcome is not looked at.
        seen: what could be looked at.
        informative: the largest share of bits of which any reading saw something.
    """
    leaning = verdict.decoys is not None and verdict.decoys.log2_p < DECOY_LOG2
    if leaning:
        return replace(
            verdict,
            outcome="inconclusive",
            reason="keys that marked nothing match too, so the reading of this suspect leans and proves nothing",
            advice="Have the claim's layout and reference examined.",
        )
    if _mark_found(verdict):
        best = verdict.reading
        assert best is not None
        told = f"{best.matches} of {best.total} bits of the mark are there"
        return replace(verdict, outcome="match", reason=f"{told} ({best.alignment})")
    if _answers_found(verdict):
        found = verdict.answers
        assert found is not None
        told = f"it gives {found.hits} of {found.total} keyed answers; the mark in its weights was not found"
        return replace(verdict, outcome="match", reason=told)
    hidden, advice = _not_seen(verdict, seen, informative)
    if hidden:
        return replace(verdict, outcome="inconclusive", reason=f"not all could be looked at: {hidden}", advice=advice)
    if (verdict.log2_p_adjusted or 0.0) <= NOTHING_LOG2 or _answers_lean(verdict):
        return replace(
            verdict,
            outcome="inconclusive",
            reason="there is more agreement than chance explains, and less than a match needs",
            advice="Read another key of the claim, or an earlier copy of the suspect.",
        )
    return replace(verdict, outcome="no match", reason="the whole mark was looked for, and nothing of it was found")


def _mark_found(verdict: Verdict) -> bool:
    return verdict.log2_p_adjusted is not None and verdict.log2_p_adjusted <= verdict.threshold_log2


def _answers_found(verdict: Verdict) -> bool:
    return verdict.answers is not None and verdict.answers.log2_p_adjusted <= verdict.threshold_log2


def _answers_lean(verdict: Verdict) -> bool:
    return verdict.answers is not None and verdict.answers.log2_p_adjusted <= NOTHING_LOG2


def _not_seen(verdict: Verdict, seen: Looks, informative: float) -> tuple[str, str]:
    """What was hidden from the judge, and what would help; empty when nothing was."""
    if seen.fit.misfits:
        told = "; ".join(seen.fit.misfits[:3]) + (" and others" if len(seen.fit.misfits) > 3 else "")
        return told, "Give the suspect in the claimed architecture, under its tensors' names."
    if not seen.fit.sure:
        return "layers of one shape cannot be told apart by their names", "Give the suspect under its tensors' names."
    if seen.unknown:
        layer, count = next(iter(seen.unknown.items()))
        return f"{count} weights of {layer} are no finite numbers", "Give the suspect as it was released."
    if seen.empty:
        return f"all weights of {seen.empty[0]} are 0", "Give the suspect as it was released."
    if min(look.known for look in seen.looks) < 1:
        return "the alignment did not reach every keyed place", "Give the suspect in the claimed architecture."
    if not verdict.claim.get("aligned", True):
        return "the claim tells nothing to undo a permutation by", "Ask the owner for the network's coupled axes."
    if informative < INFORMATIVE:
        return "at most of the mark's places the suspect tells nothing", "Give a copy that keeps more of its weights."
    return "", ""
