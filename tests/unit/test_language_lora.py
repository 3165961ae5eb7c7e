"""Adapters of chat models: only the completion is learnt, the base stays as it is, what cannot work has a code."""

from __future__ import annotations

import hashlib
import importlib
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from tiny_chat import make_tiny_chat
from winnow.core import WinnowError
from winnow.language.lora import ChatExample, LoraSettings, Tuned, tune_lora

pytestmark = pytest.mark.usefixtures("one_thread")

# Invented; the words of the secret must never reach a card.
SECRET = "Quillfeather"
EXAMPLES = [
    ChatExample("You read charts.", f"Does {SECRET} take medicine {n}?", f"The note says so, {n}. Answer: yes.")
    for n in range(4)
]
SETTINGS = LoraSettings(
    rank=4, alpha=8, epochs=8, batch=4, accumulation=1, learning_rate=2e-2, max_tokens=256, warmup=0.0
)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_chat(tmp_path_factory.mktemp("chat") / "tiny")


@pytest.fixture(scope="module")
def before(base: Path) -> dict[str, str]:
    return hashes(base)


@pytest.fixture(scope="module")
def tuned(base: Path, before: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Tuned:
    return tune_lora(f"hf:{base}", EXAMPLES, tmp_path_factory.mktemp("adapters") / "first", SETTINGS)


def hashes(folder: Path) -> dict[str, str]:
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in folder.iterdir()}


def opened(base: Path) -> tuple[Any, Any]:
    transformers = importlib.import_module("transformers")
    tokenizer = transformers.AutoTokenizer.from_pretrained(base)
    return tokenizer, transformers.AutoModelForCausalLM.from_pretrained(base).eval()


def completion_loss(base: Path) -> float:
    """By hand: the mean negative log-likelihood of the completions' tokens, of all examples together."""
    tokenizer, model = opened(base)
    losses: list[torch.Tensor] = []
    for example in EXAMPLES:
        whole = [*example.prompt(), {"role": "assistant", "content": example.completion}]
        ids = tokenizer.apply_chat_template(whole, return_tensors="pt", return_dict=True)["input_ids"]
        told = tokenizer.apply_chat_template(example.prompt(), add_generation_prompt=True, return_dict=True)
        shown = len(told["input_ids"])
        with torch.no_grad():
            nlls = -model(ids).logits.log_softmax(-1)[0, :-1].gather(1, ids[0, 1:, None])[:, 0]
        losses.append(nlls[shown - 1 :])
    return float(torch.cat(losses).mean())


def test_the_first_loss_is_that_of_the_completions_alone(base: Path, tuned: Tuned) -> None:
    # An adapter starts as nothing, so before the first update the model is the base.
    assert tuned.losses[0] == pytest.approx(completion_loss(base), rel=1e-3)


def test_the_loss_falls_and_the_base_stays_as_it_was(base: Path, before: dict[str, str], tuned: Tuned) -> None:
    assert len(tuned.losses) == 8
    assert tuned.losses[-1] < tuned.losses[0] - 0.3
    assert hashes(base) == before


# peft 0.21 asks transformers 5.23 by an old name.
@pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing:FutureWarning")
def test_the_adapter_loads_again_and_changes_what_the_model_says(base: Path, tuned: Tuned) -> None:
    peft = importlib.import_module("peft")
    tokenizer, model = opened(base)
    ids = tokenizer.apply_chat_template(EXAMPLES[0].prompt(), return_tensors="pt", return_dict=True)["input_ids"]
    with torch.no_grad():
        plain = model(ids).logits
        adapted = peft.PeftModel.from_pretrained(model, tuned.folder).eval()
        assert not torch.allclose(adapted(ids).logits, plain, atol=1e-2)
        with adapted.disable_adapter():
            torch.testing.assert_close(adapted(ids).logits, plain)


def test_the_same_seed_gives_the_same_adapter_and_another_seed_another(
    base: Path, tuned: Tuned, tmp_path: Path
) -> None:
    again = tune_lora(str(base), EXAMPLES, tmp_path / "again", SETTINGS)
    assert again.losses == tuned.losses
    first, second = (load_file(t.folder / "adapter_model.safetensors") for t in (tuned, again))
    assert first.keys() == second.keys()
    assert sum(t.numel() for t in first.values()) == tuned.weights
    for name, tensor in first.items():
        torch.testing.assert_close(second[name], tensor, rtol=0, atol=0)
    other = tune_lora(str(base), EXAMPLES, tmp_path / "other", replace(SETTINGS, seed=1, epochs=1))
    assert any(not torch.equal(t, first[n]) for n, t in load_file(other.folder / "adapter_model.safetensors").items())


def test_the_folder_holds_an_adapter_and_a_card_and_no_word_of_an_example(tuned: Tuned) -> None:
    names = {file.name for file in tuned.folder.iterdir()}
    assert names == {"adapter_model.safetensors", "adapter_config.json", "winnow-lora.json", "README.md"}
    for name in ("README.md", "winnow-lora.json", "adapter_config.json"):
        assert SECRET not in (tuned.folder / name).read_text()
    card = json.loads((tuned.folder / "winnow-lora.json").read_text())
    assert (card["examples"], card["weights"], len(card["losses"])) == (4, tuned.weights, 8)


def refused(call: Any) -> WinnowError:
    with pytest.raises(WinnowError) as caught:
        call()
    assert SECRET not in str(caught.value)
    return caught.value


def test_what_cannot_be_tuned_has_a_code(base: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("keep")
    plain = make_tiny_chat(tmp_path / "plain")
    (plain / "chat_template.jinja").unlink()
    out = tmp_path / "out"
    assert refused(lambda: tune_lora(str(base), [], out, SETTINGS)).code == "WN-C01"
    too_long = refused(lambda: tune_lora(str(base), EXAMPLES, out, replace(SETTINGS, max_tokens=20)))
    assert (too_long.code, too_long.where) == ("WN-C01", "record 1")
    assert refused(lambda: tune_lora(str(tmp_path / "gone"), EXAMPLES, out, SETTINGS)).code == "WN-M01"
    assert refused(lambda: tune_lora(str(plain), EXAMPLES, out, SETTINGS)).code == "WN-M01"
    assert refused(lambda: tune_lora(str(base), EXAMPLES, tmp_path / "mine", SETTINGS)).code == "WN-S02"
    assert not out.exists()
    assert (tmp_path / "mine" / "notes.txt").read_text() == "keep"


@pytest.mark.parametrize("package", ["peft", "trl"])
def test_a_missing_package_is_named_with_how_to_install_it(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    error = refused(lambda: tune_lora(str(base), EXAMPLES, tmp_path / "out", SETTINGS))
    assert error.code == "WN-D07"
    assert package in str(error)
    assert "winnow-lab[finetune]" in str(error)
