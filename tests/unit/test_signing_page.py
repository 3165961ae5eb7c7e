"""A verdict's page: what it says in words, what its QR code holds, and that it repeats to the byte."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import zxingcpp

from winnow.signing.code.statistic import log2_binomial_tail
from winnow.signing.judging.decoy_figure import needed
from winnow.signing.judging.improbable import likened, odds
from winnow.signing.judging.page import qr_svg, verdict_digest, verdict_page, write_verdict
from winnow.signing.judging.verdict import Checked, Decoys, MarkRead, Tests, Verdict

DIGEST = "ab" * 32
READING = MarkRead("aligned", "zeros", 371, 511, log2_binomial_tail(371, 511), -90.0, 1.0, 140, False, None)
CLAIM = {"digest": DIGEST, "fingerprint": "cd" * 32, "model_id": "<b>model</b>", "bits": 511, "code": "bch-511-130",
         "layers": 20, "keys": 2, "key": 1}  # fmt: skip
VERDICT = Verdict(
    "match",
    "371 of 511 bits of the mark are there (aligned)",
    claim=CLAIM,
    suspect={"digest": "ef" * 32, "notes": ["it is stored by its non-zeros"], "fit": "by their names", "misfits": []},
    checks=(Checked("signature", True, "holds"), Checked("file a", True, "x"), Checked("file b", True, "x"),
            Checked("stamp of key 1", None, "not stated")),
    readings=(replace(READING, alignment="as it is", matches=260, log2_p=-2.0), READING),
    best=1,
    tests=Tests(2, 2, 2, 1),
    log2_p_adjusted=-80.25,
    decoys=Decoys(100, "aligned", "zeros", {250: 60, 260: 40}, 290, 254.0, 11.3, -10.0),
    limits=("It does not show who took it.",),
)  # fmt: skip


def text_of(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<(style|svg).*?</\1>|<[^>]+>", " ", html, flags=re.DOTALL))


def test_the_page_says_what_was_found_and_how_improbable_it_is(tmp_path: Path) -> None:
    page = text_of(write_verdict(VERDICT, tmp_path).read_text())
    for words in (
        "The suspect carries the claimed mark",
        "The suspect says the same at 371 of them",
        "1 in 2⁸⁰ (about one in 10²⁴)",
        "80 tosses of a fair coin",
        "lottery 3 draws in a row",
        "if the key was committed before the suspect existed",
        "All 16 looks",
        "not stated: no time stamp that holds shows it",
        "all 2 are the ones signed",
        "100 random keys",
        "It does not show who took it.",
        "it is stored by its non-zeros",
        verdict_digest(VERDICT),
    ):
        assert words in page, words


def test_the_page_trusts_no_text_of_the_claim(tmp_path: Path) -> None:
    html = write_verdict(VERDICT, tmp_path).read_text()
    assert "&lt;b&gt;model&lt;/b&gt;" in html and "<b>model</b>" not in html
    assert "http://" not in html.replace("http://www.w3.org", "") and "<script" not in html


def test_the_same_verdict_gives_the_same_files(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_verdict(VERDICT, tmp_path / name)
    for file in (tmp_path / "one").iterdir():
        assert file.read_bytes() == (tmp_path / "two" / file.name).read_bytes()
    assert json.loads((tmp_path / "one" / "verdict.json").read_text()) == VERDICT.to_plain()


def test_early_verdicts_have_a_page_too() -> None:
    bare = Verdict("inconclusive", "claim refused: it is edited", advice="Ask for it again.")
    page = text_of(verdict_page(bare).render())
    assert "No verdict either way" in page and "Claim refused: it is edited." in page and "Ask for it again." in page


def test_nothing_found_is_no_accusation() -> None:
    innocent = replace(VERDICT, outcome="no match", reason="nothing was found", best=0, log2_p_adjusted=0.0)
    page = text_of(verdict_page(innocent).render())
    assert "was not found in the suspect" in page and "Chance alone gives as much" in page
    assert "improbable" not in page


def test_the_qr_code_holds_the_claims_hash() -> None:
    svg = qr_svg(f"winnow-claim:{DIGEST}")
    side = int(re.search(r'viewBox="0 0 (\d+) \1"', svg)[1])  # type: ignore[index]
    pixels = np.full((side, side), 255, np.uint8)
    x, y = 0.0, 0.0
    path = re.search(r' d="([^"]+)"', svg)[1]  # type: ignore[index]
    for command, first, second in re.findall(r"([Mmh])(-?[\d.]+)(?:[ ,]?(-?[\d.]+))?", path):
        if command == "h":
            pixels[int(y), int(x) : int(x + float(first))] = 0
            x += float(first)
        else:
            x, y = (float(first), float(second)) if command == "M" else (x + float(first), y + float(second))
    read = zxingcpp.read_barcodes(np.kron(pixels, np.ones((6, 6), np.uint8)))
    assert [one.text for one in read] == [f"winnow-claim:{DIGEST}"]


@pytest.mark.parametrize(
    ("log2_p", "words"),
    [(0.0, "1 in 1.0"), (-1.0, "1 in 2.0"), (-5.0, "1 in 32"), (-12.4, "1 in 2¹² (about one in 1,000)"),
     (-64.0, "1 in 2⁶⁴ (about one in 10¹⁹)"), (-1021.0, "1 in 2¹⁰²¹ (about one in 10³⁰⁷)")],
)  # fmt: skip
def test_odds_never_claim_more_than_was_found(log2_p: float, words: str) -> None:
    assert odds(log2_p) == words


def test_likenesses() -> None:
    assert likened(-0.5) == ""
    assert likened(-30.0) == "as 30 tosses of a fair coin that all come up heads"
    assert "2 draws" in likened(-48.0)


def test_the_count_that_a_match_needs() -> None:
    count = needed(VERDICT)
    assert log2_binomial_tail(count, 511) + 4 <= -64 < log2_binomial_tail(count - 1, 511) + 4


def test_a_verdict_is_json_without_infinities() -> None:
    endless = replace(VERDICT, readings=(replace(READING, log2_p_signed=-float("inf")),), best=0)
    told = json.loads(json.dumps(endless.to_plain(), allow_nan=False))
    assert told["readings"][0]["log2_p_signed"] is None
    assert told["tests"]["total"] == 16
