"""`EncoderClassifier`: a pre-trained encoder with a fresh head, from token ids to logits."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from winnow.language.pretrained import read_configuration, read_encoder
from winnow.models.initialisation import glorot_normal_

MAX_TOKENS = 128
# Texts that go through together. On a CPU time goes with the tokens, padding included, and eight texts fill it.
_TOGETHER = {"cpu": 8}
_TOGETHER_ELSEWHERE = 128


class EncoderClassifier(nn.Module):
    """Logits from an encoder's token states, averaged over the tokens of a text.

    The mean is taken rather than the encoder's own pooler because every encoder has token states, many have no pooler,
    and a pooler is a part that a next-sentence task trained. Texts of like length go through together, cut to the
    longest of them: the logits are those of the padded batch, to rounding.

    Args:
        encoder: of the Hugging Face kind; takes `input_ids` and `attention_mask`, returns `last_hidden_state`.
        head: from the encoder's width to the classes.
        dropout: fraction of the mean that is dropped in training.
        pad: the id of padding, which is not attended to.
        separator: the id that ends a text; what follows it is the second of a pair. -1 where the encoder does not tell
            the two apart.
        max_tokens: texts were cut to this length.
    """

    def __init__(
        self, encoder: nn.Module, head: nn.Linear, *, dropout: float, pad: int, separator: int, max_tokens: int
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.dropout = nn.Dropout(dropout)
        self.head = head
        self.pad, self.separator, self.max_tokens = pad, separator, max_tokens

    def forward(self, tokens: Tensor) -> Tensor:
        """Logits [N, classes] of token ids [N, T], padded on the right."""
        if torch.compiler.is_compiling():  # a program of its own for every length would be none the faster
            return self._logits(tokens)
        place = torch.arange(1, tokens.shape[1] + 1, device=tokens.device)
        lengths = (place * (tokens != self.pad)).amax(1)
        order = lengths.argsort(stable=True)
        groups = order.split(_TOGETHER.get(tokens.device.type, _TOGETHER_ELSEWHERE))
        # Where there is nothing but padding, as in a blank input, nothing is cut.
        longest = [int(lengths[group[-1]]) or tokens.shape[1] for group in groups]
        parts = [self._logits(tokens[group][:, :cut]) for group, cut in zip(groups, longest, strict=True)]
        return torch.cat(parts)[order.argsort()]

    def example_inputs(self, count: int, length: int) -> Tensor:
        """Random token ids [count, length] without padding, the same every time."""
        size = self.encoder.get_input_embeddings().num_embeddings  # pyright: ignore[reportCallIssue]
        ids = torch.randint(size, (count, length), generator=torch.Generator().manual_seed(count))
        return torch.where(ids == self.pad, (ids + 1) % size, ids)

    def _logits(self, tokens: Tensor) -> Tensor:
        attended = tokens != self.pad
        states = self.encoder(**self._arguments(tokens, attended)).last_hidden_state
        weights = attended.unsqueeze(-1).to(states.dtype)
        mean = (states * weights).sum(1) / weights.sum(1).clamp(min=1)
        return self.head(self.dropout(mean))

    def _arguments(self, tokens: Tensor, attended: Tensor) -> dict[str, Tensor]:
        given = {"input_ids": tokens, "attention_mask": attended.long()}
        if self.separator >= 0:
            ends = (tokens == self.separator).long()
            given["token_type_ids"] = ((ends.cumsum(1) - ends) > 0).long() * attended
        return given


def encoder(
    path: str, classes: int, max_tokens: int = MAX_TOKENS, pad: int = 0, separator: int = -1
) -> EncoderClassifier:
    """A pre-trained encoder as a classifier; the global generator draws the head alone (Glorot's normal distribution).

    The pre-trained weights are the start: theta_0 of a ticket in an encoder (Chen et al. 2020, arXiv 2007.12223,
    section 3).

    Args:
        path: the encoder's folder or Hub id.
        classes: how many logits.
        max_tokens: texts were cut to this length.
        pad: the id of padding.
        separator: the id between two texts, -1 where the encoder does not tell them apart.

    Raises:
        WinnowError: WN-D07 without the package transformers, WN-M01 when there is no encoder.
    """
    configuration = read_configuration(path)
    # Before the encoder is read, which may draw too.
    head = glorot_normal_(nn.Linear(configuration.hidden_size, classes))
    return EncoderClassifier(
        read_encoder(path),
        head,
        dropout=_dropout(configuration),
        pad=pad,
        separator=separator,
        max_tokens=max_tokens,
    )


def _dropout(configuration: Any) -> float:
    """What the encoder's authors drop before a classifier, else within the encoder."""
    named = getattr(configuration, "classifier_dropout", None)
    return float(getattr(configuration, "hidden_dropout_prob", 0.0) if named is None else named)
