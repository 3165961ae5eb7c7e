"""A tiny chat model with random weights: a Llama, a byte-level BPE tokenizer trained on invented words, a template.

It proves wiring (tuning, serving, token counts), never accuracy. Everything is made here; nothing is fetched.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

PAD, START, END = "<pad>", "<|im_start|>", "<|im_end|>"
# ChatML, as the Qwen models of OncoLLM's kind use it.
TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
# Invented sentences, only to have byte pairs that merge.
_TEXT = """The patient has stage two breast cancer. The patient does not have diabetes. Answer yes, no or n/a.
Question: does the patient take the medicine? Evidence: the note says so. Reasoning: the answer follows.
Platelets are 150 per microlitre and haemoglobin is 12.5 g/dL. {"answer": "yes", "reasoning": "", "evidence": []}
system user assistant json schema confidence quotes explanation citation chunk criterion inclusion exclusion"""


def make_tiny_chat(folder: Path, seed: int = 0) -> Path:
    """Write the model of this seed and its tokenizer into `folder`, as `save_pretrained` does; returns the folder."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    tokenizer = _tokenizer()
    configuration = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=2048,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        tie_word_embeddings=False,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = LlamaForCausalLM(configuration)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def _tokenizer() -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)  # pyright: ignore[reportAttributeAccessIssue]
    tokenizer.decoder = decoders.ByteLevel()  # pyright: ignore[reportAttributeAccessIssue]
    trainer = trainers.BpeTrainer(
        vocab_size=512,
        special_tokens=[PAD, START, END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),  # every byte, so that any text can be written
        show_progress=False,
    )
    tokenizer.train_from_iterator(_TEXT.splitlines(), trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=PAD,
        eos_token=END,
        additional_special_tokens=[START],
        chat_template=TEMPLATE,
        model_max_length=2048,
    )
