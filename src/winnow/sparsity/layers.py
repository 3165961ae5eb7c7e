"""What a network has to prune: its weight tensors, and the kind of layer each belongs to."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor, nn

from winnow.core import WinnowError
from winnow.sparsity.mask import Mask

CONV, FC, OUTPUT, FIXED = "conv", "fc", "output", "fixed"
_NEVER = (nn.Embedding, nn.EmbeddingBag, nn.LayerNorm, nn.RMSNorm, nn.GroupNorm, nn.modules.batchnorm._NormBase)


@dataclass(frozen=True)
class Layer:
    """One prunable weight tensor: its parameter name, kind ("conv", "fc", "output", "fixed") and shape."""

    name: str
    kind: str
    shape: tuple[int, ...]

    @property
    def weights(self) -> int:
        """How many weights it has, biases not counted."""
        count = 1
        for size in self.shape:
            count *= size
        return count


def prunable_layers(
    module: nn.Module, patterns: Sequence[str] = (), output: str = "", *, fixed: Sequence[str] = ()
) -> list[Layer]:
    """The prunable weights of any module, in layer order; a tied weight is counted once.

    Without patterns these are the weights of two or more dimensions of every layer but embeddings and norms. The last
    `nn.Linear` is the output layer, which the paper prunes at half the rate (Figure 2).

    Args:
        module: the network.
        patterns: parameter names to prune instead, as shell patterns ("blocks.*.weight").
        output: the output layer's parameter name, when it is not the last `nn.Linear`.
        fixed: shell patterns of weights that count as weights of the network but are never pruned, such as the
            shortcuts of the paper's ResNet-18.

    Raises:
        WinnowError: WN-M03 when nothing is left to prune, or a pattern of `fixed` matches nothing.
    """
    owners = _owners(module)
    names = [n for n, p in module.named_parameters() if _chosen(n, p, owners[n], patterns)]
    if not names:
        raise WinnowError(
            "WN-M03",
            f"{type(module).__name__} has no weight tensor of two or more dimensions"
            + (f" that matches {', '.join(patterns)}" if patterns else ""),
            fix="Name the parameters to prune with --prunable, as shell patterns.",
        )
    last = output or _last_linear(module)
    if output and output not in names:
        raise WinnowError("WN-M03", "the output layer is not among the prunable weights", where=output)
    idle = [pattern for pattern in fixed if not fnmatch.filter(names, pattern)]
    if idle:
        advice = f"The first of its weights is {names[0]}."
        raise WinnowError("WN-M03", "no weight of the network has such a name", where=idle[0], fix=advice)
    kinds = {n: FIXED if any(fnmatch.fnmatch(n, p) for p in fixed) else _kind(n, owners[n], last) for n in names}
    return [Layer(n, kinds[n], tuple(module.get_parameter(n).shape)) for n in names]


def _last_linear(module: nn.Module) -> str:
    """The name of the last linear layer's weight; where it is tied, the name under which it is counted."""
    names = {id(parameter): name for name, parameter in module.named_parameters()}
    linear = [layer for layer in module.modules() if isinstance(layer, nn.Linear)]
    return names[id(linear[-1].weight)] if linear else ""


def _owners(module: nn.Module) -> dict[str, nn.Module]:
    return {
        f"{path}.{name}" if path else name: owner
        for path, owner in module.named_modules()
        for name, _ in owner.named_parameters(recurse=False)
    }


def _chosen(name: str, parameter: Tensor, owner: nn.Module, patterns: Sequence[str]) -> bool:
    if patterns:
        return any(fnmatch.fnmatch(name, pattern) for pattern in patterns)
    own_name = name.rpartition(".")[2]
    is_weight = own_name == "weight" or own_name.startswith("weight_") or own_name.endswith("_weight")
    return is_weight and parameter.dim() >= 2 and not isinstance(owner, _NEVER)


def _kind(name: str, owner: nn.Module, output: str) -> str:
    if name == output:
        return OUTPUT
    return CONV if isinstance(owner, nn.modules.conv._ConvNd) else FC


@dataclass(frozen=True)
class LayerReport:
    """How much of one tensor remains."""

    name: str
    shape: tuple[int, ...]
    kept: int
    total: int
    dead_outputs: int

    @property
    def density_percent(self) -> float:
        """Percent of the tensor's weights that remain."""
        return 100 * self.kept / max(self.total, 1)


def layer_report(mask: Mask) -> list[LayerReport]:
    """Per tensor: counts, and how many output units (rows of dimension 0) have no input left."""
    return [
        LayerReport(
            n,
            tuple(t.shape),
            int(t.sum()),
            t.numel(),
            int((~t.flatten(1).any(1)).sum()) if t.dim() > 1 else 0,
        )
        for n, t in mask.items()
    ]


def weights_of(tensors: Mapping[str, Tensor], layers: Sequence[Layer]) -> dict[str, Tensor]:
    """The prunable tensors among all tensors of a network."""
    return {layer.name: tensors[layer.name] for layer in layers}
