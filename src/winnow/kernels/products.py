"""Calls of the tap operations for linear layers and convolutions: which tap reads where."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from winnow.kernels.layout import Buffer, Layout
from winnow.kernels.pattern import Pattern, ordered
from winnow.kernels.taps import add_partials, apply_taps, gather, tap_gradients
from winnow.kernels.team import Call, make_call

# With fewer positions than this the threads share the rows instead.
_FEW_POSITIONS = 8
_RUN = 32


@dataclass(frozen=True)
class Window:
    """The geometry of a convolution; a linear layer is one whose kernel is as large as its input.

    Args:
        kernel: height and width.
        stride: in lines and pixels.
        padding: zeros on either side.
        dilation: distance of neighbouring taps.
        groups: of channels.
    """

    kernel: tuple[int, int]
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)
    dilation: tuple[int, int] = (1, 1)
    groups: int = 1

    def outputs(self, height: int, width: int) -> tuple[int, int]:
        """Height and width of the output."""
        sizes = zip((height, width), self.kernel, self.stride, self.padding, self.dilation, strict=True)
        first, second = ((n + 2 * p - d * (k - 1) - 1) // s + 1 for n, k, s, p, d in sizes)
        return first, second


def whole(layout: Layout) -> Window:
    """A linear layer over everything in a layout, as a window with one position."""
    return Window((layout.height, layout.width))


@dataclass(frozen=True)
class _Grid:
    """The positions of an operation: strips x height x pieces, each a strip of `width` floats.

    `read` and `write` are the steps (strip, line, piece) in floats, `read_from` and `write_from` the first position.
    """

    strips: int
    height: int
    pieces: int
    width: int
    read: tuple[int, int, int]
    write: tuple[int, int, int]
    read_from: int
    write_from: int


def _grid(
    height: int,
    width: int,
    read: Layout,
    write: Layout,
    steps: tuple[tuple[int, int], tuple[int, int]],
    read_from: int,
    write_from: int,
) -> _Grid:
    """Positions `height x width`; `steps` are those of the reading and of the writing, in lines and pixels."""
    (read_line, read_pixel), (write_line, write_pixel) = steps
    block = read.batch.block
    strip = block
    if read_pixel == write_pixel == 1:  # neighbouring pixels lie side by side, so that strips may run over them
        strip = max(n for n in (8, 16, 32, 64) if width * block % n == 0)
    pixels = strip // block
    return _Grid(
        read.batch.blocks,
        height,
        width // pixels,
        strip,
        (read.strip, read_line * read.line, read_pixel * pixels * block),
        (write.strip, write_line * write.line, write_pixel * pixels * block),
        read_from,
        write_from,
    )


class Taps:
    """One layer's stored weights over given layouts: the calls of its forward pass and of its gradients.

    Args:
        pattern: stored weights of [outputs, inputs of a group * kernel height * kernel width].
        window: the geometry.
        inputs: layout of what is read; its halo must hold the padding.
        outputs: layout of what is written; `gradient_halo` tells what its gradient needs.
    """

    def __init__(self, pattern: Pattern, window: Window, inputs: Layout, outputs: Layout) -> None:
        self.pattern, self.window, self.inputs, self.outputs = pattern, window, inputs, outputs

    def forward(
        self,
        values: Tensor,
        bias: Tensor | None,
        source: Buffer,
        target: Buffer,
        *,
        clamp: bool = False,
        extra: Buffer | None = None,
    ) -> Call:
        """target = W source + bias (+ extra), then ReLU where `clamp`."""
        to = target.layout
        steps = (self.window.stride, (1, 1))
        grid = _grid(to.height, to.width, source.layout, to, steps, 0, to.origin)
        offsets = self._offsets(source.layout)
        places = target.channel_places
        other = None
        if extra is not None:
            other = _Extra(extra.flat, extra.layout.origin, extra.channel_places, _steps_of(extra.layout, grid))
        return _apply(self.pattern, offsets, values, bias, source.flat, target.flat, places, grid, clamp, other)

    def input_gradient(self, values: Tensor, gradient: Buffer, target: Buffer, *, add: bool) -> list[Call]:
        """target (+)= W' gradient, one call for every class of positions that the stride makes."""
        calls: list[Call] = []
        for pattern, source, offsets, places, grid in self._transposed(gradient.layout, target):
            gathered = values.new_zeros(max(pattern.stored, 1))
            calls.append(make_call(gather, gathered, values, source, pattern.stored))
            other = _Extra(target.flat, grid.write_from, places, grid.write) if add else None
            calls.append(
                _apply(pattern, offsets, gathered, None, gradient.flat, target.flat, places, grid, False, other)
            )
        return calls

    def weight_gradient(self, gradient: Buffer, source: Buffer, target: Tensor, threads: int) -> list[Call]:
        """target[stored] = gradient of the stored weights."""
        z, x = gradient.layout, source.layout
        (down, along), block = self.window.stride, z.batch.block
        # Pieces of eight pixels: their inputs stay in the second-level cache from channel to channel.
        pixels = max(n for n in range(1, 9) if z.width % n == 0)
        repeats, length = (1, pixels * block) if along == 1 else (pixels, block)
        by_rows = z.height * z.width == 1
        rows = 1 if by_rows else threads
        partial = target if rows == 1 else target.new_zeros(rows * max(self.pattern.stored, 1))
        strips, steps = z.batch.blocks, (z.pixel, along * x.pixel)
        if by_rows:  # one position: the blocks of images are the repeated pieces
            strips, repeats, steps = 1, z.batch.blocks, (z.strip, x.strip)
        call = make_call(
            tap_gradients,
            *(self.pattern.rows, self.pattern.blocks, self.pattern.starts, self._offsets(x)),
            *(gradient.flat.data_ptr() + 4 * z.origin, source.flat, gradient.channel_places, partial, by_rows),
            *(strips, z.height, z.width // pixels, repeats, length),
            *(z.strip, z.line, pixels * z.pixel),
            *(x.strip, down * x.line, pixels * along * x.pixel),
            *(*steps, 0, 0),
        )
        call.keeps.append(gradient.flat)
        if rows == 1:
            return [call]
        return [call, make_call(add_partials, target, partial, rows, self.pattern.stored)]

    def gradient_halo(self) -> int:
        """The halo that `input_gradient` needs around this layer's outputs."""
        if self._is_whole():
            return 0
        reach = [0]
        for axis, (size, count) in enumerate(
            ((self.inputs.height, self.outputs.height), (self.inputs.width, self.outputs.width))
        ):
            for start in range(self.window.stride[axis]):
                positions = -(-(size - start) // self.window.stride[axis])
                for k in range(self.window.kernel[axis]):
                    shift = self._shift(axis, start, k)
                    if shift is not None:
                        reach += [-shift, positions - 1 + shift - (count - 1)]
        return max(reach)

    def _is_whole(self) -> bool:
        """Whether it is one position over everything, as a linear layer is."""
        window, size = self.window, (self.inputs.height, self.inputs.width)
        return window.kernel == size and window.padding == (0, 0) and window.groups == 1

    def _shift(self, axis: int, start: int, k: int) -> int | None:
        """Which output, from that of the position on, tap `k` led to from an input at `start` within the stride."""
        moved = start + self.window.padding[axis] - k * self.window.dilation[axis]
        return None if moved % self.window.stride[axis] else moved // self.window.stride[axis]

    def _taps(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Input channel, line and pixel of every stored weight."""
        height, width = self.window.kernel
        within, tap = np.divmod(self.pattern.column, height * width)
        per_group = self.pattern.columns // (height * width)
        group = self.pattern.row // max(self.pattern.rows // self.window.groups, 1)
        return group * per_group + within, tap // width, tap % width

    def _offsets(self, x: Layout) -> np.ndarray:
        channel, down, along = self._taps()
        lines = x.halo - self.window.padding[0] + down * self.window.dilation[0]
        pixels = x.halo - self.window.padding[1] + along * self.window.dilation[1]
        return (channel * x.plane + lines * x.line + pixels * x.pixel).astype(np.int32)

    def _transposed(
        self, z: Layout, target: Buffer
    ) -> Iterator[tuple[Pattern, np.ndarray, np.ndarray, np.ndarray, _Grid]]:
        """Per class of positions: pattern, source of its values, offsets, places of the rows, and grid."""
        x = target.layout
        if self._is_whole():
            pattern, source = self.pattern.transposed()
            offsets = (pattern.column * np.int32(z.plane)).astype(np.int32)
            grid = _grid(1, 1, z, x, ((1, 1), (1, 1)), z.origin, x.origin)
            yield pattern, source, offsets, target.feature_places, grid
            return
        channel, down, along = self._taps()
        (step_down, step_along) = self.window.stride
        for first_line in range(min(step_down, x.height)):
            for first_pixel in range(min(step_along, x.width)):
                lines = [self._shift(0, first_line, k) for k in range(self.window.kernel[0])]
                pixels = [self._shift(1, first_pixel, k) for k in range(self.window.kernel[1])]
                fits = np.array([n is not None for n in lines])[down] & np.array([n is not None for n in pixels])[along]
                chosen = np.flatnonzero(fits)
                taps = self.window.kernel[0] * self.window.kernel[1]
                column = self.pattern.row * taps + self.pattern.column % taps
                pattern, source = ordered(x.channels, self.pattern.rows * taps, channel[chosen], column[chosen], chosen)
                shift_down = np.array([n or 0 for n in lines])[down[source]] + z.halo
                shift_along = np.array([n or 0 for n in pixels])[along[source]] + z.halo
                row = self.pattern.row[source]
                offsets = (row * z.plane + shift_down * z.line + shift_along * z.pixel).astype(np.int32)
                grid = _grid(
                    -(-(x.height - first_line) // step_down),
                    -(-(x.width - first_pixel) // step_along),
                    z,
                    x,
                    ((1, 1), self.window.stride),
                    0,
                    x.origin + first_line * x.line + first_pixel * x.pixel,
                )
                yield pattern, source, offsets, target.channel_places, grid


@dataclass(frozen=True)
class _Extra:
    flat: Tensor
    begin: int
    places: np.ndarray
    steps: tuple[int, int, int]


def _steps_of(layout: Layout, grid: _Grid) -> tuple[int, int, int]:
    """The steps in another tensor of the same planes."""
    return layout.strip, layout.line, grid.write[2]


def _apply(
    pattern: Pattern,
    offsets: np.ndarray,
    values: Tensor,
    bias: Tensor | None,
    source: Tensor,
    target: Tensor,
    places: np.ndarray,
    grid: _Grid,
    clamp: bool,
    extra: _Extra | None,
) -> Call:
    other = extra or _Extra(target, grid.write_from, places, grid.write)
    positions = grid.strips * grid.height
    call = make_call(
        apply_taps,
        *(pattern.rows, pattern.blocks, pattern.starts, offsets, values, bias),
        *(source.data_ptr() + 4 * grid.read_from, target.data_ptr() + 4 * grid.write_from, places),
        *(other.flat.data_ptr() + 4 * other.begin, other.places, grid.strips, grid.height, grid.pieces),
        *(*grid.read, *grid.write, *other.steps, _RUN, 0),
        *(clamp, extra is not None, positions < _FEW_POSITIONS, grid.width),
    )
    call.keeps += [source, target, other.flat]
    return call
