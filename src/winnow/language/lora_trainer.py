"""trl's trainer for a low-rank adapter: settings, examples and arguments."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from winnow.core import WinnowError


@dataclass(frozen=True, kw_only=True)
class LoraSettings:
    """How an adapter is fitted; the defaults are the habits of the field, not OncoLLM's own, which are unpublished.

    Attributes:
        rank, alpha, dropout: of the adapter; its update is scaled by alpha / rank.
        targets: names of the linear layers that get one; "all-linear" for every one but the output layer.
        epochs: passes over the examples.
        batch: examples a step, as `accumulation` times `batch` / `accumulation`.
        accumulation: parts that a step is cut into, for memory.
        learning_rate: the highest; it rises over `warmup` (a share of the steps) and falls as a cosine.
        max_tokens: of an example, prompt and completion; a longer one is refused, since its answer would be cut off.
        seed: of the adapter's start, the order and the dropout.
    """

    rank: int = 16
    alpha: int = 32
    dropout: float = 0.05
    targets: str | tuple[str, ...] = "all-linear"
    epochs: float = 3.0
    batch: int = 16
    accumulation: int = 16
    learning_rate: float = 2e-4
    warmup: float = 0.03
    max_tokens: int = 4096
    seed: int = 0


@dataclass(frozen=True)
class ChatExample:
    """What the model is shown and what it should say: the system's words may be empty."""

    system: str
    user: str
    completion: str

    def prompt(self) -> list[dict[str, str]]:
        """The messages before the completion."""
        system = [{"role": "system", "content": self.system}] if self.system else []
        return [*system, {"role": "user", "content": self.user}]


def trainer_for(
    model: Any, tokenizer: Any, examples: Sequence[ChatExample], settings: LoraSettings, scratch: str
) -> Any:
    """trl's `SFTTrainer` with a fresh adapter on the model; the loss is of the completions alone."""
    peft, trl = importlib.import_module("peft"), importlib.import_module("trl")
    datasets = importlib.import_module("datasets")
    rows = [{"prompt": e.prompt(), "completion": [{"role": "assistant", "content": e.completion}]} for e in examples]
    targets = settings.targets if isinstance(settings.targets, str) else list(settings.targets)
    adapter = peft.LoraConfig(
        r=settings.rank,
        lora_alpha=settings.alpha,
        lora_dropout=settings.dropout,
        target_modules=targets,
        task_type="CAUSAL_LM",
    )
    arguments = _arguments(trl, settings, scratch, len(examples))
    torch.manual_seed(settings.seed)  # the adapter's start is drawn where the trainer is made
    return trl.SFTTrainer(
        model=model,
        args=arguments,
        train_dataset=datasets.Dataset.from_list(rows),
        processing_class=tokenizer,
        peft_config=adapter,
    )


def _arguments(trl: Any, settings: LoraSettings, scratch: str, examples: int) -> Any:
    parts = min(settings.accumulation, settings.batch)
    steps = max(1, round(settings.epochs * examples / settings.batch))
    on_gpu = torch.cuda.is_available()
    return trl.SFTConfig(
        output_dir=scratch,
        per_device_train_batch_size=max(1, settings.batch // parts),
        gradient_accumulation_steps=parts,
        max_steps=steps,
        learning_rate=settings.learning_rate,
        lr_scheduler_type="cosine",
        warmup_steps=round(settings.warmup * steps),
        max_length=None,  # lengths were checked: nothing is cut
        completion_only_loss=True,
        seed=settings.seed,
        data_seed=settings.seed,
        bf16=on_gpu and torch.cuda.is_bf16_supported(),
        use_cpu=not on_gpu,
        gradient_checkpointing=on_gpu,
        dataloader_pin_memory=on_gpu,
        logging_steps=1,
        logging_first_step=True,
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
    )


def fitted_losses(trainer: Any) -> list[float]:
    """Train, and return the loss of every step.

    Raises:
        WinnowError: WN-T01 when one is not a number.
    """
    trainer.remove_callback(importlib.import_module("transformers").trainer_callback.PrinterCallback)
    trainer.train()
    losses = [float(row["loss"]) for row in trainer.state.log_history if "loss" in row]
    if any(loss != loss for loss in losses):
        raise WinnowError("WN-T01", "the loss of a step is not a number", fix="Lower the learning rate.")
    return losses
