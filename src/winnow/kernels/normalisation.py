"""Batch normalisation over channels, with what follows it: a residual sum and ReLU.

Every thread takes whole channels, so that the second pass over a channel finds it in the cache and no thread waits.
Empty images of the last block are left out of the statistics and stay 0.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from torch import Tensor

from winnow.kernels.layout import Buffer
from winnow.kernels.team import Call, Operation, make_call
from winnow.kernels.vectors import floats_at, integers_at


@njit(error_model="numpy")
def _run_length(images, block, blocks, strip, width):
    """How the pixels of a line are walked in a block of images: (number of runs, floats of a run, step)."""
    valid = min(images - strip * block, block)
    return (1, width * block, 0) if valid == block else (width, valid, block)


@njit(error_model="numpy", fastmath={"reassoc", "contract", "nsz"})
def _sums_about(values, shift):
    """Sum and sum of squares of `values - shift`."""
    part, square = np.float32(0), np.float32(0)
    for i in range(len(values)):
        moved = values[i] - shift
        part += moved
        square += moved * moved
    return part, square


@Operation
def batch_statistics(arguments, thread, threads):
    """Mean and inverse deviation of each channel over images and positions, and the running averages.

    Arguments: see `statistics_calls`. A first pass finds the mean nearly, the second one sums about it and corrects it:
    neither a large mean nor an outlier costs digits. Within a line in float32, over lines in float64.
    """
    a = integers_at(arguments, 16)
    channels, images, block, blocks, height, width = a[0], a[1], a[2], a[3], a[4], a[5]
    mean, inverse = floats_at(a[10], channels), floats_at(a[11], channels)
    constants = floats_at(a[12], 2)
    count = images * height * width
    for channel in range(channels * thread // threads, channels * (thread + 1) // threads):
        plane = a[6] + 4 * channel * a[8]
        shift, offset, squares = np.float32(0), 0.0, 0.0
        for _ in range(2):
            shift = np.float32(shift + offset)
            total, squares = 0.0, 0.0
            for strip in range(blocks):
                runs, length, step = _run_length(images, block, blocks, strip, width)
                for line in range(height):
                    for run in range(runs):
                        values = floats_at(plane + 4 * (strip * a[7] + line * a[9] + run * step), length)
                        part, square = _sums_about(values, shift)
                        total += part
                        squares += square
            offset = total / count
        variance = max(squares / count - offset * offset, 0.0)
        mean[channel] = shift + offset
        inverse[channel] = 1.0 / np.sqrt(variance + constants[0])
        if a[13] != 0:
            running_mean, running_variance = floats_at(a[13], channels), floats_at(a[14], channels)
            share = constants[1]
            if share < 0:  # cumulative average: 1 / number of batches
                share = 1.0 / integers_at(a[15], 1)[0]
            unbiased = variance * count / max(count - 1, 1)
            running_mean[channel] += share * (mean[channel] - running_mean[channel])
            running_variance[channel] += share * (np.float32(unbiased) - running_variance[channel])


@Operation
def running_statistics(arguments, thread, threads):
    """Mean and inverse deviation from the running averages: `channels, mean, inverse, running mean, variance, eps`."""
    a = integers_at(arguments, 6)
    channels = a[0]
    mean, inverse = floats_at(a[1], channels), floats_at(a[2], channels)
    running_mean, running_variance = floats_at(a[3], channels), floats_at(a[4], channels)
    epsilon = floats_at(a[5], 1)[0]
    if thread == 0:
        for channel in range(channels):
            mean[channel] = running_mean[channel]
            inverse[channel] = 1.0 / np.sqrt(running_variance[channel] + epsilon)


@Operation
def normalise(arguments, thread, threads):
    """out = ReLU(scale * (x - mean) * inverse + bias + extra), as far as asked for. Arguments: `normalise_call`."""
    a = integers_at(arguments, 23)
    channels, images, block, blocks, height, width = a[0], a[1], a[2], a[3], a[4], a[5]
    mean, inverse = floats_at(a[6], channels), floats_at(a[7], channels)
    adds, clamp = a[10] != 0, a[11]
    for channel in range(channels * thread // threads, channels * (thread + 1) // threads):
        factor, offset = inverse[channel], np.float32(0)
        if a[8] != 0:
            factor *= floats_at(a[8], channels)[channel]
            offset = floats_at(a[9], channels)[channel]
        offset -= factor * mean[channel]
        for strip in range(blocks):
            runs, length, step = _run_length(images, block, blocks, strip, width)
            for line in range(height):
                for run in range(runs):
                    from_ = a[12] + 4 * (strip * a[13] + channel * a[14] + line * a[15] + run * step)
                    into = a[16] + 4 * (strip * a[17] + channel * a[18] + line * a[19] + run * step)
                    other = a[10] + 4 * (strip * a[20] + channel * a[21] + line * a[22] + run * step)
                    _normalise_run(from_, into, other, length, factor, offset, adds, clamp)


@njit(error_model="numpy", fastmath={"contract"})
def _normalise_run(from_, into, other, length, factor, offset, adds, clamp):
    x, y = floats_at(from_, length), floats_at(into, length)
    zero = np.float32(0)
    if adds:
        z = floats_at(other, length)
        if clamp:
            for i in range(length):
                value = factor * x[i] + offset + z[i]
                y[i] = max(value, zero)
        else:
            for i in range(length):
                y[i] = factor * x[i] + offset + z[i]
    elif clamp:
        for i in range(length):
            value = factor * x[i] + offset
            y[i] = max(value, zero)
    else:
        for i in range(length):
            y[i] = factor * x[i] + offset


@Operation
def normalise_gradient(arguments, thread, threads):
    """Gradients of scale, bias and input of a batch normalisation. Arguments: `normalise_gradient_call`.

    The gradient of the output is first cut where ReLU was 0, in place: what is left is that of a residual branch too.
    """
    a = integers_at(arguments, 28)
    channels, images, block, blocks, height, width = a[0], a[1], a[2], a[3], a[4], a[5]
    mean, inverse = floats_at(a[6], channels), floats_at(a[7], channels)
    clamp = a[11]
    count = images * height * width
    for channel in range(channels * thread // threads, channels * (thread + 1) // threads):
        middle, factor = mean[channel], inverse[channel]
        total, product = 0.0, 0.0
        for strip in range(blocks):
            runs, length, step = _run_length(images, block, blocks, strip, width)
            for line in range(height):
                for run in range(runs):
                    y = a[12] + 4 * (strip * a[13] + channel * a[14] + line * a[15] + run * step)
                    g = a[16] + 4 * (strip * a[17] + channel * a[18] + line * a[19] + run * step)
                    x = a[20] + 4 * (strip * a[21] + channel * a[22] + line * a[23] + run * step)
                    if clamp:
                        _cut(g, y, length)
                    part, whole = _moments(g, x, length, middle)
                    total += part
                    product += whole
        product *= factor
        scale = np.float32(1)
        if a[8] != 0:
            scale = floats_at(a[8], channels)[channel]
        if a[9] != 0:
            floats_at(a[9], channels)[channel] = product
        if a[10] != 0:
            floats_at(a[10], channels)[channel] = total
        # dz = scale * inverse * (g - total / count - (x - mean) * inverse * product / count)
        by_gradient = scale * factor
        by_input = np.float32(-by_gradient * factor * product / count)
        constant = np.float32(-by_gradient * total / count) - by_input * middle
        for strip in range(blocks):
            runs, length, step = _run_length(images, block, blocks, strip, width)
            for line in range(height):
                for run in range(runs):
                    g = a[16] + 4 * (strip * a[17] + channel * a[18] + line * a[19] + run * step)
                    x = a[20] + 4 * (strip * a[21] + channel * a[22] + line * a[23] + run * step)
                    z = a[24] + 4 * (strip * a[25] + channel * a[26] + line * a[27] + run * step)
                    _combine(z, g, x, length, by_gradient, by_input, constant)
                    if length < block:  # empty images: what another network left here must not reach the weights
                        empty = floats_at(z + 4 * length, block - length)
                        for k in range(block - length):
                            empty[k] = 0


@njit(error_model="numpy")
def _cut(gradient, output, length):
    g, y = floats_at(gradient, length), floats_at(output, length)
    zero = np.float32(0)
    for i in range(length):
        g[i] = g[i] if y[i] > zero else zero


@njit(error_model="numpy", fastmath={"reassoc", "contract", "nsz"})
def _moments(gradient, input_, length, mean):
    g, x = floats_at(gradient, length), floats_at(input_, length)
    total, product = np.float32(0), np.float32(0)
    for i in range(length):
        total += g[i]
        product += g[i] * (x[i] - mean)
    return total, product


@njit(error_model="numpy", fastmath={"contract"})
def _combine(target, gradient, input_, length, by_gradient, by_input, constant):
    z, g, x = (
        floats_at(target, length),
        floats_at(gradient, length),
        floats_at(input_, length),
    )
    for i in range(length):
        z[i] = by_gradient * g[i] + by_input * x[i] + constant


def _where(buffer: Buffer) -> tuple[int, int, int, int]:
    """Address of the first value, and steps of block, channel and line."""
    n = buffer.layout
    return buffer.flat.data_ptr() + 4 * n.origin, n.strip, n.plane, n.line


def _shape(buffer: Buffer) -> tuple[int, int, int, int, int, int]:
    n = buffer.layout
    return n.channels, n.batch.images, n.batch.block, n.batch.blocks, n.height, n.width


@Operation
def count_batch(arguments, thread, threads):
    """Count one batch more: the address of an int64 number."""
    if thread == 0:
        integers_at(integers_at(arguments, 1)[0], 1)[0] += 1


def statistics_calls(
    source: Buffer,
    mean: Tensor,
    inverse: Tensor,
    constants: Tensor,
    running: tuple[Tensor, Tensor, Tensor | None] | None,
) -> list[Call]:
    """mean, inverse [channels] of a batch; the running mean, variance and count of batches go along.

    Args:
        source: the input.
        mean: is set.
        inverse: is set to 1 / sqrt(variance + epsilon).
        constants: epsilon and momentum (negative: cumulative average).
        running: averages to update, and their count, when it is kept.
    """
    address, strip, plane, line = _where(source)
    averages = running or (None, None, None)
    call = make_call(
        batch_statistics, *_shape(source), address, strip, plane, line, mean, inverse, constants, *averages
    )
    call.keeps.append(source.flat)
    counts = running is not None and running[2] is not None
    return [make_call(count_batch, averages[2]), call] if counts else [call]


def running_statistics_call(
    mean: Tensor, inverse: Tensor, constants: Tensor, running: tuple[Tensor, Tensor, Tensor | None]
) -> Call:
    """mean, inverse [channels] from the running averages; `constants` as in `statistics_calls`."""
    return make_call(running_statistics, len(mean), mean, inverse, running[0], running[1], constants)


def normalise_call(
    source: Buffer,
    target: Buffer,
    moments: tuple[Tensor, Tensor],
    affine: tuple[Tensor, Tensor] | None,
    *,
    extra: Buffer | None = None,
    clamp: bool = False,
) -> Call:
    """target = ReLU(scale * (source - mean) * inverse + bias + extra); ReLU where `clamp`.

    Args:
        source: the input.
        target: the output.
        moments: mean and inverse deviation [channels].
        affine: scale and bias [channels].
        extra: is added.
        clamp: whether ReLU follows.
    """
    scale, bias = affine or (None, None)
    other = _where(extra) if extra is not None else (0, 0, 0, 0)
    call = make_call(
        normalise,
        *(*_shape(source), *moments, scale, bias, other[0], clamp),
        *(*_where(source), *_where(target), *other[1:]),
    )
    call.keeps += [source.flat, target.flat, extra]
    return call


def normalise_gradient_call(
    source: Buffer,
    output: Buffer,
    gradient: Buffer,
    target: Buffer,
    moments: tuple[Tensor, Tensor],
    affine: tuple[Tensor | None, Tensor | None, Tensor | None],
    *,
    clamp: bool = False,
) -> Call:
    """target = gradient of the input; gradients of scale and bias.

    Args:
        source: the input of the forward pass.
        output: its output, where `clamp`.
        gradient: of the output; it is cut where the output was clamped.
        target: is set.
        moments: mean and inverse deviation of the forward pass.
        affine: scale, gradient of scale, gradient of bias, as far as they are there and trained.
        clamp: whether ReLU followed.
    """
    call = make_call(
        normalise_gradient,
        *(*_shape(source), *moments, *affine, clamp),
        *(*_where(output), *_where(gradient), *_where(source), *_where(target)),
    )
    call.keeps += [source.flat, output.flat, gradient.flat, target.flat]
    return call
