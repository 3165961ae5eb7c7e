"""Encoders: the pre-trained weights are the start, padding does not matter, and what cannot work has a code."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

import text_cases as cases
from winnow.core import WinnowError
from winnow.language import EncoderClassifier, encoder, text_encoder
from winnow.models import model_named
from winnow.networks import Unsupported, trace
from winnow.sparsity import Mask, prunable_layers, tensors_of, weights_of
from winnow.training import Member, TrainingPlan, execution_for

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return cases.tiny_encoder(tmp_path_factory.mktemp("encoder") / "tiny")


def built(folder: Path, seed: int = 0, classes: int = 3) -> EncoderClassifier:
    named = text_encoder(f"hf:{folder}")
    assert named is not None
    module = named.model(classes).build(seed)
    assert isinstance(module, EncoderClassifier)
    return module.eval()


def refused(reference: str) -> WinnowError:
    with pytest.raises(WinnowError) as caught:
        text_encoder(reference)
    return caught.value


def token_ids(folder: Path, texts: list[Any]) -> Tensor:
    named = text_encoder(f"hf:{folder}")
    assert named is not None
    return named.tokenizer(texts)


TEXTS = [text for text, _ in cases.sentences(20)]


@torch.no_grad()
def test_a_text_has_the_same_logits_alone_padded_and_in_any_company(folder: Path) -> None:
    module, ids = built(folder), token_ids(folder, TEXTS)
    together = module(ids)
    assert together.shape == (len(TEXTS), 3)
    wider = torch.cat([ids, torch.zeros(len(ids), 4, dtype=torch.int64)], 1)
    torch.testing.assert_close(module(wider), together, atol=1e-6, rtol=1e-5)
    turned = torch.arange(len(ids)).flip(0)
    torch.testing.assert_close(module(ids[turned]), together[turned], atol=1e-6, rtol=1e-5)
    for text, logits in zip(TEXTS, together, strict=True):
        torch.testing.assert_close(module(token_ids(folder, [text]))[0], logits, atol=1e-6, rtol=1e-5)


@torch.no_grad()
def test_logits_are_the_head_on_the_mean_of_the_library_s_own_token_states(folder: Path) -> None:
    from transformers import AutoModel, AutoTokenizer

    module = built(folder)
    told = AutoTokenizer.from_pretrained(folder)(TEXTS, padding=True, return_tensors="pt")
    states = AutoModel.from_pretrained(folder)(**told).last_hidden_state
    kept = [state[: int(mask.sum())].mean(0) for state, mask in zip(states, told["attention_mask"], strict=True)]
    expected = module.head(torch.stack(kept))
    torch.testing.assert_close(module(token_ids(folder, TEXTS)), expected, atol=1e-6, rtol=1e-5)


@torch.no_grad()
def test_the_second_text_of_a_pair_is_told_from_the_first(folder: Path) -> None:
    from transformers import AutoModel, AutoTokenizer

    pairs = [("no age", "active pregnant women"), ("known allergy to chemotherapy", "age")]
    told = AutoTokenizer.from_pretrained(folder)(pairs, padding=True, return_tensors="pt")
    assert told["token_type_ids"].any()
    states = AutoModel.from_pretrained(folder)(**told).last_hidden_state
    kept = [state[: int(mask.sum())].mean(0) for state, mask in zip(states, told["attention_mask"], strict=True)]
    module = built(folder)
    torch.testing.assert_close(module(token_ids(folder, pairs)), module.head(torch.stack(kept)), atol=1e-6, rtol=1e-5)


def test_the_seed_draws_the_head_and_nothing_else(folder: Path) -> None:
    one, again, other = (tensors_of(built(folder, seed)) for seed in (1, 1, 2))
    saved = load_file(folder / "model.safetensors")
    assert all(torch.equal(one[name], again[name]) for name in one)
    assert [name for name in one if not torch.equal(one[name], other[name])] == ["head.weight"]
    assert not one["head.bias"].any()
    for name, tensor in one.items():
        if name.startswith("encoder."):
            assert torch.equal(tensor, saved[name.removeprefix("encoder.")])


def test_the_linear_layers_are_pruned_and_no_embedding_and_no_pooler(folder: Path) -> None:
    layers = prunable_layers(built(folder))
    assert [layer.kind for layer in layers] == ["fc"] * 12 + ["output"]
    assert layers[-1].name == "head.weight"
    assert all("encoder.encoder.layer." in layer.name for layer in layers[:-1])
    assert sum(layer.weights for layer in layers) == 2 * (4 * 16 * 16 + 2 * 16 * 24) + 3 * 16


def test_the_description_builds_the_same_network_from_anywhere(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder.parent)
    named = text_encoder(f"hf:{folder.name},tokens=7")
    assert named is not None
    told = named.model(2).describe()
    assert told["build"] == "winnow.language:encoder"
    assert (told["arguments"]["max_tokens"], told["arguments"]["classes"]) == (7, 2)
    monkeypatch.chdir(tmp_path)
    again = model_named(told["build"], **told["arguments"]).build(4)
    assert torch.equal(again.get_parameter("head.weight"), named.model(2).build(4).get_parameter("head.weight"))


def test_texts_are_cut_where_the_user_says(folder: Path) -> None:
    long = " ".join(cases.WORDS * 2)
    for reference, length in ((f"hf:{folder}", 24), (f"hf:{folder},tokens=6", 6)):
        named = text_encoder(reference)
        assert named is not None and named.tokenizer.max_tokens == length
        assert named.tokenizer([long, "no age"]).shape == (2, length)
        assert named.tokenizer(["no age"]).shape == (1, 4)


def test_other_networks_are_none_of_its_business() -> None:
    assert text_encoder("lenet-300-100") is None
    assert text_encoder("package.module:build") is None


@pytest.mark.parametrize("tokens", ["2", "25", "9999"])
def test_a_length_that_the_encoder_cannot_take_is_refused(folder: Path, tokens: str) -> None:
    error = refused(f"hf:{folder},tokens={tokens}")
    assert error.code == "WN-R02"
    assert "3 to 24" in error.what


@pytest.mark.parametrize("path", ["", "no/such/folder", "./nothing", "~nobody/model", "a b", "/etc/hostname", ","])
def test_a_place_where_nothing_can_be_is_refused(path: str) -> None:
    error = refused(f"hf:{path}")
    assert error.code == "WN-M01"
    assert error.fix


def test_a_hub_id_without_the_hub_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert refused("hf:owner/no-such-encoder").code == "WN-M01"


def test_an_empty_folder_or_one_of_something_else_is_refused(tmp_path: Path) -> None:
    assert refused(f"hf:{tmp_path}").code == "WN-M01"
    (tmp_path / "config.json").write_text('{"model_type": "no such kind"}')
    assert refused(f"hf:{tmp_path}").code == "WN-M01"


def damaged(folder: Path, where: Path) -> Path:
    return Path(shutil.copytree(folder, where))


def test_weights_that_are_missing_or_only_pickled_are_refused(folder: Path, tmp_path: Path) -> None:
    lacking, pickled = damaged(folder, tmp_path / "lacking"), damaged(folder, tmp_path / "pickled")
    weights = load_file(folder / "model.safetensors")
    taken_out = "encoder.layer.1.output.dense.weight"
    some = {name: tensor for name, tensor in weights.items() if name != taken_out}
    save_file(some, lacking / "model.safetensors", {"format": "pt"})
    (pickled / "model.safetensors").unlink()
    torch.save(weights, pickled / "pytorch_model.bin")
    for place, told in ((lacking, taken_out), (pickled, "safetensors")):
        with pytest.raises(WinnowError, match=told) as caught:
            encoder(str(place), 2)
        assert caught.value.code == "WN-M01"
        named = text_encoder(f"hf:{place}")
        assert named is not None
        with pytest.raises(WinnowError) as caught:
            named.model(2).build(0)
        assert caught.value.code == "WN-M01"


def test_a_tokenizer_of_another_encoder_is_refused(folder: Path, tmp_path: Path) -> None:
    small = cases.tiny_encoder(tmp_path / "small", vocab_size=8)
    with pytest.raises(WinnowError) as caught:
        token_ids(small, ["known allergy"])
    assert caught.value.code == "WN-M02"


def test_without_the_package_the_error_names_the_line_that_installs_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    for call in (lambda: text_encoder(f"hf:{folder}"), lambda: encoder(str(folder), 2)):
        with pytest.raises(WinnowError) as caught:
            call()
        assert caught.value.code == "WN-D07"
        assert caught.value.fix == 'pip install "winnow-lab[language]"'
    rebuilt = model_named("winnow.language:encoder", path=str(folder), classes=2)
    with pytest.raises(WinnowError) as caught:
        rebuilt.build(0)
    assert caught.value.code == "WN-D07"


def test_the_digest_tells_other_weights(folder: Path, tmp_path: Path) -> None:
    def digest(place: Path) -> str:
        named = text_encoder(f"hf:{place}")
        assert named is not None
        return named.digest()

    assert digest(folder) == digest(damaged(folder, tmp_path / "copy"))
    assert digest(folder) != digest(cases.tiny_encoder(tmp_path / "other", seed=1))


def test_loading_is_silent_and_leaves_the_librarys_settings(
    folder: Path, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    from transformers.utils import logging

    settings = logging.get_verbosity(), logging.is_progress_bar_enabled()
    built(folder)
    with pytest.raises(WinnowError):
        encoder(str(tmp_path), 2)
    assert (logging.get_verbosity(), logging.is_progress_bar_enabled()) == settings
    said = capfd.readouterr()
    assert (said.out, said.err) == ("", "")


def test_the_library_is_loaded_only_for_an_encoder() -> None:
    code = (
        "import sys; from winnow.language import text_encoder; import winnow.tickets.preparation;"
        "text_encoder('lenet-300-100'); assert 'transformers' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_pruned_encoder_trains_dense_and_says_why(folder: Path) -> None:
    module = built(folder)
    tensors = tensors_of(module)
    weights = weights_of(tensors, prunable_layers(module))
    mask = Mask({name: torch.rand(w.shape) < 0.5 for name, w in weights.items()})
    member = Member(branch="ticket", replicate=0, start=tensors, mask=mask)
    plan = TrainingPlan(steps=1, batch=2)
    for wanted in ("auto", "sparse"):
        execution = execution_for(module, [member], plan, (8,), torch.device("cpu"), wanted)
        assert not execution.is_sparse
        assert "embedding" in execution.note
    with pytest.raises(Unsupported, match="embedding"):
        trace(module, (8,))


def test_gradients_can_be_differentiated_again(folder: Path) -> None:
    """GraSP asks for the gradient of a gradient's product."""
    module = built(folder)
    loss = module(token_ids(folder, TEXTS)).square().mean()
    weights = [p for p in module.parameters() if p.dim() == 2 and p.requires_grad]
    first = torch.autograd.grad(loss, weights, create_graph=True)
    second = torch.autograd.grad(torch.stack([g.square().sum() for g in first]).sum(), weights)
    assert all(bool(g.isfinite().all()) for g in second)


@torch.no_grad()
def test_a_blank_input_goes_through_whole(folder: Path) -> None:
    module = built(folder)
    seen: list[int] = []
    module.encoder.register_forward_pre_hook(
        lambda _, __, given: seen.append(given["input_ids"].shape[1]), with_kwargs=True
    )
    assert bool(module(torch.zeros(1, 9, dtype=torch.int64)).isfinite().all())
    assert seen == [9]


def test_example_inputs_are_ids_without_padding(folder: Path) -> None:
    module = built(folder)
    ids = module.example_inputs(50, 9)
    assert ids.shape == (50, 9) and ids.dtype is torch.int64
    assert bool((ids != module.pad).all())
    assert torch.equal(ids, module.example_inputs(50, 9))
    assert module(ids).shape == (50, 3)
