"""A chart searched: words, meaning, their fusion, and what is never found."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import pairwise

import bm25s
import numpy as np
import pytest
from numpy.typing import NDArray

from winnow.trials.patients import Note, Patient
from winnow.trials.retrieval import Chart, content_words, open_chart
from winnow.trials.retrieval.chunks import TOKENS, token_count
from winnow.trials.retrieval.fusion import best_first, fused, ranks
from winnow.trials.retrieval.lexical import K1, B, Lexical, counted

PROGRESS = (
    "# Assessment\nMetastatic breast cancer. Liver lesions are stable. ECOG 1.\n\n"
    "# Family History\nSister with ovarian cancer."
)
LATER = "# Assessment\nMetastatic breast cancer. New brain metastases were found. Hemoglobin 9.1 g/dL.\n"


class Meanings:
    """Vectors of two dimensions by what a text speaks of; counts its calls."""

    name = "meanings"

    def __init__(self) -> None:
        self.asked: list[Sequence[str]] = []

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.asked.append(list(texts))
        seen = [[float("brain" in text or "cerebral" in text), 0.1] for text in texts]
        vectors = np.array(seen, np.float32).reshape(-1, 2)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.fixture
def patient() -> Patient:
    return Patient(
        "p",
        (
            Note("a", PROGRESS, date(2021, 1, 5), "clinical"),
            Note("b", LATER, date(2021, 6, 1), "clinical"),
        ),
    )


def texts(chart: Chart, query: str, k: int = 3) -> list[str]:
    return [hit.sentence.text for hit in chart.search([query], k)[0]]


def test_words_find_their_sentence_and_later_notes_come_first_among_equals(patient: Patient) -> None:
    chart = open_chart(patient)
    hits = chart.search(["metastatic breast cancer"], 2)[0]
    assert [hit.sentence.note_id for hit in hits] == ["b", "a"]
    assert [(hit.overlap, hit.cosine) for hit in hits] == [(pytest.approx(1), 0.0)] * 2
    assert texts(chart, "haemoglobin or hemoglobin level")[0] == "Hemoglobin 9.1 g/dL."
    assert texts(chart, "diabetes") == []
    assert chart.search([], 3) == []


def test_notes_after_the_day_are_never_found(patient: Patient) -> None:
    chart = open_chart(patient, as_of=date(2021, 5, 31))
    assert chart.as_of == date(2021, 5, 31)
    assert open_chart(patient).as_of == date(2021, 6, 1)
    assert texts(chart, "brain hemoglobin", 9) == []
    assert {hit.sentence.note_id for hit in chart.search(["breast cancer"], 9)[0]} == {"a"}


def test_meaning_finds_what_words_miss_and_the_chart_is_encoded_once(patient: Patient) -> None:
    encoder = Meanings()
    chart = open_chart(patient, encoder=encoder)
    assert encoder.asked == []
    hit = chart.search(["cerebral spread"], 3)[0][0]
    assert hit.sentence.text == "New brain metastases were found."
    assert hit.cosine == pytest.approx(1, abs=1e-5)
    assert hit.overlap == 0
    chart.search(["liver", "cerebral"], 3)
    assert [len(asked) for asked in encoder.asked] == [1, len(chart.sentences), 2]


def test_many_queries_give_what_single_ones_give(patient: Patient) -> None:
    chart = open_chart(patient, encoder=Meanings())
    queries = [f"{word} {at}" for at in range(150) for word in ("brain", "liver", "cancer")]
    together = chart.search(queries, 4)
    assert len(together) == 450
    for at in (0, 1, 2, 255, 256, 257, 449):
        assert together[at] == chart.search([queries[at]], 4)[0]


def test_neighbours_stay_in_their_note(patient: Patient) -> None:
    chart = open_chart(patient)
    first = next(own for own in chart.sentences if own.note_id == "b")
    assert [own.text for own in chart.around(first)] == [
        "Metastatic breast cancer.",
        "New brain metastases were found.",
    ]
    assert [own.text for own in chart.around(first, before=0, after=0)] == [first.text]


def test_chunks_hold_one_section_overlap_and_fit_the_encoder() -> None:
    long = " ".join(f"On day {at} the patient felt rather well and walked two miles." for at in range(60))
    chart = open_chart(Patient("p", (Note("n", f"# Course\n{long}\n# Plan\nGo home.", date(2021, 1, 5), "clinical"),)))
    assert {chunk.header for chunk in chart.chunks} == {
        "clinical | 2021-01-05 | Course",
        "clinical | 2021-01-05 | Plan",
    }
    assert chart.chunks[-1].text == "Go home."
    course = chart.chunks[:-1]
    assert all(token_count(chunk.text) <= TOKENS for chunk in course)
    assert all(token_count(chunk.text) > TOKENS / 2 for chunk in course[:-1])
    shared = [before.sentences[1] - after.sentences[0] for before, after in pairwise(course)]
    assert set(shared) <= {1, 2}


def test_passages_are_found_by_text_and_by_header(patient: Patient) -> None:
    chart = open_chart(patient)
    assert chart.passages(["ovarian"], 1)[0][0].text == "Sister with ovarian cancer."
    assert chart.passages(["family history"], 1)[0][0].header.endswith("Family History")


def test_an_empty_chart_finds_nothing() -> None:
    chart = open_chart(Patient("p", (Note("n", " \n"),)), encoder=Meanings())
    assert chart.search(["cancer", "x"]) == [[], []]
    assert chart.passages(["cancer"]) == [[]]
    assert chart.as_of is None


def test_bm25_is_that_of_bm25s() -> None:
    corpus = [content_words(text) for text in (PROGRESS, LATER, "liver liver brain", "nothing here")]
    query = content_words("liver brain metastases brain")
    reference = bm25s.BM25(method="lucene", k1=K1, b=B)
    reference.index(corpus, show_progress=False)
    expected = reference.get_scores(query)
    found = Lexical([counted(words) for words in corpus]).scores([counted(query)])[0]
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_overlap_is_the_share_of_idf_mass() -> None:
    lexical = Lexical([{"a": 1.0, "b": 2.0}, {"a": 1.0}])
    rare, common, unseen = np.log1p(1.5 / 1.5), np.log1p(0.5 / 2.5), np.log1p(2.5 / 0.5)
    found = lexical.overlaps([["a", "b", "c", "a"], ["c"], []])
    mass = rare + common + unseen
    np.testing.assert_allclose(found, [[(rare + common) / mass, common / mass], [0, 0], [0, 0]], rtol=1e-5)


def test_reciprocal_ranks_are_summed_and_ties_go_by_precedence() -> None:
    first, second = np.array([[3.0, 1.0, 0.0]], np.float32), np.array([[0.2, 0.9, -1.0]], np.float32)
    order = np.array([0, 1, 2])
    assert ranks(first, order).tolist() == [[1, 2, 3]]
    scores = fused([first, second], order)
    np.testing.assert_allclose(scores, [[1 / 21 + 1 / 22, 1 / 22 + 1 / 21, 0]])
    assert best_first(scores, order, 3) == [[0, 1]]
    assert best_first(scores, np.array([2, 1, 0]), 3) == [[1, 0]]


def test_words_of_one_meaning_are_one_and_variants_stay_apart() -> None:
    assert content_words("metastases") == content_words("Metastatic") == content_words("metastasis")
    assert content_words("diagnosed") == content_words("diagnosis") == content_words("Diagnoses")
    assert content_words("treated") == content_words("treating")
    assert content_words("tumors") == content_words("tumor")
    assert set(content_words("PD\u2011L1")) >= {"pdl1"}
    assert set(content_words("HER-2")) & set(content_words("HER2"))
    assert set(content_words("KRAS G12C")) ^ set(content_words("KRAS G12V")) == {"g12c", "g12v"}
    assert content_words("the patient has not") == []
    assert content_words("1.5 and 1,500") == ["1.5", "1,500"]
