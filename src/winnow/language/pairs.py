"""`PairReader`: a claim and its evidence go through one encoder together, and a class comes out (a cross-encoder)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from winnow.core import WinnowError, derive_seed, digest
from winnow.language.encoder import EncoderClassifier
from winnow.language.offsets import OffsetClassifier, numbered, without_head
from winnow.language.pair_fitting import ReaderSettings as ReaderSettings
from winnow.language.pair_fitting import best_mixture, data_set, plan_of, schedule_of, softmax, with_frozen
from winnow.language.pair_start import PairStart, classifier, filled, pair_start
from winnow.language.sentences import MINILM
from winnow.language.tokens import EncoderTokenizer
from winnow.language.wide import WideModel
from winnow.sparsity import load_into, tensors_of
from winnow.training import Member, train

Floats = NDArray[np.float64]
Pair = tuple[str, str]
_AT_ONCE = 256


class PairReader:
    """Probabilities of classes from a claim and its evidence.

    Fitting is the house's one training loop (`winnow.training.train`): an ensemble is a stack of members, and a ticket
    in an encoder keeps its mask while it is fitted. Early stopping is not offered: with a linear decay the number of
    epochs is fixed beforehand, and nothing is looked at in between.

    With a wide part the logits are the wide part's, of the claim alone, plus `deep_share` times the networks', which
    are fitted to what the wide part does not tell.

    Args:
        classes: their names, in the order of the probabilities' columns.
        start: the encoder to start from; see `pair_start`.
        settings: how to fit.
        wide: what claims of such words are answered with; none when not given.

    Raises:
        WinnowError: WN-M01, WN-D07 or WN-R02 (more tokens than the encoder takes) from the encoder.
    """

    def __init__(
        self,
        classes: Sequence[str],
        start: str | PairStart = MINILM,
        settings: ReaderSettings | None = None,
        wide: WideModel | None = None,
    ) -> None:
        self.classes = tuple(classes)
        self.settings = settings or ReaderSettings()
        self.start = pair_start(start) if isinstance(start, str) else start
        self.tokenizer = EncoderTokenizer(self.start.place, self.settings.max_tokens)
        self.origin = self.start.digest
        self.wide = wide
        self.temperature, self.deep_share = 1.0, 1.0
        self.networks: list[EncoderClassifier] = []

    def fit(
        self,
        pairs: Sequence[Pair],
        labels: Sequence[int],
        weights: Sequence[float] | None = None,
        offsets: Floats | None = None,
    ) -> PairReader:
        """Fit to pairs with labels, from the start anew; returns itself.

        Args:
            pairs: N of (claim, evidence).
            labels: N places in `classes`.
            weights: how often each pair is seen an epoch, on average; once when not given. Two labels of one pair
                with weights that sum to 1 are a soft label.
            offsets: logits [N, classes] that the networks' are added to, of a wide part that was fitted without these
                pairs; the networks' heads then start at zero. The networks alone are fitted when not given.

        Raises:
            WinnowError: WN-D06 with fewer pairs than a batch, WN-C01 for a label out of range, WN-T01 when the loss
                is not a number.
        """
        self._check(pairs, labels, offsets)
        seen = schedule_of(np.asarray(labels), weights, self.settings, len(self.classes))
        ids, network = self.tokenizer(list(pairs)), with_frozen(self.network(0), self.settings.frozen)
        if offsets is not None:
            ids, network = numbered(ids), OffsetClassifier(network, torch.as_tensor(offsets))
        data = data_set(ids, torch.as_tensor(np.asarray(labels)), seen, self.classes)
        members = [self._member(row, offsets is not None) for row in range(self.settings.members)]
        result = train(network, members, data, plan_of(len(seen), self.settings), execution="dense")
        self.networks = [self.network(row, own.tensors) for row, own in enumerate(result.trained)]
        self.temperature = self.deep_share = 1.0
        return self

    def logits(self, pairs: Sequence[Pair]) -> Floats:
        """Logits [N, classes] before the temperature: the wide part's, and the mean over the members.

        Raises:
            WinnowError: WN-L09 when nothing was fitted.
        """
        deep = self.deep_share * self._deep(pairs)
        return deep if self.wide is None else self.wide.logits([claim for claim, _ in pairs]) + deep

    def predict(self, pairs: Sequence[Pair]) -> Floats:
        """Calibrated probabilities [N, classes]."""
        return softmax(self.logits(pairs) / self.temperature)

    def calibrate(self, pairs: Sequence[Pair], labels: Sequence[int]) -> float:
        """Set and return the temperature that gives these pairs the least log loss (Guo et al. 2017, section 4.2).

        With a wide part the networks' share is chosen too; at 0 the evidence is not read. They must not be pairs that
        anything was fitted to. With no pairs at all nothing changes.
        """
        if pairs:
            wide = None if self.wide is None else self.wide.logits([claim for claim, _ in pairs])
            self.deep_share, self.temperature = best_mixture(wide, self._deep(pairs), np.asarray(labels))
        return self.temperature

    @property
    def digest(self) -> str:
        """SHA-256 (64 hex digits) over what its probabilities hang on: weights, length, classes and temperature."""
        told: list[object] = [self.classes, self.temperature, self.settings.max_tokens]
        if self.wide is not None:  # readers without one keep the digest that they had
            told += [self.deep_share, self.wide.card(), {n: t.tolist() for n, t in self.wide.tensors().items()}]
        return digest([told, [PairStart(self.start.place, tensors_of(own)).digest for own in self.networks]])

    def as_start(self) -> PairStart:
        """The first member's encoder as the start of another fitting (further tuning on other pairs)."""
        if not self.networks:
            raise WinnowError("WN-L09", "this reader was not fitted", fix="Fit it, or load one that was.")
        return PairStart(self.start.place, tensors_of(self.networks[0].encoder), self.start.mask)

    def network(self, row: int, tensors: Mapping[str, Tensor] | None = None) -> EncoderClassifier:
        """Member `row`'s network with these tensors, or as it starts: the start's encoder and a head its seed draws.

        Raises:
            WinnowError: WN-M02 when the tensors are of another network.
        """
        seed = derive_seed(self.settings.seed, "head", row)
        network = classifier(self.start.place, len(self.classes), self.tokenizer, seed)
        if tensors is None:
            return filled(network, self.start)
        load_into(network, tensors)
        return network

    def save(self, folder: Path | str) -> Path:
        """Write the reader; see `winnow.language.pair_files`."""
        from winnow.language.pair_files import save_reader

        return save_reader(self, folder)

    @staticmethod
    def load(folder: Path | str) -> PairReader:
        """Read what `save` wrote; see `winnow.language.pair_files`."""
        from winnow.language.pair_files import load_reader

        return load_reader(folder)

    def _deep(self, pairs: Sequence[Pair]) -> Floats:
        if not self.networks:
            raise WinnowError("WN-L09", "this reader was not fitted", fix="Fit it, or load one that was.")
        parts = [self._part(list(pairs[at : at + _AT_ONCE])) for at in range(0, len(pairs), _AT_ONCE)]
        return np.concatenate(parts) if parts else np.zeros((0, len(self.classes)))

    @torch.no_grad()
    def _part(self, pairs: list[Pair]) -> Floats:
        ids = self.tokenizer(pairs)
        return np.mean([network.eval()(ids).double().numpy() for network in self.networks], axis=0)

    def _member(self, row: int, blank: bool) -> Member:
        order, noise = (derive_seed(self.settings.seed, name, row) for name in ("order", "noise"))
        tensors = tensors_of(self.network(row))
        tensors = without_head(tensors) if blank else tensors
        mask = self.start.mask
        return Member(branch="reader", replicate=row, start=tensors, mask=mask, order_seed=order, noise_seed=noise)

    def _check(self, pairs: Sequence[Pair], labels: Sequence[int], offsets: Floats | None) -> None:
        if len(pairs) != len(labels):
            raise WinnowError("WN-C01", f"{len(pairs)} pairs and {len(labels)} labels", where="labels")
        if offsets is not None and offsets.shape != (len(pairs), len(self.classes)):
            raise WinnowError("WN-C01", f"offsets of shape {offsets.shape}", where="offsets")
        if any(not 0 <= label < len(self.classes) for label in labels):
            raise WinnowError("WN-C01", f"a label that is none of 0 to {len(self.classes) - 1}", where="labels")
        if len(pairs) * self.settings.epochs < self.settings.batch:
            raise WinnowError("WN-D06", f"{len(pairs)} pairs are too few for a batch of {self.settings.batch}")
