"""The wide part of a reader: what claims are answered with, and an encoder that is fitted to the rest."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import text_cases as cases
from winnow.core import WinnowError
from winnow.language.pair_fitting import SHARES, ReaderSettings, best_mixture, log_loss, softmax
from winnow.language.pairs import PairReader
from winnow.language.wide import WideModel, fit_wide
from winnow.sparsity import tensors_of

pytestmark = pytest.mark.usefixtures("one_thread")

CLASSES = ("yes", "no")
SETTINGS = ReaderSettings(max_tokens=24, epochs=10, batch=8, learning_rate=1e-2)
TEXTS, LABELS = [text for text, _ in cases.sentences(48)], [label for _, label in cases.sentences(48)]
CLAIMS = [("inclusion: age", "exclusion: allergy")[place % 3 == 0] for place in range(len(TEXTS))]
PAIRS = list(zip(CLAIMS, TEXTS, strict=True))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return cases.tiny_encoder(tmp_path_factory.mktemp("wide") / "tiny")


@pytest.fixture(scope="module")
def wide() -> WideModel:
    return fit_wide(CLAIMS, [int(claim.startswith("exclusion")) for claim in CLAIMS], 2, ["^inclusion:"])


@pytest.fixture(scope="module")
def reader(folder: Path, wide: WideModel) -> PairReader:
    return fitted(folder, wide)


def fitted(folder: Path, wide: WideModel, **changes: Any) -> PairReader:
    made = PairReader(CLASSES, f"hf:{folder}", replace(SETTINGS, **changes), wide)
    return made.fit(PAIRS, LABELS, offsets=wide.logits(CLAIMS))


def test_words_and_patterns_tell_the_class_whatever_the_case() -> None:
    claims = ["inclusion: asthma", "exclusion: asthma", "inclusion: gout", "exclusion: gout"] * 6
    model = fit_wide(claims, [0, 1, 0, 1] * 6, 2, ["^INCLUSION:"])
    told = model.logits(["Inclusion: a thing never seen", "exclusion: another"])
    np.testing.assert_allclose(np.exp(told).sum(axis=1), 1)
    assert told.argmax(axis=1).tolist() == [0, 1]
    assert model.logits([]).shape == (0, 2)


def test_a_class_that_did_not_occur_is_improbable_and_never_impossible() -> None:
    for labels, kept in (([0, 2] * 6, [0, 2]), ([1] * 12, [1]), ([0, 1, 2] * 4, [0, 1, 2])):
        told = np.exp(fit_wide(["a b", "c d"] * 6, labels, 3).logits(["a b", "never"]))
        assert (told > 0).all()
        assert (told[:, [c for c in range(3) if c not in kept]] < 0.01).all()


def test_words_once_seen_in_other_claims_do_not_change_a_claim_s_answer() -> None:
    model = fit_wide(["age", "allergy"] * 8, [0, 1] * 8, 2)
    alone, together = model.logits(["age"]), model.logits(["age", "allergy allergy", ""])
    np.testing.assert_array_equal(alone[0], together[0])


def test_an_encoder_that_cannot_learn_leaves_the_wide_part_as_it_is(folder: Path, wide: WideModel) -> None:
    reader = fitted(folder, wide, learning_rate=0.0, epochs=1)
    np.testing.assert_allclose(reader.logits(PAIRS), wide.logits(CLAIMS), atol=1e-6)


def test_the_encoder_learns_what_the_claims_do_not_tell(reader: PairReader, wide: WideModel) -> None:
    assert (wide.logits(CLAIMS).argmax(axis=1) == LABELS).mean() < 0.8
    assert (reader.predict(PAIRS).argmax(axis=1) == LABELS).mean() > 0.95


def test_the_given_logits_are_each_pair_s_own(folder: Path) -> None:
    offsets = np.array([[30.0, 0.0] if label == 0 else [0.0, 30.0] for label in LABELS])
    made = PairReader(CLASSES, f"hf:{folder}", replace(SETTINGS, epochs=2))
    made.fit(PAIRS, LABELS, offsets=offsets)
    # Where the offsets tell all, there is no gradient and the head stays at zero.
    np.testing.assert_allclose(made.logits(PAIRS), 0, atol=1e-3)


def test_a_mask_is_still_the_encoder_s(folder: Path, wide: WideModel) -> None:
    names = set(tensors_of(fitted(folder, wide, epochs=1).networks[0]))
    assert names == set(tensors_of(PairReader(CLASSES, f"hf:{folder}", SETTINGS).network(0)))


def test_held_out_pairs_choose_how_much_is_read() -> None:
    draw = np.random.default_rng(0)
    labels = draw.integers(0, 2, 400)
    wide = np.zeros((400, 2))
    telling = np.where(np.arange(2) == labels[:, None], 2.0, 0.0)
    assert best_mixture(wide + telling / 2, draw.normal(size=(400, 2)) * 9, labels)[0] == 0.0
    assert best_mixture(wide + telling, -telling, labels)[0] == 0.0
    share, temperature = best_mixture(wide, telling + draw.normal(size=(400, 2)), labels)
    assert share > 0 and 0.25 <= temperature <= 8
    assert best_mixture(None, telling, labels)[0] == 1.0
    assert 0.0 in SHARES


def test_log_loss_is_that_of_the_labels() -> None:
    logits = np.log([[0.5, 0.5], [0.9, 0.1]])
    assert log_loss(logits, np.array([0, 1])) == pytest.approx(-(np.log(0.5) + np.log(0.1)) / 2)
    np.testing.assert_allclose(softmax(logits), [[0.5, 0.5], [0.9, 0.1]])


def test_calibration_sets_share_and_temperature(reader: PairReader) -> None:
    copy = PairReader(CLASSES, reader.start, reader.settings, reader.wide)
    copy.networks = reader.networks
    copy.calibrate(PAIRS, [1 - label for label in LABELS])
    assert copy.deep_share == 0.0
    assert copy.calibrate([], []) == copy.temperature
    copy.calibrate(PAIRS, LABELS)
    assert copy.deep_share > 0


def test_a_saved_reader_keeps_its_wide_part_and_what_is_new_is_passed_over(reader: PairReader, tmp_path: Path) -> None:
    reader.deep_share = 0.5
    place = reader.save(tmp_path / "reader")
    card = json.loads((place / "reader.json").read_text())
    assert card["version"] == 2
    card["wide"]["later"] = card["later"] = "a key of a newer Winnow"
    (place / "reader.json").write_text(json.dumps(card))
    loaded = PairReader.load(place)
    np.testing.assert_array_equal(loaded.predict(PAIRS), reader.predict(PAIRS))
    assert loaded.deep_share == 0.5 and loaded.digest == reader.digest
    loaded.deep_share = 1.0
    assert loaded.digest != reader.digest
    reader.deep_share = 1.0


def test_a_reader_without_a_wide_part_is_written_as_before(reader: PairReader, tmp_path: Path) -> None:
    plain = PairReader(CLASSES, reader.start, reader.settings)
    plain.networks = reader.networks
    place = plain.save(tmp_path / "plain")
    assert json.loads((place / "reader.json").read_text())["version"] == 1
    assert {"wide", "deep_share"}.isdisjoint(json.loads((place / "reader.json").read_text()))
    assert PairReader.load(place).wide is None


@pytest.mark.parametrize("how", ["gone", "changed", "words"])
def test_a_wide_part_that_does_not_fit_has_a_code(reader: PairReader, tmp_path: Path, how: str) -> None:
    place = reader.save(tmp_path / "reader")
    file = place / "wide.safetensors"
    if how == "gone":
        file.unlink()
    elif how == "changed":
        file.write_bytes(file.read_bytes()[:-1] + b"\1")
    else:
        card = json.loads((place / "reader.json").read_text())
        card["wide"]["words"] = card["wide"]["words"][1:]
        (place / "reader.json").write_text(json.dumps(card))
    with pytest.raises(WinnowError) as caught:
        PairReader.load(place)
    assert caught.value.code == "WN-L09"


def test_offsets_of_other_pairs_are_refused(folder: Path, wide: WideModel) -> None:
    with pytest.raises(WinnowError) as caught:
        PairReader(CLASSES, f"hf:{folder}", SETTINGS, wide).fit(PAIRS, LABELS, offsets=np.zeros((3, 2)))
    assert caught.value.code == "WN-C01"


def test_the_wide_part_s_numbers_come_back(wide: WideModel) -> None:
    again = WideModel.of(wide.card(), wide.tensors())
    np.testing.assert_array_equal(again.logits(CLAIMS), wide.logits(CLAIMS))
    with pytest.raises(ValueError):
        WideModel.of({**wide.card(), "patterns": []}, wide.tensors())
    assert all(tensor.dtype == torch.float64 for tensor in wide.tensors().values())
