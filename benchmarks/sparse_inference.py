"""Inference on stored weights against the best of dense torch and ONNX Runtime: LeNet batch 1, ResNet-20 batch 32.

    python benchmarks/sparse_inference.py

Needs onnx and onnxruntime. ResNet-20 in torch runs in both memory formats. Random masks, the same density in every
layer; weights are scaled up so that outputs do not vanish, and every contender's outputs are compared.
"""

from __future__ import annotations

import argparse
import tempfile
import warnings
from pathlib import Path
from typing import Any

import onnxruntime
import torch
from torch import nn

from rounds import Call, finish, header, shown, speed_up, timed
from winnow.exports.onnx_file import write_onnx
from winnow.exports.source import Source
from winnow.kernels import SparseNetwork
from winnow.models import lenet_300_100, resnet_20
from winnow.networks import trace
from winnow.sparsity import prunable_layers

DENSITIES = (0.5, 0.25, 0.1, 0.036, 0.01)
NETWORKS = (
    ("LeNet-300-100, batch 1", lenet_300_100, (1, 1, 28, 28)),
    ("ResNet-20, batch 32", resnet_20, (32, 3, 32, 32)),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--only", default="", help="a part of the network's name")
    chosen = parser.parse_args()
    warnings.filterwarnings("ignore")
    torch.manual_seed(0)
    rows: list[dict[str, Any]] = []
    for density in DENSITIES:
        for name, build, shape in NETWORKS:
            if chosen.only in name:
                rows.append(_measured(name, build(), shape, density, chosen.rounds))
    if not chosen.json:
        print("| network | density | torch, ms | ONNX Runtime, ms | stored weights, ms | times faster than the best |")
        print("| --- | --- | ---: | ---: | ---: | ---: |")
        line = "| {network} | {density:.1%} | {torch_ms:.3f} | {onnx_ms:.3f} | {sparse_ms:.3f} | {shown} |"
        for row in rows:
            print(line.format(**row))
    finish({"machine": header(), "rows": rows}, chosen.json)


@torch.no_grad()
def _measured(name: str, module: nn.Module, shape: tuple[int, ...], density: float, rounds: int) -> dict[str, Any]:
    module.eval()
    for layer in prunable_layers(module):
        weight = module.get_parameter(layer.name)
        weight.mul_((torch.rand_like(weight) < density) / density**0.5)
    images = torch.rand(shape)
    contenders = _contenders(module, images)
    _check(contenders)
    times = timed(contenders, rounds)
    dense = [key for key in contenders if key != "winnow"]
    middle = {key: sorted(value)[len(value) // 2] * 1e3 for key, value in times.items()}
    return {
        "network": name,
        "density": density,
        "torch_ms": min(middle[key] for key in dense if key != "onnx"),
        "onnx_ms": middle["onnx"],
        "sparse_ms": middle["winnow"],
        "speed_up": speed_up(times, "winnow", dense),
        "shown": shown(speed_up(times, "winnow", dense)),
    }


def _contenders(module: nn.Module, images: torch.Tensor) -> dict[str, Call]:
    sparse = SparseNetwork(trace(module, tuple(images.shape[1:])), module.state_dict())
    session, feed = _onnx(module, images)
    contenders: dict[str, Call] = {"torch": _without_gradients(module, images)}
    if images.shape[-1] > 28:
        last: Any = {"memory_format": torch.channels_last}
        module = _copy(module).to(**last)
        contenders["torch channels last"] = _without_gradients(module, images.contiguous(**last))
    contenders["onnx"] = lambda: session.run(None, feed)[0]
    contenders["winnow"] = lambda: sparse(images)
    return contenders


def _copy(module: nn.Module) -> nn.Module:
    """A copy of a ResNet-20 with the same tensors."""
    copy = resnet_20()
    copy.load_state_dict(module.state_dict())
    return copy.eval()


def _without_gradients(module: nn.Module, images: torch.Tensor) -> Call:
    def call() -> torch.Tensor:
        with torch.inference_mode():
            return module(images)

    return call


def _onnx(module: nn.Module, images: torch.Tensor) -> tuple[Any, dict[str, Any]]:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.log_severity_level = 3
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "network.onnx"
        write_onnx(Source(module, tuple(images.shape[1:]), None, "", "{}"), path)
        session = onnxruntime.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])
    return session, {session.get_inputs()[0].name: images.numpy()}


def _check(contenders: dict[str, Call]) -> None:
    """Stop when a contender computes something else."""
    outputs = {name: torch.as_tensor(call()) for name, call in contenders.items()}
    truth = outputs["torch"]
    for name, output in outputs.items():
        difference = float((output - truth).abs().max() / truth.abs().max())
        assert difference < 1e-4, f"{name} differs by {difference:.1e}"


if __name__ == "__main__":
    main()
