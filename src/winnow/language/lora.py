"""Chat models tuned by low-rank adapters (Hu et al. 2021, arXiv 2106.09685), through peft and trl.

What the adapter learns is the completion alone; the prompt carries no loss. The base model's weights are never
changed and never copied: the folder that is written holds the adapter and a card.
"""

from __future__ import annotations

import importlib
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from winnow.core import WinnowError, digest
from winnow.language.lora_trainer import ChatExample as ChatExample
from winnow.language.lora_trainer import LoraSettings as LoraSettings
from winnow.language.lora_trainer import fitted_losses, trainer_for
from winnow.language.pretrained import place_named
from winnow.storage import replacing_folder, write_json, write_text

CARD = "winnow-lora.json"
_NEEDED = ("transformers", "peft", "trl")


@dataclass(frozen=True)
class Tuned:
    """What a tuning gave: the adapter's folder, the loss of every step in order, and how many weights it has."""

    folder: Path
    losses: tuple[float, ...]
    weights: int


def tune_lora(
    base: str, examples: Sequence[ChatExample], out: Path | str, settings: LoraSettings | None = None
) -> Tuned:
    """Fit an adapter to the examples by supervised fine-tuning (trl's `SFTTrainer`) and write it.

    Args:
        base: the chat model's folder or Hub id, with a chat template; "hf:" may stand before it.
        examples: one or more.
        out: a new or empty folder, or one with an older adapter: `adapter_model.safetensors`, `adapter_config.json`,
            the card `winnow-lora.json` and a README.
        settings: how to fit.

    Raises:
        WinnowError: WN-D07 without peft, trl and transformers; WN-M01 when there is no such chat model; WN-C01 for
            no example, or one over `max_tokens`; WN-T01 when the loss is not a number; WN-S02 when something else
            lies at `out`.
    """
    settings, place = settings or LoraSettings(), place_named(base.removeprefix("hf:"))
    _check_packages()
    _check_place(Path(out))
    with _quiet(), torch.random.fork_rng(devices=[]), tempfile.TemporaryDirectory() as scratch:
        tokenizer, model = _opened(place)
        _check_lengths(examples, tokenizer, settings)
        trainer = trainer_for(model, tokenizer, examples, settings, scratch)
        losses = fitted_losses(trainer)
        count = sum(p.numel() for p in trainer.model.parameters() if p.requires_grad)
        with replacing_folder(out) as part:
            trainer.model.save_pretrained(part, safe_serialization=True)
            told = {"base": Path(place).name, "examples": len(examples), "weights": count, "losses": losses}
            _write_card(part, {**told, "examples_sha256": digest(list(examples)), "settings": asdict(settings)})
    return Tuned(Path(out), tuple(losses), count)


def _opened(place: str) -> tuple[Any, Any]:
    """The tokenizer and the model in the type it was saved in; nothing of the model's own code is run."""
    transformers = importlib.import_module("transformers")
    options: dict[str, Any] = {"local_files_only": Path(place).is_dir(), "trust_remote_code": False}
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(place, **options)
        model = transformers.AutoModelForCausalLM.from_pretrained(place, dtype="auto", use_safetensors=True, **options)
    except Exception as error:  # the Hub, its files and the package answer with a dozen kinds of error
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise _no_model(place, reason) from error
    if not tokenizer.chat_template:
        raise _no_model(place, "its tokenizer has no chat template")
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer, model


def _check_lengths(examples: Sequence[ChatExample], tokenizer: Any, settings: LoraSettings) -> None:
    if not examples:
        raise WinnowError("WN-C01", "no example to tune on", where="records")
    for place, example in enumerate(examples):
        whole = [*example.prompt(), {"role": "assistant", "content": example.completion}]
        count = len(tokenizer.apply_chat_template(whole, return_dict=True)["input_ids"])
        if count > settings.max_tokens:
            told = f"{count} tokens, over {settings.max_tokens}"
            raise WinnowError("WN-C01", told, where=f"record {place + 1}", fix="Shorten its chunks, or allow more.")


def _check_packages() -> None:
    for name in _NEEDED:
        try:
            importlib.import_module(name)
        except ImportError as error:
            raise WinnowError(
                "WN-D07",
                f"tuning a chat model needs the package `{name}`",
                where="tune",
                fix='pip install "winnow-lab[finetune]"',
            ) from error


def _check_place(out: Path) -> None:
    if out.is_file() or (out.is_dir() and any(out.iterdir()) and not (out / CARD).is_file()):
        raise WinnowError("WN-S02", "something else is there", where=out.name, fix="Name a new or an empty folder.")


def _write_card(folder: Path, told: dict[str, Any]) -> None:
    """Numbers and hashes only: no word of an example goes into a card."""
    write_json(folder / CARD, told)
    first, last = told["losses"][0], told["losses"][-1]
    lines = [
        f"# LoRA adapter of {told['base']}",
        "",
        f"Fitted by Winnow to {told['examples']} examples (SHA-256 {told['examples_sha256']}),",
        f"{told['weights']} weights; loss of the first step {first:.4f}, of the last {last:.4f}.",
        "",
        "For research. Not a medical device; decision support for trained staff, never an automatic exclusion.",
        "An adapter can repeat what it was tuned on: treat it with the care that the notes need.",
    ]
    write_text(folder / "README.md", "\n".join(lines) + "\n")


def _no_model(place: str, reason: str) -> WinnowError:
    fix = "Give the folder or Hub id of a chat model with its tokenizer, template and safetensors."
    return WinnowError("WN-M01", f"no chat model can be read: {reason}", where=f"hf:{place}", fix=fix)


@contextmanager
def _quiet() -> Iterator[None]:
    """Neither bars nor log lines, which could hold words of the examples; the packages' settings come back."""
    log = importlib.import_module("transformers").utils.logging
    datasets = importlib.import_module("datasets")
    level, bars, mapped = log.get_verbosity(), log.is_progress_bar_enabled(), datasets.are_progress_bars_disabled()
    log.set_verbosity_error()
    log.disable_progress_bar()
    datasets.disable_progress_bars()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.set_verbosity(level)
        if bars:
            log.enable_progress_bar()
        if not mapped:
            datasets.enable_progress_bars()
