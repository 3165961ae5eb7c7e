"""How periodic neurons are in their token (Minegishi et al. 2023, figure 8).

A row is what one neuron takes from each of p tokens; its spectrum is |FFT| at the frequencies 1 to p // 2. Rows that
are all zero or constant, such as those of neurons that a mask has cut off, have no spectrum: they are NaN per neuron
and left out of means over neurons. Everything is float64 and takes any leading dimensions.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from winnow.core import WinnowError


def neuron_rows(
    weights: Mapping[str, Tensor], *, embed: str = "embed", project: str = "project_in", tokens: int | None = None
) -> Tensor:
    """W_inproj = (embed @ project)^T, what each neuron takes from each token, [..., neurons, tokens].

    For `PairMlp` this is all a neuron sees of its inputs (its activation is ReLU(row[a] + row[b])). In a transformer
    attention and, where there is one, a norm stand between: given its MLP's input matrix (`project="mlp_in"`), the
    product is the direct path from a token at the answering position alone. Where no matrix of that name and width is
    there, the rows are the embedding's own dimensions, embed^T [..., width, tokens].

    Args:
        weights: one network's tensors by name, or stacked ones with leading dimensions.
        embed: name of the embedding [..., tokens, width].
        project: name of the matrix from there to the neurons [..., width, neurons].
        tokens: how many of the first tokens are numbers; later ones, such as "=", are left out.

    Raises:
        WinnowError: WN-P02 when there is no such embedding.
    """
    if embed not in weights:
        raise WinnowError("WN-P02", "the network has no such weight", where=embed)
    table = weights[embed].detach().to(torch.float64)[..., :tokens, :]
    matrix = weights.get(project)
    if matrix is not None and matrix.shape[-2] == table.shape[-1]:
        table = table @ matrix.detach().to(torch.float64)
    return table.transpose(-2, -1)


def neuron_power(rows: Tensor) -> Tensor:
    """|FFT|^2 at the frequencies 1 to p // 2 of rows [..., p]: float64 [..., p // 2]."""
    return _amplitudes(rows).square()


def dominant_frequency(rows: Tensor) -> Tensor:
    """The frequency with the most power of rows [..., p]: int64 [...], 1 to p // 2; 0 for a row without any."""
    power = neuron_power(rows)
    return torch.where(power.sum(-1) > 0, power.argmax(-1) + 1, 0)


def top_share(rows: Tensor) -> Tensor:
    """Share of a row's power at its top frequency: float64 [...], at most 1; NaN without any power."""
    power = neuron_power(rows)
    return power.amax(-1) / power.sum(-1)


def frequency_shares(rows: Tensor, bins: int | None = None) -> Tensor:
    """|FFT| of rows [..., p], not squared, at the frequencies 1 to `bins`, divided by its sum: float64 [..., bins].

    Args:
        rows: real [..., p].
        bins: how many frequencies; by default p // 2 - 1. The authors' range ends there, so at p = 67 their figures
            count 32 of the 33 frequencies, and only with the same number do their levels compare.

    Raises:
        WinnowError: WN-C01 when the rows have not that many frequencies.
    """
    there = rows.shape[-1] // 2
    bins = there - 1 if bins is None else bins
    if not 1 <= bins <= there:
        raise WinnowError("WN-C01", f"{bins} frequencies of {there}", where="bins")
    amplitudes = _amplitudes(rows)[..., :bins]
    return amplitudes / amplitudes.sum(-1, keepdim=True)


def frequency_entropy(rows: Tensor, bins: int | None = None) -> Tensor:
    """The entropy -sum p log p of `frequency_shares`, in nats, mean over neurons.

    0 for neurons of one frequency each, ln(bins) for white ones; about 3.33 at a random start of the paper's MLP.

    Args:
        rows: [..., neurons, p].
        bins: see `frequency_shares`.

    Returns:
        float64 [...]; NaN where no neuron has a spectrum.
    """
    return torch.special.entr(frequency_shares(rows, bins)).sum(-1).nanmean(-1)


def authors_entropy(rows: Tensor, bins: int | None = None) -> Tensor:
    """The "Fourier entropy" of the authors' code: CrossEntropyLoss(p, p), so p goes through log-softmax once more.

    It is -sum p log softmax(p) and no entropy: at 32 bins it runs from ln(e + 31) - 1 = 2.518 (one frequency) to
    ln 32 = 3.466 (white); 3.4575 at a random start of the paper's MLP, where the true entropy is 3.33.

    Args:
        rows: [..., neurons, p].
        bins: see `frequency_shares`.

    Returns:
        float64 [...], mean over neurons; NaN where no neuron has a spectrum.
    """
    shares = frequency_shares(rows, bins)
    return -(shares * shares.log_softmax(-1)).sum(-1).nanmean(-1)


def _amplitudes(rows: Tensor) -> Tensor:
    """|FFT| at 1 to p // 2, float64, with what is only rounding of the transform set to 0."""
    rows = rows.to(torch.float64)
    amplitudes = torch.fft.rfft(rows).abs()[..., 1:]
    floor = rows.shape[-1] * torch.finfo(torch.float64).eps * rows.abs().sum(-1, keepdim=True)
    return torch.where(amplitudes > floor, amplitudes, 0.0)
