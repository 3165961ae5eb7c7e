"""Forward products on stored weights against torch's dense ones: linear layers and 3x3 convolutions, 128 images.

    python benchmarks/sparse_products.py

Dense linear: the better of `W @ x` and `linear(x, W)`. Dense convolution: the better of torch's two memory formats.
MKL's sparse product (torch CSR) stands beside the linear ones. Random masks; medians of 5 rounds in turns.
"""

from __future__ import annotations

import argparse
import warnings
from typing import Any

import torch
from torch.nn import functional as F

from rounds import Call, finish, header, shown, speed_up, timed
from winnow.kernels.layout import Layout, batch_of, buffer
from winnow.kernels.pattern import pattern_of
from winnow.kernels.products import Taps, Window, whole
from winnow.kernels.team import Program, Team

DENSITIES = (0.5, 0.25, 0.1, 0.036, 0.01)
IMAGES = 128
LINEAR = ((300, 784), (1024, 1024))
CONVOLUTIONS = ((16, 32), (32, 16), (64, 8))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    torch.manual_seed(0)
    warnings.filterwarnings("ignore", message="Sparse CSR tensor support")
    rows: list[dict[str, Any]] = []
    for density in DENSITIES:
        for units, inputs in LINEAR:
            rows.append(_measured(f"{units} x {inputs}", density, _linear(units, inputs, density), chosen.rounds))
        for channels, size in CONVOLUTIONS:
            name = f"3x3, {channels} channels of {size} x {size}"
            rows.append(_measured(name, density, _convolution(channels, size, density), chosen.rounds))
    if not chosen.json:
        print("| work | density | dense, ms | stored weights, ms | times faster | torch CSR |")
        print("| --- | --- | ---: | ---: | ---: | ---: |")
        for row in rows:
            print("| {work} | {density:.1%} | {dense_ms:.3f} | {sparse_ms:.3f} | {shown} | {csr} |".format(**row))
    finish({"machine": header(), "rows": rows}, chosen.json)


def _measured(name: str, density: float, contenders: dict[str, Call], rounds: int) -> dict[str, Any]:
    times = timed(contenders, rounds)
    dense = [key for key in contenders if key.startswith("dense")]
    ratio = speed_up(times, "winnow", dense)
    csr = shown(speed_up(times, "csr", dense)) if "csr" in contenders else ""
    middle = {key: sorted(value)[len(value) // 2] * 1e3 for key, value in times.items()}
    return {
        "work": name,
        "density": density,
        "dense_ms": min(middle[key] for key in dense),
        "sparse_ms": middle["winnow"],
        "speed_up": ratio,
        "shown": shown(ratio),
        "csr": csr,
    }


def _linear(units: int, inputs: int, density: float) -> dict[str, Call]:
    weight, images = torch.randn(units, inputs), torch.randn(IMAGES, inputs)
    mask = torch.rand(units, inputs) < density
    columns, csr = images.t().contiguous(), (weight * mask).to_sparse_csr()
    layout, out = Layout(inputs, 1, 1, batch_of(IMAGES)), Layout(units, 1, 1, batch_of(IMAGES))
    taps = Taps(pattern_of(mask.numpy()), whole(layout), layout, out)
    return {
        "dense W @ x": lambda: weight @ columns,
        "dense linear": lambda: F.linear(images, weight),
        "csr": lambda: csr @ columns,
        "winnow": _forward(taps),
    }


def _convolution(channels: int, size: int, density: float) -> dict[str, Call]:
    weight, images = torch.randn(channels, channels, 3, 3), torch.randn(IMAGES, channels, size, size)
    mask = torch.rand(channels, channels * 9) < density
    last = {"memory_format": torch.channels_last}
    images_last, weight_last = images.contiguous(**last), weight.contiguous(**last)
    layout = Layout(channels, size, size, batch_of(IMAGES), halo=1)
    taps = Taps(pattern_of(mask.numpy()), Window((3, 3), padding=(1, 1)), layout, layout)
    return {
        "dense channels first": lambda: F.conv2d(images, weight, padding=1),
        "dense channels last": lambda: F.conv2d(images_last, weight_last, padding=1),
        "winnow": _forward(taps),
    }


def _forward(taps: Taps) -> Call:
    call = taps.forward(torch.randn(taps.pattern.stored), None, buffer(taps.inputs), buffer(taps.outputs))
    return Team([Program([call])]).run


if __name__ == "__main__":
    main()
