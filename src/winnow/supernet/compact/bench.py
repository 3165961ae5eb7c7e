"""`bench`: how long each form of one network takes on this machine."""

from __future__ import annotations

import contextlib
import copy
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor, nn

from winnow.core import WinnowError
from winnow.exports.formats import largest_difference
from winnow.exports.onnx_file import has, open_onnx, quiet
from winnow.supernet.compact.latency import Percentiles, faster, percentiles
from winnow.supernet.compact.network import compacted
from winnow.supernet.compact.onnx import export_onnx
from winnow.supernet.compact.saved import Saved
from winnow.supernet.compact.stored import with_stored_weights
from winnow.supernet.network import build
from winnow.supernet.space import dense_architecture

DENSE, MASKED, COMPACT, STORED, ONNX = "dense supernet", "masked", "compact", "compact, stored weights", "onnx runtime"
VARIANTS = (DENSE, MASKED, COMPACT, STORED, ONNX)
_SEED = 0
Run = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class BenchRow:
    """One form of the network at one size of batch.

    Args:
        variant: a name of `VARIANTS`.
        batch: images a call.
        latency: of a call; None where it did not run.
        difference: max |output - the masked network's|; None for the dense supernet, whose weights are others.
        note: why there are no numbers, or what was chosen by measurement.
    """

    variant: str
    batch: int
    latency: Percentiles | None = None
    difference: float | None = None
    note: str = ""

    def ratio(self, other: BenchRow) -> float | None:
        """How many times as fast as another form, by medians; below 1 it is slower."""
        if self.latency is None or other.latency is None:
            return None
        return other.latency.p50 / self.latency.p50


def bench(
    saved: Saved,
    batches: Sequence[int] = (1, 32),
    *,
    rounds: int = 7,
    seconds: float = 0.1,
    threads: int | None = None,
    names: Sequence[str] = VARIANTS,
    progress: Callable[[str], None] = lambda _: None,
) -> list[BenchRow]:
    """Measure the forms of a network beside each other, in one process and in turns.

    The dense supernet and the masked network get the faster of torch's two orders of memory, so that no form wins by
    that alone. Zeros in place save nothing, which "masked" shows.

    Args:
        saved: the network.
        batches: images a call.
        rounds: turns of each form.
        seconds: that a turn lasts at least.
        threads: of torch, Winnow and ONNX Runtime; torch's own number when not given.
        names: which of `VARIANTS`.
        progress: told what is being done.
    """
    rows: list[BenchRow] = []
    with _threads(threads), tempfile.TemporaryDirectory() as folder, torch.inference_mode():
        forms = _Forms(saved, Path(folder), progress)
        for batch in batches:
            images = _images(saved, batch)
            ready = {name: _ready(forms, name, images) for name in names}
            progress(f"timing batches of {batch}")
            calls = {name: form.call(images) for name, form in ready.items() if form.run is not None}
            found = percentiles(calls, rounds, seconds)
            rows += [BenchRow(n, batch, found.get(n), form.difference, form.note) for n, form in ready.items()]
    return rows


@dataclass(frozen=True)
class _Form:
    run: Run | None
    note: str = ""
    difference: float | None = None

    def call(self, images: Tensor) -> Callable[[], object]:
        run = self.run
        assert run is not None
        return lambda: run(images)


@dataclass
class _Forms:
    """The forms of a network, each made when it is first asked for."""

    saved: Saved
    folder: Path
    progress: Callable[[str], None]
    _made: dict[str, Run] = field(default_factory=dict)

    def made(self, name: str, images: Tensor) -> tuple[Run, str]:
        """A form for a batch, and what was chosen."""
        if name in (DENSE, MASKED):
            return _in_faster_order(self._once(name), images)
        if name != STORED:
            return self._once(name), ""
        small = self._once(COMPACT)
        own, blocks = with_stored_weights(small, images)  # type: ignore[arg-type]
        return own, f"{len(blocks)} of {len(own.blocks)} blocks on stored weights"

    def wanted(self, images: Tensor) -> Tensor:
        """What the masked network puts out."""
        return self._once(MASKED)(images)

    def _once(self, name: str) -> Run:
        if name not in self._made:
            self.progress(f"making {name}")
            self._made[name] = getattr(self, f"_{name.partition(' ')[0]}")()
        return self._made[name]

    def _dense(self) -> Run:
        of = self.saved.architecture
        whole = dense_architecture(of.space, of.task, of.outputs, of.input_size)
        return build(whole, _SEED).eval().requires_grad_(False)

    def _masked(self) -> Run:
        return self.saved.network()

    def _compact(self) -> Run:
        return compacted(self.saved.network(), self.saved.mask)

    def _onnx(self) -> Run:
        if not has("onnxruntime"):
            raise WinnowError("WN-D07", "onnxruntime is not installed")
        path = self.folder / "network.onnx"
        # The exporter needs tensors that remember how they were made.
        with torch.inference_mode(False):
            export_onnx(self.saved, path, scale=False)
        return open_onnx(path)


def _ready(forms: _Forms, name: str, images: Tensor) -> _Form:
    """A form that has run once and was compared, or the reason why not."""
    try:
        with quiet():
            run, note = forms.made(name, images)
            output = run(images)
            if name == DENSE:
                return _Form(run, note)
            return _Form(run, note, largest_difference(output, forms.wanted(images)))
    except WinnowError as error:
        return _Form(None, error.what)
    except Exception as error:  # other programs' runtimes fail in any way, and the table says how
        return _Form(None, f"{type(error).__name__}: {str(error).partition(chr(10))[0]}")


def _in_faster_order(run: Run, images: Tensor) -> tuple[Run, str]:
    assert isinstance(run, nn.Module)
    last = copy.deepcopy(run).to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def channels_last(images: Tensor) -> Tensor:
        return last(images.contiguous(memory_format=torch.channels_last))

    choices: dict[str, Run] = {"channels first": run, "channels last": channels_last}
    for choice in choices.values():
        choice(images)
    name = faster({name: (lambda c=choice: c(images)) for name, choice in choices.items()})
    return choices[name], name


def _images(saved: Saved, count: int) -> Tensor:
    noise = torch.Generator().manual_seed(_SEED)
    return torch.randn(count, 3, *saved.architecture.input_size, generator=noise)


@contextlib.contextmanager
def _threads(count: int | None) -> Iterator[None]:
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(count or before)
        yield
    finally:
        torch.set_num_threads(before)
