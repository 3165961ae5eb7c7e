"""The kernels with the vector widths of other processors: 4 floats (SSE, NEON) and 16 (AVX-512).

LLVM compiles vectors of any width for any processor, so that others' code can run here.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import sys
import llvmlite.binding as llvm

width = int(sys.argv[1])


class Pretended(llvm.FeatureMap):
    def get(self, name, default=None):
        return {"avx512f": width == 16, "avx": width >= 8}.get(name, default)


real = llvm.get_host_cpu_features()
llvm.get_host_cpu_features = lambda: Pretended(real)

import torch
from torch.nn import functional as F
from winnow.kernels import vectors
from winnow.kernels.elementwise import pack_call
from winnow.kernels.layout import Layout, batch_of, buffer
from winnow.kernels.pattern import pattern_of
from winnow.kernels.products import Taps, Window
from winnow.kernels.team import Program, Team

assert vectors.LANES == width
torch.manual_seed(0)
batch = batch_of(20, 16)
weight = torch.randn(5, 3, 3, 3)
weight *= torch.rand_like(weight) < 0.6
images, upstream = torch.randn(20, 3, 6, 6, requires_grad=True), torch.randn(20, 5, 6, 6)
weight.requires_grad_()
expected = F.conv2d(images, weight, padding=1)
expected.backward(upstream)
inputs, outputs = Layout(3, 6, 6, batch, halo=1), Layout(5, 6, 6, batch, halo=1)
pattern = pattern_of((weight != 0).flatten(1).numpy())
places = torch.from_numpy(pattern.positions)
taps = Taps(pattern, Window((3, 3), padding=(1, 1)), inputs, outputs)
values, into = weight.detach().flatten()[places], torch.zeros(pattern.stored)
x, y, z, back = buffer(inputs), buffer(outputs), buffer(outputs), buffer(inputs)
packs = [pack_call(x), pack_call(z)]
packs[0].read(images.data_ptr(), 20)
packs[1].read(upstream.data_ptr(), 20)
calls = [taps.forward(values, None, x, y), *taps.input_gradient(values, z, back, add=False)]
Team([Program([*(p.call for p in packs), *calls, *taps.weight_gradient(z, x, into, 1)])], 1).run()
torch.testing.assert_close(y.images(), expected.detach(), rtol=1e-4, atol=1e-5)
torch.testing.assert_close(back.images(), images.grad, rtol=1e-4, atol=1e-5)
torch.testing.assert_close(into, weight.grad.flatten()[places], rtol=1e-4, atol=1e-4)
"""


@pytest.mark.parametrize("width", [4, 16])
def test_the_kernels_agree_with_torch_at_another_vector_width(width: int, tmp_path: Path) -> None:
    own = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(width)], env=own, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
