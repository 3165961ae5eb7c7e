"""A ticket in a pre-trained encoder is signed by the real commands, and found again in what it was made of."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

import text_cases as cases
from winnow.cli import main
from winnow.sparsity import Ticket, load_tensors, save_tensors

pytestmark = pytest.mark.usefixtures("one_thread")
LEVELS = ["--rounds", "oneshot", "--densities", "0.5", "--scope", "global", "--controls", "none", "--replicates", "2"]
TRAINING = ["--optimizer", "adamw", "--learning-rate", "0.01", "--schedule", "linear", "--batch", "8"]
BLOCK = "encoder.encoder.layer.0."


def told(words: list[str], capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    capsys.readouterr()
    code = main([*words, "--json"])
    out, err = capsys.readouterr()
    assert code == 0, err
    return json.loads(out)


def disguised(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The same function: feed-forward units permuted, heads exchanged, and places within each head."""
    moved, draw = dict(tensors), torch.Generator().manual_seed(5)
    units = torch.randperm(48, generator=draw)
    within = torch.randperm(16, generator=draw)
    heads = torch.cat([16 + within, within])
    rows = {"intermediate.dense": units} | {f"attention.self.{name}": heads for name in ("query", "key", "value")}
    for name, order in rows.items():
        for part in ("weight", "bias"):
            moved[f"{BLOCK}{name}.{part}"] = tensors[f"{BLOCK}{name}.{part}"][order]
    for name, order in {"output.dense": units, "attention.output.dense": heads}.items():
        moved[f"{BLOCK}{name}.weight"] = tensors[f"{BLOCK}{name}.weight"][:, order]
    return moved


def test_an_encoders_ticket_is_signed_and_found_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WINNOW_PASSPHRASE", "correct horse")
    model = cases.tiny_encoder(tmp_path / "encoder", hidden_size=32, intermediate_size=48)
    cases.write_texts(tmp_path / "texts", cases.splits(cases.sentences(120)), "csv")
    find = ["tickets", "find", "encoder-text", "--model", f"hf:{model},tokens=8", "--data", str(tmp_path / "texts")]
    told([*find, *LEVELS, *TRAINING, "--steps", "12it", "--out", str(tmp_path / "run"), "--device", "cpu"], capsys)
    own, other = (tmp_path / "run" / "level-01" / f"replicate-{at}" for at in range(2))

    assert main(["ownership", "keygen", "--out", str(tmp_path / "id")]) == 0
    signed, shown = tmp_path / "signed", tmp_path / "reveal.json"
    identity = ["--identity", str(tmp_path / "id" / "identity.pem")]
    words = ["ownership", "sign", str(own), "--model-id", "reader", "--out", str(signed), "--keys", "1", *identity]
    assert told(words, capsys)["state"] == "sealed"
    assert "keyed_answers" not in told(words, capsys)
    told(["ownership", "inspect", str(signed), "--reveal", "0", "--to", str(shown)], capsys)
    claim = json.loads((signed / "claim" / "claim.json").read_text())
    assert len(claim["axes"]) == 6 and claim["architecture"]["input_shape"] == [8]

    # The embeddings and all that is no matrix stay out of the mark; every layer keeps its count.
    before, after = Ticket.from_pretrained(own), Ticket.from_pretrained(signed / "ticket")
    assert {n: int(m.sum()) for n, m in before.mask.items()} == {n: int(m.sum()) for n, m in after.mask.items()}
    assert not any("embedding" in name for name in after.mask)

    trained = load_tensors(signed / "ticket" / "trained.safetensors")[0]
    save_tensors(tmp_path / "disguised.safetensors", disguised(trained))

    def verdict(suspect: Path) -> dict[str, Any]:
        judge = ["ownership", "verify", str(signed / "claim"), str(suspect), "--secret", str(shown)]
        return told([*judge, "--decoys", "20"], capsys)

    released = verdict(signed / "ticket" / "trained.safetensors")
    assert released["outcome"] == "match" and released["readings"][released["best"]]["errors"] == 0
    assert verdict(other)["outcome"] == "no match"
    moved = verdict(tmp_path / "disguised.safetensors")
    assert moved["outcome"] == "match" and moved["readings"][moved["best"]]["alignment"] == "aligned"
