"""A small marked network, its claim, and suspects made from it: NumPy alone, as a judge has it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from numpy.typing import NDArray
from safetensors.numpy import save_file

from winnow.signing.alignment.axes import AxisGroup, AxisUse, axes_to_plain
from winnow.signing.claims.claim_folder import seal_claim
from winnow.signing.claims.keys import Identity, Secret
from winnow.signing.claims.pending import begin_claim
from winnow.signing.code.layout import Layout, plan_layout
from winnow.signing.code.positions import keyed_positions
from winnow.signing.code.statistic import differences, sent_bits
from winnow.signing.code.stream import derive_key
from winnow.signing.stamps.stamps import Stamper

Weights = dict[str, NDArray[Any]]
SHAPES = {"conv1.weight": (32, 3, 3, 3), "conv2.weight": (48, 32, 3, 3), "conv3.weight": (48, 48, 3, 3),
          "fc.weight": (10, 48)}  # fmt: skip
AXES = (
    AxisGroup(32, (AxisUse("conv1.weight", 0), AxisUse("conv2.weight", 1))),
    AxisGroup(48, (AxisUse("conv2.weight", 0), AxisUse("conv3.weight", 1))),
    AxisGroup(48, (AxisUse("conv3.weight", 0), AxisUse("fc.weight", 1))),
)
MODEL = "small network"


@dataclass(frozen=True)
class Owned:
    """A claim's folder, its secrets, and the weights that were signed."""

    claim: Path
    secrets: tuple[Secret, ...]
    identity: Identity
    weights: Weights
    masks: dict[str, NDArray[np.bool_]]


def fixed_identity() -> Identity:
    """The same in every run, as the secrets are: what a mixture still says of a mark is else a matter of luck."""
    return Identity(Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"identity").digest()))


def fixed_secret(number: int) -> Secret:
    return Secret(hashlib.sha256(b"secret %d" % number).digest(), hashlib.sha256(b"salt %d" % number).digest())


def network(seed: int, density: float = 0.2, shapes: Mapping[str, tuple[int, ...]] = SHAPES) -> Weights:
    generator = np.random.default_rng(seed)
    return {
        name: (generator.normal(size=shape) * (generator.random(shape) < density)).astype(np.float32)
        for name, shape in shapes.items()
    }


def owned(
    folder: Path,
    *,
    keys: int = 1,
    density: float = 0.2,
    stamper: Stamper | None = None,
    shapes: Mapping[str, tuple[int, ...]] = SHAPES,
    axes: tuple[AxisGroup, ...] = AXES,
    triggers: Mapping[str, Any] | None = None,
    mark: bool = True,
    settled: bool = True,
) -> Owned:
    """Sign a network: every key's bits are put into its mask by swaps, and the claim is sealed."""
    weights = network(1, density, shapes)
    masks = {name: tensor != 0 for name, tensor in weights.items()}
    layout = plan_layout(shapes, {name: int(mask.sum()) for name, mask in masks.items()}, share=0.4 / keys)
    identity, secrets = fixed_identity(), tuple(fixed_secret(number) for number in range(keys))
    rule = {"triggers": triggers} if settled else {}
    pending = begin_claim(
        folder, identity, secrets, model_id=MODEL, layout=layout, tau=1e-3, rule=rule, stamper=stamper
    )
    if mark:
        for secret, commitment in zip(secrets, pending.keys, strict=True):
            key = derive_key(secret.secret, identity.public, MODEL)
            masks = marked(masks, key, layout, commitment[:16])
    generator = np.random.default_rng(2)
    weights = {name: (generator.normal(size=m.shape) * m).astype(np.float32) for name, m in masks.items()}
    seal_claim(folder, identity, masks, axes=axes_to_plain(axes), stamper=stamper, triggers=triggers, weights=weights)
    return Owned(folder, secrets, identity, weights, masks)


def marked(
    masks: Mapping[str, NDArray[np.bool_]], key: bytes, layout: Layout, payload: bytes, margin: int = 3
) -> dict[str, NDArray[np.bool_]]:
    """Swaps within a layer until every bit's difference has its sign and at least the margin."""
    masks = {name: mask.copy() for name, mask in masks.items()}
    positions = keyed_positions(key, layout)
    signs = np.where(sent_bits(key, layout.code, payload), 1, -1)
    found, bit = differences(masks, positions), 0
    for layer in layout.layers:
        flat = masks[layer.name].reshape(-1)
        for row in range(layer.bits):
            sides = positions.first[layer.name][row], positions.second[layer.name][row]
            wanted, other = sides if signs[bit] > 0 else sides[::-1]
            need = max(0, margin - int(signs[bit] * found[bit]))
            off, on = wanted[~flat[wanted]], other[flat[other]]
            count = min(-(-need // 2), len(off), len(on))
            flat[off[:count]], flat[on[:count]] = True, False
            bit += 1
    return masks


def saved(weights: Mapping[str, NDArray[Any]], path: Path) -> Path:
    save_file(dict(weights), path)
    return path


def permuted(weights: Weights, seed: int = 0, axes: tuple[AxisGroup, ...] = AXES) -> Weights:
    """Every hidden channel elsewhere, and rescaled: the same function of a network with ReLU."""
    generator = np.random.default_rng(seed)
    changed = {name: tensor.copy() for name, tensor in weights.items()}
    for group in axes:
        order, scale = generator.permutation(group.size), np.exp(generator.uniform(-1, 1, group.size))
        for use in group.uses:
            factors = scale if use.axis == 0 else 1 / scale
            tensor = np.take(changed[use.tensor], order, axis=use.axis)
            shape = [-1 if axis == use.axis else 1 for axis in range(tensor.ndim)]
            changed[use.tensor] = (tensor * factors.reshape(shape)).astype(np.float32)
    return changed
