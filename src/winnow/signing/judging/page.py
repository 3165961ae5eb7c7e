"""A verdict as files: JSON for machines, and one self-contained page for people who have to decide."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from winnow.core import canonical_json
from winnow.reports import Details, Facts, Page, Picture, Points, Prose, Section, inline_svg, save_figure
from winnow.reports.page import Block
from winnow.signing.judging.decoy_figure import decoy_figure
from winnow.signing.judging.improbable import likened, odds
from winnow.signing.judging.page_tables import checks_table, reading_words, readings_table
from winnow.signing.judging.verdict import NOT_STATED, Verdict
from winnow.storage import write_json, write_text

JSON, PAGE, FIGURE = "verdict.json", "verdict.html", "decoys"
_TITLES = {
    "match": "The suspect carries the claimed mark",
    "no match": "The claimed mark was not found in the suspect",
    "inconclusive": "No verdict either way",
}


def write_verdict(verdict: Verdict, folder: Path | str) -> Path:
    """Write `verdict.json`, the page `verdict.html` and the decoys' figure; equal verdicts give equal bytes.

    Returns:
        The page's path.

    Raises:
        WinnowError: WN-S01 on a full disk, WN-S02 when the folder cannot be written.
    """
    place = Path(folder)
    write_json(place / JSON, verdict.to_plain())
    figure = decoy_figure(verdict)
    svg = None
    if figure is not None:
        _, path = save_figure(figure, place, FIGURE)
        svg = inline_svg(path.read_text(encoding="utf-8"), _told_figure(verdict))
    write_text(place / PAGE, verdict_page(verdict, svg).render())
    return place / PAGE


def verdict_page(verdict: Verdict, decoys_svg: str | None = None) -> Page:
    """The page: what is claimed, what was found, how improbable it is, what was checked, and what it does not show.

    Args:
        verdict: of the judge.
        decoys_svg: the decoys' figure as an inline `<svg>`.
    """
    sections = [
        Section("What was found", _found(verdict)),
        Section("The claim", _claim(verdict)),
        Section("What was checked of the claim", (checks_table(verdict),)),
    ]
    if verdict.readings:
        sections.append(Section("How the suspect was read", (reading_words(verdict), readings_table(verdict))))
    if verdict.decoys is not None:
        sections.append(Section("The same reading with keys that marked nothing", _decoys(verdict, decoys_svg)))
    sections += [
        Section("What this does not show", (Points(verdict.limits),)),
        Section("For those who check the figures", (_figures(verdict),)),
    ]
    return Page(_TITLES[verdict.outcome], f"Verdict: {verdict.outcome}. {_sentence(verdict.reason)}", tuple(sections))


def verdict_digest(verdict: Verdict) -> str:
    """SHA-256 (64 hexadecimal digits) of the verdict's canonical JSON."""
    return hashlib.sha256(canonical_json(verdict.to_plain()).encode()).hexdigest()


def qr_svg(text: str) -> str:
    """A QR code as an `<svg>` element, at most 12 rem wide."""
    import segno

    code = segno.make(text, error="q", micro=False)
    drawn = code.svg_inline(omitsize=True, border=2, svgclass=None, lineclass=None)
    return drawn.replace("<svg ", '<svg role="img" aria-label="QR code of the claim\'s SHA-256" '
                         'style="max-width:12rem;margin:auto" ', 1)  # fmt: skip


def _found(verdict: Verdict) -> tuple[Block, ...]:
    blocks: list[Block] = []
    best = verdict.reading
    if best is not None and verdict.log2_p_adjusted is not None and verdict.tests is not None:
        expected = best.total / 2
        blocks.append(
            Prose(
                f"The owner's key names {best.total} places in the network and what each would say. The suspect says "
                f"the same at {best.matches} of them. A network that knows nothing of the key agrees at about "
                f"{expected:.0f}, as if it guessed each by the toss of a coin."
            )
        )
        blocks.append(Prose(_improbable(verdict.log2_p_adjusted, verdict.tests.total)))
        if best.payload:
            mended = f" after mending {best.corrected} bits" if best.corrected else " without a single error"
            blocks.append(Prose(f"The bits also spell out the first half of the key's commitment{mended}."))
    if verdict.answers is not None:
        found = verdict.answers
        blocks.append(
            Prose(
                f"Asked {found.total} keyed questions with {found.classes} possible answers each, the suspect gave the "
                f"key's answer {found.hits} times; guessing gives about {found.total / found.classes:.0f}. Chance "
                f"gives as many in {odds(found.log2_p_adjusted)} cases."
            )
        )
    if not blocks:
        blocks.append(Prose("Nothing was read of the suspect."))
    if verdict.advice:
        blocks.append(Prose(f"What would help: {verdict.advice}"))
    return tuple(blocks)


def _improbable(log2_p: float, tests: int) -> str:
    counted = f"All {tests} looks that the judge takes are counted against the claim, whether they were needed or not."
    if log2_p > -1:
        return f"Chance alone gives as much. {counted}"
    return (
        f"That chance alone gives so much agreement has a probability of at most {odds(log2_p)}: as improbable "
        f"{likened(log2_p)}. This holds exactly if the key was committed before the suspect existed. {counted}"
    )


def _claim(verdict: Verdict) -> tuple[Block, ...]:
    told = verdict.claim
    if not told:
        return (Prose("The claim was refused before anything of it was believed."),)
    keys = f"number {told['key']} (of {told['keys']})" if "key" in told else f"none of {told['keys']}"
    words = Prose(
        "Whoever holds the private half of the key below committed to a secret mark, put it into the sparse structure "
        "of this model, and signed the claim. The claim says that a network which carries the mark comes from that "
        "model."
    )
    shown = verdict.priority if verdict.priority != NOT_STATED else "not stated: no time stamp that holds shows it"
    pairs = (
        ("model", str(told["model_id"])),
        ("claimed by the holder of", f"Ed25519 key with fingerprint {told['fingerprint']}"),
        ("key shown", keys),
        ("mark", f"{told['bits']} bits ({told['code']}) in {told['layers']} layers"),
        ("committed before the suspect existed?", shown),
        ("SHA-256 of the claim", str(told["digest"])),
        ("SHA-256 of the suspect", str(verdict.suspect.get("digest", "not read"))),
    )
    caption = "The claim's SHA-256 as a QR code, to compare a printed page with a claim's folder."
    return words, Facts(pairs), Picture(qr_svg(f"winnow-claim:{told['digest']}"), caption)


def _decoys(verdict: Verdict, svg: str | None) -> tuple[Block, ...]:
    found, best = verdict.decoys, verdict.reading
    assert found is not None and best is not None
    words = Prose(
        f"The same suspect was read with {found.count:,} random keys in the owner's place. At best one of them agreed "
        f"at {found.largest} of {best.total} places, on average at {found.mean:.1f} (chance: {best.total / 2:.1f}); "
        f"the owner's key agrees at {best.matches}. The order of the channels was looked for with the owner's places "
        "covered up, and not those of each decoy."
    )
    return (words,) if svg is None else (words, Picture(svg, _told_figure(verdict)))


def _told_figure(verdict: Verdict) -> str:
    found = verdict.decoys
    count = found.count if found is not None else 0
    return (
        f"How many of {count:,} random keys agree with the suspect at how many places (bars), what chance gives "
        "(line), how many are needed for a match (dashed), and where the owner's key stands (arrow)."
    )


def _figures(verdict: Verdict) -> Details:
    text = json.loads(canonical_json({k: v for k, v in verdict.to_plain().items() if k not in ("checks", "readings")}))
    for name in ("limits", "reason", "advice"):
        text.pop(name)
    if text.get("decoys"):
        text["decoys"].pop("counts")
    facts = {**text, "SHA-256 of this verdict's canonical JSON": verdict_digest(verdict)}
    return Details("All figures", (Facts.of(facts),))


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith('.') else '.'}"
