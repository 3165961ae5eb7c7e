"""Maximum and average pooling with their gradients."""

from __future__ import annotations

import numpy as np
from numba import njit

from winnow.kernels.layout import Buffer
from winnow.kernels.team import Call, Operation, make_call
from winnow.kernels.vectors import floats_at, integers_at

# Arguments of all four operations: channels, blocks, images of a block, output height and width, input height and
# width, kernel (2), stride (2), padding (2), then address and steps (block, channel, line) of the input, the output
# and, for gradients, of the input's gradient and the output's gradient.


@njit(error_model="numpy")
def _window(position, stride, padding, kernel, size):
    """First and one past the last input of a window."""
    first = position * stride - padding
    return max(first, 0), min(first + kernel, size)


@Operation
def maximum(arguments, thread, threads):
    """out = maximum over each window; padding counts for nothing."""
    a = integers_at(arguments, 21)
    block = a[2]
    for item in range(a[0] * a[1] * thread // threads, a[0] * a[1] * (thread + 1) // threads):
        channel, strip = item // a[1], item % a[1]
        source = a[13] + 4 * (strip * a[14] + channel * a[15])
        target = a[17] + 4 * (strip * a[18] + channel * a[19])
        for i in range(a[3]):
            top, bottom = _window(i, a[9], a[11], a[7], a[5])
            for j in range(a[4]):
                left, right = _window(j, a[10], a[12], a[8], a[6])
                out = floats_at(target + 4 * (i * a[20] + j * block), block)
                for b in range(block):
                    out[b] = -np.inf
                for h in range(top, bottom):
                    for w in range(left, right):
                        x = floats_at(source + 4 * (h * a[16] + w * block), block)
                        for b in range(block):
                            out[b] = x[b] if x[b] > out[b] or x[b] != x[b] else out[b]


@Operation
def maximum_gradient(arguments, thread, threads):
    """The gradient goes to the first largest input of each window; the input's gradient is set."""
    a = integers_at(arguments, 29)
    block = a[2]
    for item in range(a[0] * a[1] * thread // threads, a[0] * a[1] * (thread + 1) // threads):
        channel, strip = item // a[1], item % a[1]
        source = a[13] + 4 * (strip * a[14] + channel * a[15])
        output = a[17] + 4 * (strip * a[18] + channel * a[19])
        into = a[21] + 4 * (strip * a[22] + channel * a[23])
        from_ = a[25] + 4 * (strip * a[26] + channel * a[27])
        _clear(into, a[5], a[6] * block, a[24])
        for i in range(a[3]):
            top, bottom = _window(i, a[9], a[11], a[7], a[5])
            for j in range(a[4]):
                left, right = _window(j, a[10], a[12], a[8], a[6])
                y = floats_at(output + 4 * (i * a[20] + j * block), block)
                g = floats_at(from_ + 4 * (i * a[28] + j * block), block)
                for b in range(block):
                    h, w = top, left
                    while h < bottom - 1 or w < right - 1:
                        if floats_at(source + 4 * (h * a[16] + w * block + b), 1)[0] == y[b]:
                            break
                        w += 1
                        if w == right:
                            h, w = h + 1, left
                    floats_at(into + 4 * (h * a[24] + w * block + b), 1)[0] += g[b]


@Operation
def average(arguments, thread, threads):
    """out = mean over each window; padding counts as zeros."""
    a = integers_at(arguments, 21)
    block, share = a[2], np.float32(1) / np.float32(a[7] * a[8])
    for item in range(a[0] * a[1] * thread // threads, a[0] * a[1] * (thread + 1) // threads):
        channel, strip = item // a[1], item % a[1]
        source = a[13] + 4 * (strip * a[14] + channel * a[15])
        target = a[17] + 4 * (strip * a[18] + channel * a[19])
        for i in range(a[3]):
            top, bottom = _window(i, a[9], a[11], a[7], a[5])
            for j in range(a[4]):
                left, right = _window(j, a[10], a[12], a[8], a[6])
                out = floats_at(target + 4 * (i * a[20] + j * block), block)
                for b in range(block):
                    out[b] = 0
                for h in range(top, bottom):
                    for w in range(left, right):
                        x = floats_at(source + 4 * (h * a[16] + w * block), block)
                        for b in range(block):
                            out[b] += x[b]
                for b in range(block):
                    out[b] *= share


@Operation
def average_gradient(arguments, thread, threads):
    """The gradient is spread over each window; the input's gradient is set."""
    a = integers_at(arguments, 29)
    block, share = a[2], np.float32(1) / np.float32(a[7] * a[8])
    for item in range(a[0] * a[1] * thread // threads, a[0] * a[1] * (thread + 1) // threads):
        channel, strip = item // a[1], item % a[1]
        into = a[21] + 4 * (strip * a[22] + channel * a[23])
        from_ = a[25] + 4 * (strip * a[26] + channel * a[27])
        _clear(into, a[5], a[6] * block, a[24])
        for i in range(a[3]):
            top, bottom = _window(i, a[9], a[11], a[7], a[5])
            for j in range(a[4]):
                left, right = _window(j, a[10], a[12], a[8], a[6])
                g = floats_at(from_ + 4 * (i * a[28] + j * block), block)
                for h in range(top, bottom):
                    for w in range(left, right):
                        x = floats_at(into + 4 * (h * a[24] + w * block), block)
                        for b in range(block):
                            x[b] += share * g[b]


@njit(error_model="numpy")
def _clear(address, lines, length, step):
    for line in range(lines):
        x = floats_at(address + 4 * line * step, length)
        for i in range(length):
            x[i] = 0


_FORWARD = {"maxpool": maximum, "avgpool": average}
_BACKWARD = {"maxpool": maximum_gradient, "avgpool": average_gradient}


def _steps(buffer: Buffer) -> tuple[int, int, int, int]:
    n = buffer.layout
    return buffer.address, n.strip, n.plane, n.line


def _geometry(source: Buffer, target: Buffer, options: dict) -> list[int]:
    x, y = source.layout, target.layout
    sizes = [*options["kernel"], *options["stride"], *options["padding"]]
    return [x.channels, x.batch.blocks, x.pixel, y.height, y.width, x.height, x.width, *sizes]


def pool_call(kind: str, options: dict, source: Buffer, target: Buffer) -> Call:
    """target = pooled source; kind "maxpool" or "avgpool", options kernel, stride and padding as pairs."""
    call = make_call(_FORWARD[kind], *_geometry(source, target, options), *_steps(source), *_steps(target))
    call.keeps += [source.flat, target.flat]
    return call


def pool_gradient_call(
    kind: str, options: dict, source: Buffer, output: Buffer, target: Buffer, gradient: Buffer
) -> Call:
    """target = gradient of the source, from the output's gradient."""
    places = [*_steps(source), *_steps(output), *_steps(target), *_steps(gradient)]
    call = make_call(_BACKWARD[kind], *_geometry(source, output, options), *places)
    call.keeps += [source.flat, output.flat, target.flat, gradient.flat]
    return call
