"""`bench`: size, memory, latency and outputs of every way to run a ticket's network."""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor, nn

from winnow.core import WinnowError
from winnow.exports.formats import largest_difference, write_checked
from winnow.exports.memory import Memory, memory_of
from winnow.exports.onnx_file import quiet
from winnow.exports.source import Source, source_of
from winnow.exports.timing import Latency, interleaved
from winnow.exports.variants import BASELINE, FILES, VARIANTS, Absent, Built
from winnow.sparsity import Mask, Ticket


@dataclass(frozen=True)
class Row:
    """One variant, or why it did not run.

    Attributes:
        variant: a name of `VARIANTS`.
        reason: why there are no numbers, or nothing.
        bytes: of the file that it opens.
        memory: of a fresh process that runs the largest batch.
        latency: by batch size.
        difference: max |output - masked torch's output| over the batches; None for the dense network, whose weights are
            others.
        largest_output: max |masked torch's output|, to judge the difference by.
    """

    variant: str
    reason: str = ""
    bytes: int | None = None
    memory: Memory = field(default_factory=Memory)
    latency: dict[int, Latency] = field(default_factory=dict)
    difference: float | None = None
    largest_output: float | None = None

    def ratio(self, batch: int, dense: Row) -> float | None:
        """How many times as fast as the dense network; below 1 it is slower."""
        if batch not in self.latency or batch not in dense.latency:
            return None
        return dense.latency[batch].median / self.latency[batch].median


def bench(
    ticket: Ticket,
    module: nn.Module,
    *,
    input_shape: tuple[int, ...],
    dense: nn.Module | None = None,
    batches: Sequence[int] = (1, 32, 256),
    repeats: int = 5,
    threads: int | None = None,
    names: Sequence[str] = tuple(VARIANTS),
    progress: Callable[[str], None] = lambda _: None,
) -> list[Row]:
    """Measure every variant on this machine; what cannot run says why.

    Args:
        ticket: whose mask is applied.
        module: filled with the trained weights; it stays as it is.
        input_shape: of one input, the batch left out.
        dense: the same architecture with dense weights; random ones when not given.
        batches: images a call.
        repeats: timed blocks a variant and batch.
        threads: of torch, ONNX Runtime and Winnow; torch's own number when not given.
        names: which of `VARIANTS`.
        progress: told what is being done.
    """
    source = source_of(ticket, module, input_shape)
    whole = copy.deepcopy(dense).cpu().eval().requires_grad_(False) if dense else _random(source, ticket.mask)
    with _threads(threads), tempfile.TemporaryDirectory() as folder:
        bench = _Bench(source, dataclasses.replace(source, module=whole), Path(folder), progress)
        bench.build(names)
        bench.warm(batches)
        bench.time(batches, repeats)
        bench.measure_memory(max(batches))
        return [bench.rows[name] for name in names]


class _Bench:
    """The rows as far as they are known; a variant that fails keeps its reason and takes no further part."""

    def __init__(self, source: Source, whole: Source, folder: Path, progress: Callable[[str], None]) -> None:
        self.source, self.whole, self.folder, self.progress = source, whole, folder, progress
        self.rows: dict[str, Row] = {}
        self.built: dict[str, Built] = {}

    def build(self, names: Sequence[str]) -> None:
        """Write the files and open them."""
        for name in names:
            self.progress(f"opening {name}")
            self.rows[name] = Row(name)
            with self._reason(name), quiet(), torch.inference_mode():
                path = self._file(VARIANTS[name].file)
                self.rows[name] = Row(name, bytes=path.stat().st_size)
                source = self.whole if name == BASELINE else self.source
                self.built[name] = VARIANTS[name].build(path, source.filled)

    def warm(self, batches: Sequence[int]) -> None:
        """Run every variant once at every size and compare; compilers work now."""
        for name, built in list(self.built.items()):
            self.progress(f"first run of {name}")
            with self._reason(name), quiet(), torch.inference_mode():
                differences, outputs = zip(*[self._compared(built, batch) for batch in batches], strict=True)
                if name != BASELINE:
                    self._note(name, difference=max(differences), largest_output=max(outputs))

    def time(self, batches: Sequence[int], repeats: int) -> None:
        """Latency, variants interleaved."""
        for batch in batches:
            self.progress(f"timing batches of {batch}")
            images = self.source.inputs(batch)
            with quiet(), torch.inference_mode():
                found = interleaved({name: _call(built, images) for name, built in self.built.items()}, repeats)
            for name, latency in found.items():
                self._note(name, latency={**self.rows[name].latency, batch: latency})

    def measure_memory(self, batch: int) -> None:
        """Memory, each variant in its own process."""
        for name in self.built:
            self.progress(f"memory of {name}")
            path = self._file(VARIANTS[name].file)
            self._note(name, memory=memory_of(name, path, batch, self.source.input_shape))

    def _file(self, name: str) -> Path:
        path = self.folder / f"{name}{FILES[name].format.suffix}"
        if not path.exists():
            write_checked(self.source if FILES[name].pruned else self.whole, name, FILES[name].format, path)
        return path

    def _compared(self, built: Built, batch: int) -> tuple[float, float]:
        """The largest difference to the masked network's outputs, and the largest of those."""
        images = self.source.inputs(batch)
        expected = self.source.module(images)
        return largest_difference(built.run(built.adapt(images)).cpu(), expected), float(expected.abs().max())

    def _note(self, name: str, **known: object) -> None:
        self.rows[name] = dataclasses.replace(self.rows[name], **known)  # pyright: ignore[reportArgumentType]

    @contextlib.contextmanager
    def _reason(self, name: str) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # other programs' runtimes fail in any way, and the table says how
            self.built.pop(name, None)
            self._note(name, reason=_told(error))


def _told(error: Exception) -> str:
    if isinstance(error, WinnowError):
        return f"{error.what}; {error.fix}" if error.fix else error.what
    first = str(error).strip().partition("\n")[0]
    return first if isinstance(error, Absent) else f"{type(error).__name__}: {first}"


def _call(built: Built, images: Tensor) -> Callable[[], object]:
    given = built.adapt(images)
    return lambda: built.run(given)


def _random(source: Source, mask: Mask) -> nn.Module:
    """The network with no zeros in its weights, of the size that its own have; time does not depend on which."""
    module = copy.deepcopy(source.module)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name in mask:
            weight = module.get_parameter(name)
            spread = float(weight.std()) if weight.numel() > 1 else 1.0
            weight.copy_(torch.randn(weight.shape, generator=generator) * spread)
    return module


@contextlib.contextmanager
def _threads(count: int | None) -> Iterator[None]:
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(count or before)
        yield
    finally:
        torch.set_num_threads(before)
