"""`Mask`: which weights of a network remain."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import torch
from torch import Tensor

from winnow.core import WinnowError, canonical_json
from winnow.sparsity.files import load_tensors, save_tensors
from winnow.sparsity.packing import pack, unpack

FORMAT = "winnow-mask-1"


class Mask(Mapping[str, Tensor]):
    """A boolean tensor per prunable weight, by parameter name: True where the weight remains.

    Immutable by convention: every operation returns a new mask. Tensors live on the CPU; `applied` and `apply_`
    follow the device of the weights. The order of the names is the order of the network's layers; ties follow it.

    Args:
        tensors: name to boolean tensor of the weight's own shape.
    """

    def __init__(self, tensors: Mapping[str, Tensor]) -> None:
        self._tensors = {name: t.detach().to("cpu", torch.bool, copy=True).contiguous() for name, t in tensors.items()}

    @classmethod
    def ones(cls, weights: Mapping[str, Tensor]) -> Mask:
        """The mask of a dense network."""
        return cls({name: torch.ones(w.shape, dtype=torch.bool) for name, w in weights.items()})

    def __getitem__(self, name: str) -> Tensor:
        return self._tensors[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tensors)

    def __len__(self) -> int:
        return len(self._tensors)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Mask):
            return NotImplemented
        return list(self) == list(other) and all(torch.equal(self[n], other[n]) for n in self)

    def __hash__(self) -> int:
        return hash(self.digest())

    def __repr__(self) -> str:
        return f"Mask({self.kept} of {self.total} weights in {len(self)} tensors, {100 * self.density:.2f} %)"

    @property
    def kept(self) -> int:
        """How many weights remain."""
        return sum(int(t.sum()) for t in self._tensors.values())

    @property
    def total(self) -> int:
        """How many weights there are."""
        return sum(t.numel() for t in self._tensors.values())

    @property
    def density(self) -> float:
        """The fraction that remains (the paper's P_m, section 1)."""
        return self.kept / self.total if self.total else 1.0

    def densities(self) -> dict[str, float]:
        """The fraction that remains in each tensor."""
        return {name: float(t.sum()) / max(t.numel(), 1) for name, t in self._tensors.items()}

    def digest(self) -> str:
        """SHA-256 (64 hex digits) over names, shapes and packed bits: equal masks have equal digests."""
        summary = hashlib.sha256()
        for name, tensor in self._tensors.items():
            summary.update(canonical_json([name, list(tensor.shape)]).encode())
            summary.update(pack(tensor).numpy().tobytes())
        return summary.hexdigest()

    def applied(self, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The tensors with pruned weights set to exactly 0; names without a mask are passed on as they are.

        Raises:
            WinnowError: WN-P02 when a masked name is missing or has another shape.
        """
        self.check(tensors)
        return {
            name: torch.where(self[name].to(t.device), t, torch.zeros_like(t)) if name in self else t
            for name, t in tensors.items()
        }

    @torch.no_grad()
    def apply_(self, tensors: Mapping[str, Tensor]) -> None:
        """Set the pruned weights to exactly 0 in place."""
        self.check(tensors)
        for name, mask in self._tensors.items():
            tensors[name].masked_fill_(~mask.to(tensors[name].device), 0)

    def check(self, tensors: Mapping[str, Tensor]) -> None:
        """Make sure that every masked tensor is there with its shape.

        Raises:
            WinnowError: WN-P02.
        """
        for name, mask in self._tensors.items():
            if name not in tensors:
                raise WinnowError("WN-P02", "the network has no such weight", where=name)
            if tensors[name].shape != mask.shape:
                shapes = f"mask {tuple(mask.shape)}, weight {tuple(tensors[name].shape)}"
                raise WinnowError("WN-P02", f"shapes differ: {shapes}", where=name)

    def shuffled(self, seed: int) -> Mask:
        """Random positions with the same count in every tensor (the random-sparsity control, Appendix E)."""
        generator = torch.Generator().manual_seed(seed)
        return Mask(
            {
                name: t.flatten()[torch.randperm(t.numel(), generator=generator)].view(t.shape)
                for name, t in self._tensors.items()
            }
        )

    def save(self, path: Path | str) -> None:
        """Write bit-packed safetensors (one bit a weight), whole or not at all."""
        shapes = canonical_json([[name, list(t.shape)] for name, t in self._tensors.items()])
        packed = {name: pack(t) for name, t in self._tensors.items()}
        save_tensors(path, packed, {"format": FORMAT, "shapes": shapes, "digest": self.digest()})

    @classmethod
    def load(cls, path: Path | str) -> Mask:
        """Read what `save` wrote.

        Raises:
            WinnowError: WN-S03 when the file is damaged or holds no mask.
        """
        packed, notes = load_tensors(path)
        if notes.get("format") != FORMAT:
            raise WinnowError("WN-S03", f"no Winnow mask (format {notes.get('format')!r})", where=path)
        try:
            mask = cls({name: unpack(packed[name], shape) for name, shape in json.loads(notes["shapes"])})
            if mask.digest() != notes["digest"]:
                raise ValueError("the digest differs")
            return mask
        except (KeyError, ValueError, TypeError, RuntimeError) as error:
            raise WinnowError("WN-S03", f"the notes and the bits disagree: {error}", where=path) from error
