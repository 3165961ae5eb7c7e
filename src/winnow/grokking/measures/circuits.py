"""How much of modular addition a network does by waves in a + b (Nanda et al. 2023, arXiv 2301.05217, section 5).

Logits over the full table are [..., p, p, outputs] (a, b, c). The waves cos(w(a+b)) and sin(w(a+b)) with w = 2 pi k / p
lie on the diagonals (k, k) and (-k, -k) of the logits' 2-D Fourier transform. Those entries are the 1-D transform, over
s = a + b, of the mean of the logits over all p pairs with that sum, so no p x p transform is needed. For subtraction
give the table with b negated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from winnow.core import WinnowError


@dataclass(frozen=True)
class CircuitLosses:
    """Cross-entropies in nats, float64 [...] each.

    Attributes:
        plain: of the logits as they are.
        restricted: of their constant term and the key frequencies' waves alone; it falls as the circuit forms.
        excluded: of all but those waves; it rises as the network comes to rely on the circuit.
    """

    plain: Tensor
    restricted: Tensor
    excluded: Tensor


def logit_table(outputs: Tensor, pairs: Tensor, modulus: int) -> Tensor:
    """The table [..., p, p, outputs] from a network's outputs on pairs.

    A pair (j, i) that was not asked for takes the outputs of (i, j): right for a network that adds its two inputs, or
    a task of pairs i <= j.

    Args:
        outputs: [..., n, outputs].
        pairs: int64 [n, 2].
        modulus: p.

    Raises:
        WinnowError: WN-C01 when a pair lies outside of the table, or a cell of it in neither order among the pairs.
    """
    pairs = pairs.to(outputs.device)
    if outputs.shape[-2] != len(pairs) or bool(((pairs < 0) | (pairs >= modulus)).any()):
        raise WinnowError("WN-C01", f"pairs and outputs do not fit a table of {modulus}", where="pairs")
    first, second = pairs.unbind(-1)
    source = torch.full((modulus, modulus), -1, dtype=torch.int64, device=outputs.device)
    for one, other in ((second, first), (first, second)):
        source[one, other] = torch.arange(len(pairs), device=outputs.device)
    if bool((source < 0).any()):
        missing = int((source < 0).sum())
        raise WinnowError("WN-C01", f"{missing} of {modulus**2} pairs have no outputs", where="pairs")
    return outputs[..., source, :]


def wave_power(logits: Tensor) -> Tensor:
    """Power of the waves in a + b at the frequencies 1 to p // 2: float64 [..., p // 2].

    The mean square over the table of both waves of a frequency, summed over outputs. The logits are centred over the
    outputs first, as what is added to all of them changes no probability.
    """
    logits = logits.to(torch.float64)
    transform = _transform(logits - logits.mean(-1, keepdim=True))
    modulus = logits.shape[-2]
    twice = torch.full((modulus // 2,), 2.0, dtype=torch.float64, device=logits.device)
    if modulus % 2 == 0:
        twice[-1] = 1.0  # the last frequency of an even modulus is its own mirror image
    return twice * transform[..., 1:, :].abs().square().sum(-1) / modulus**2


def key_frequencies(logits: Tensor, *, count: int | None = None, share: float = 0.9) -> tuple[int, ...]:
    """The frequencies whose waves in a + b have the most power, strongest first; take them from a run's last step.

    Args:
        logits: of one network, [p, p, outputs].
        count: how many (5 in Nanda et al.); by default the fewest that together hold `share` of the power of all waves
            in a + b.
        share: see `count`.

    Raises:
        WinnowError: WN-C01 for a count below 1 or above p // 2.
    """
    power, order = wave_power(logits).sort(descending=True, stable=True)
    if count is None:
        # Rounding can leave the sum in this order short of the whole.
        count = min(int((power.cumsum(0) < share * power.sum()).sum()) + 1, len(order))
    if not 1 <= count <= len(order):
        raise WinnowError("WN-C01", f"{count} of {len(order)} frequencies", where="count")
    return tuple((order[:count] + 1).tolist())


def restricted_logits(logits: Tensor, frequencies: Sequence[int]) -> Tensor:
    """The constant term per output and the waves of these frequencies alone, float64 [..., p, p, outputs]."""
    constant = logits.to(torch.float64).mean((-3, -2), keepdim=True)
    return constant + _spread(_waves(logits, frequencies))


def excluded_logits(logits: Tensor, frequencies: Sequence[int]) -> Tensor:
    """The logits without the waves of these frequencies, float64 [..., p, p, outputs]."""
    return logits.to(torch.float64) - _spread(_waves(logits, frequencies))


def circuit_losses(logits: Tensor, frequencies: Sequence[int], pairs: Tensor | None = None) -> CircuitLosses:
    """Restricted and excluded loss of addition modulo p.

    Args:
        logits: [..., p, p, outputs], outputs >= p.
        frequencies: the key frequencies, 1 to p // 2.
        pairs: int64 [n, 2], the pairs to count; the whole table by default. The excluded loss is meant of the training
            pairs, where it tells how much of memorising would be left.

    Raises:
        WinnowError: WN-C01 for a frequency outside of 1 to p // 2.
    """
    variants = (logits, restricted_logits(logits, frequencies), excluded_logits(logits, frequencies))
    return CircuitLosses(*(table_loss(variant, pairs) for variant in variants))


def table_loss(logits: Tensor, pairs: Tensor | None = None) -> Tensor:
    """Cross-entropy against (a + b) mod p, mean over the pairs [n, 2] or the whole table, in float64: [...]."""
    modulus = logits.shape[-2]
    every = torch.cartesian_prod(*[torch.arange(modulus)] * 2) if pairs is None else pairs
    first, second = every.to(logits.device).unbind(-1)
    logs = logits.to(torch.float64).log_softmax(-1)
    return -logs[..., first, second, (first + second) % modulus].mean(-1)


def _transform(logits: Tensor) -> Tensor:
    """Fourier transform over s of the mean over a of logits[a, s - a]: complex [..., p // 2 + 1, outputs]."""
    numbers = torch.arange(logits.shape[-2], device=logits.device)
    sums = numbers[:, None]
    return torch.fft.rfft(logits.to(torch.float64)[..., numbers, sums - numbers, :].mean(-2), dim=-2)


def _waves(logits: Tensor, frequencies: Sequence[int]) -> Tensor:
    """The part of the logits that is waves in s = a + b of these frequencies, [..., p, outputs] by s."""
    modulus = logits.shape[-2]
    if any(not 1 <= frequency <= modulus // 2 for frequency in frequencies):
        raise WinnowError("WN-C01", f"{list(frequencies)}: not all within 1 to {modulus // 2}", where="frequencies")
    transform = _transform(logits)
    kept = torch.zeros(transform.shape[-2], 1, dtype=torch.bool, device=logits.device)
    kept[torch.tensor(list(frequencies), dtype=torch.int64)] = True
    return torch.fft.irfft(torch.where(kept, transform, 0), n=modulus, dim=-2)


def _spread(by_sum: Tensor) -> Tensor:
    """[..., p, p, outputs] from values by a + b [..., p, outputs]."""
    numbers = torch.arange(by_sum.shape[-2], device=by_sum.device)
    return by_sum[..., (numbers[:, None] + numbers) % len(numbers), :]
