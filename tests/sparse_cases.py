"""What the tests of the kernels share: buffers filled with images, runs of a few calls, engines beside their oracle."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor, nn

from helpers import members
from winnow.kernels.elementwise import pack_call
from winnow.kernels.layout import Buffer, Layout, buffer
from winnow.kernels.team import Call, Program, Team
from winnow.sparsity import Mask
from winnow.training import Member, Stack, loss_named
from winnow.training.engines import ModuleEngine
from winnow.training.packed import PackedStack
from winnow.training.sparse import SparseEngine, training_stages, weighted_tensors

EPSILON = torch.finfo(torch.float32).eps


def inside(held: Buffer) -> Tensor:
    """A view [blocks, channels, height, width, block] of a buffer without its border."""
    n = held.layout
    lines, pixels = n.height + 2 * n.halo, n.width + 2 * n.halo
    whole = held.flat.view(n.batch.blocks, n.channels, lines, pixels, n.batch.block)
    return whole[:, :, n.halo : n.halo + n.height, n.halo : n.halo + n.width]


def by_image(held: Buffer) -> Tensor:
    """A copy [images with the empty ones, channels, height, width]."""
    n = held.layout
    return inside(held).permute(0, 4, 1, 2, 3).reshape(-1, n.channels, n.height, n.width)


def placed(images: Tensor, layout: Layout, empty: float = 0.0) -> Buffer:
    """A buffer that holds images [N, C, H, W]; the empty ones of the last block hold `empty`."""
    held, n = buffer(layout), layout
    whole = torch.full((n.batch.blocks * n.batch.block, n.channels, n.height, n.width), float(empty))
    whole[: len(images)] = images
    inside(held).copy_(whole.view(n.batch.blocks, n.batch.block, *whole.shape[1:]).permute(0, 2, 3, 4, 1))
    return held


def has_clean_border(held: Buffer) -> bool:
    """Whether everything outside of the planes is exactly 0."""
    copy = Buffer(held.flat.clone(), held.layout)
    inside(copy).zero_()
    return not copy.flat.any()


def run(*calls: Call, threads: int = 1) -> None:
    """Run calls one after another."""
    Team([Program(calls)], threads).run()


def packed_into(held: Buffer, images: Tensor, numbers: Tensor | None = None, *, threads: int = 1) -> None:
    """Read images, all or those of the given numbers, into a buffer by the kernel."""
    pack = pack_call(held)
    if numbers is None:
        pack.read(images.data_ptr(), len(images))
    else:
        pack.read(images.data_ptr(), len(numbers), numbers.data_ptr())
    run(pack.call, threads=threads)


@dataclass
class Pair:
    """The same members on stored weights and in dense memory."""

    packed: PackedStack
    sparse: SparseEngine
    dense: Stack
    oracle: ModuleEngine

    def gradients(self, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Gradients of both; the losses of the sparse engine and of the dense one."""
        losses = self.sparse.gradients(images, labels, 0)[0].clone(), self.oracle.gradients(images, labels, 0)[0]
        self.dense.hold_masks()
        self.packed.hold_masks()
        return losses

    def disagreements(self, tolerance: float = 5e-5) -> dict[str, float]:
        """Names of the gradients that differ by more than this share of the largest entry in their tensor."""
        found = {}
        for row in range(len(self.packed)):
            for name, theirs in dense_gradients(self.dense, row).items():
                ours = packed_gradients(self.packed, row)[name]
                error = float((ours - theirs).abs().max()) / max(float(theirs.abs().max()), 1e-6)
                if not error <= tolerance:
                    found[f"{row}.{name}"] = error
        return found


def pair_of(
    build: Callable[[], nn.Module],
    shape: Sequence[int],
    batch: int,
    count: int = 1,
    *,
    density: float = 0.5,
    rates: Sequence[float] | None = None,
    masked: Sequence[str] = (),
) -> Pair:
    """Members of a network with their own starts and masks, by both paths; `masked` are masked besides the weights."""
    module, made = members(build, count, density=density, rates=rates)
    made = [_masked(member, masked) for member in made]
    stages = training_stages(module, shape)
    packed = PackedStack(module, made, weighted_tensors(stages))
    dense = Stack(module, made, torch.device("cpu"))
    return Pair(packed, SparseEngine(packed, stages, batch), dense, ModuleEngine(dense, loss_named("cross-entropy")))


def _masked(member: Member, names: Sequence[str]) -> Member:
    others = {name: torch.arange(member.start[name].numel()).view(member.start[name].shape) % 3 > 0 for name in names}
    return replace(member, mask=Mask({**member.mask, **others}))


def dense_gradients(stack: Stack, row: int) -> dict[str, Tensor]:
    """Every gradient of one member, by name."""
    return {name: stacked[row] for name, stacked in stack.stacked(stack.gradients).items()}


def packed_gradients(stack: PackedStack, row: int) -> dict[str, Tensor]:
    """Every gradient of one member by name, dense."""
    trained = {name: p for name, p in stack.modules[row].named_parameters() if p.requires_grad}
    patterns = stack.patterns[row]
    found = {}
    for (name, parameter), part in zip(trained.items(), stack.parts(stack.gradients, row), strict=True):
        whole = torch.zeros(parameter.numel())
        whole[torch.from_numpy(patterns[name].positions) if name in patterns else slice(None)] = part
        found[name] = whole.view(parameter.shape)
    return found


def batch_for(shape: Sequence[int], count: int, batch: int, classes: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Images [R, B, *shape] and labels [R, B]."""
    generator = torch.Generator().manual_seed(seed)
    images = torch.randn(count, batch, *shape, generator=generator)
    return images, torch.randint(0, classes, (count, batch), generator=generator)


def in_own_process(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run Python code by itself, with the tests' helpers at hand."""
    path = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
    given = {**os.environ, "OMP_NUM_THREADS": "2", "PYTHONPATH": path, **environment}
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=given, timeout=300)


# Forks before anything has run in parallel, so that every child may; a crash costs one answer.
_EXAMINE = """
import json, os, sys
{setup}
for name, code in json.loads({cases!r}).items():
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        try:
            exec(code, {{**globals()}})
        except BaseException as error:
            print(json.dumps([name, f"{{type(error).__name__}}: {{str(error)[:300]}}"]))
        else:
            print(json.dumps([name, "right"]))
        sys.stdout.flush()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if status:
        print(json.dumps([name, f"crashed: {{status}}"]))
"""


def answers(setup: str, cases: Mapping[str, str]) -> dict[str, str]:
    """What became of each piece of code, run in a process of its own after `setup`: "right", an error, or a crash."""
    done = in_own_process(_EXAMINE.format(setup=setup, cases=json.dumps(dict(cases))))
    assert done.returncode == 0, done.stderr
    return dict(json.loads(line) for line in done.stdout.splitlines() if line.startswith("["))
