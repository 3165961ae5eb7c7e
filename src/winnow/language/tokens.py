"""`EncoderTokenizer`: texts to token ids, as the encoder was trained on them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from winnow.core import WinnowError
from winnow.language.encoder import MAX_TOKENS
from winnow.language.pretrained import read_configuration, read_tokenizer


class EncoderTokenizer:
    """A pre-trained encoder's tokenizer; a `winnow.data` tokenizer.

    Args:
        place: the encoder's folder or Hub id.
        max_tokens: where longer texts are cut, the encoder's own marks counted; 128 or the encoder's limit when not
            given.

    Raises:
        WinnowError: WN-D07 without the package transformers, WN-M01 when there is no encoder, WN-R02 for a length that
            the encoder cannot take.
    """

    def __init__(self, place: str, max_tokens: int | None = None) -> None:
        self._place = place
        self._tokenizer = read_tokenizer(place)
        configuration = read_configuration(place)
        self._vocabulary = int(configuration.vocab_size)
        limit = min(int(self._tokenizer.model_max_length), getattr(configuration, "max_position_embeddings", 1 << 30))
        self.max_tokens = min(MAX_TOKENS, limit) if max_tokens is None else max_tokens
        least = self._tokenizer.num_special_tokens_to_add() + 1
        if not least <= self.max_tokens <= limit:
            told = f"{self.max_tokens} tokens; this encoder takes {least} to {limit}"
            raise WinnowError("WN-R02", told, where=f"hf:{place},tokens={self.max_tokens}")
        self.pad = int(self._tokenizer.pad_token_id)
        # Only an encoder with two kinds of token tells the texts of a pair apart.
        end = self._tokenizer.sep_token_id
        self.separator = -1 if end is None or getattr(configuration, "type_vocab_size", 0) < 2 else int(end)

    def __call__(self, texts: Sequence[Any], /) -> Tensor:
        """Token ids, int64 [N, T], T the longest of these texts or `max_tokens`; padded on the right.

        Args:
            texts: N texts, or N pairs of texts as tuples.

        Raises:
            WinnowError: WN-M02 when the tokenizer gives ids that the encoder does not have.
        """
        told = self._tokenizer(
            list(texts),
            padding="longest",
            truncation=True,
            max_length=self.max_tokens,
            return_attention_mask=False,
            return_token_type_ids=False,
            return_tensors="pt",
        )
        ids = torch.as_tensor(told["input_ids"], dtype=torch.int64)
        if ids.numel() and int(ids.max()) >= self._vocabulary:
            raise WinnowError(
                "WN-M02",
                f"the tokenizer gives id {int(ids.max())}, and the encoder has {self._vocabulary} tokens",
                where=f"hf:{self._place}",
                fix="Tokenizer and weights must be of the same encoder.",
            )
        return ids
