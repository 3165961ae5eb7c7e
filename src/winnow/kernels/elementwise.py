"""What stands between the products: activations, sums, pooling, and the way in and out of the kernels' layout."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numba import njit
from torch import Tensor

from winnow.kernels.layout import Buffer
from winnow.kernels.team import Call, Operation, make_call
from winnow.kernels.vectors import floats_at, integers_at, transpose_tile

ACTIVATIONS = {"relu": 0, "tanh": 1, "sigmoid": 2, "identity": 3}


@njit(error_model="numpy")
def _transpose_rest(from_, numbers, into, valid, length, step, block):
    """The images and pixels that do not fill a tile of eight by eight."""
    whole = length - length % 8
    target = floats_at(into, length * block)
    for image in range(valid):
        source = floats_at(from_ + 4 * numbers[image] * step, length)
        for pixel in range(0 if image >= valid - valid % 8 else whole, length):
            target[pixel * block + image] = source[pixel]


@Operation
def pack(arguments, thread, threads):
    """Images [.., C, H, W] into blocks, images innermost.

    Arguments: images, their numbers (int64), how many, target, block, blocks, channels, lines, their length, target's
    steps of block, channel and line. Empty places of the last block stay as they are.
    """
    a = integers_at(arguments, 12)
    images, count, target, block, blocks = a[0], a[2], a[3], a[4], a[5]
    rows, length = a[6] * a[7], a[8]
    step = rows * length
    for item in range(blocks * rows * thread // threads, blocks * rows * (thread + 1) // threads):
        number, row = item // rows, item % rows
        valid = min(block, count - number * block)
        if valid <= 0:
            continue
        places = a[1] + 8 * number * block
        from_ = images + 4 * row * length
        into = target + 4 * (number * a[9] + row // a[7] * a[10] + row % a[7] * a[11])
        for image in range(0, valid - valid % 8, 8):
            for pixel in range(0, length - length % 8, 8):
                transpose_tile(from_ + 4 * pixel, step, places + 8 * image, into + 4 * (pixel * block + image), block)
        _transpose_rest(from_, integers_at(places, valid), into, valid, length, step, block)


@Operation
def unpack(arguments, thread, threads):
    """The way back, for outputs: `source, target [N, K], N, block, K`, both without border."""
    a = integers_at(arguments, 5)
    count, block, features = a[2], a[3], a[4]
    source = floats_at(a[0], -(-count // block) * block * features)
    target = floats_at(a[1], count * features)
    for image in range(count * thread // threads, count * (thread + 1) // threads):
        base = image // block * block * features + image % block
        for k in range(features):
            target[image * features + k] = source[base + k * block]


@Operation
def activate(arguments, thread, threads):
    """An activation in place: `function, address, channels, blocks, height, length of a line, steps`."""
    a = integers_at(arguments, 9)
    for channel in range(a[2] * thread // threads, a[2] * (thread + 1) // threads):
        for strip in range(a[3]):
            for line in range(a[4]):
                x = floats_at(a[1] + 4 * (strip * a[6] + channel * a[7] + line * a[8]), a[5])
                _activate(a[0], x)


@njit(error_model="numpy")
def _activate(function, x):
    one, zero = np.float32(1), np.float32(0)
    if function == 0:
        for i in range(len(x)):
            x[i] = max(x[i], zero)
    elif function == 1:
        for i in range(len(x)):
            x[i] = np.tanh(x[i])
    elif function == 2:
        for i in range(len(x)):
            x[i] = one / (one + np.exp(-x[i]))


@Operation
def activate_gradient(arguments, thread, threads):
    """The gradient of an activation in place, from its output, and the sum of what is left over each channel.

    Arguments: as for `activate`, of the gradient; address and steps of the output; where the sums go, or 0.
    """
    a = integers_at(arguments, 14)
    for channel in range(a[2] * thread // threads, a[2] * (thread + 1) // threads):
        total = 0.0
        for strip in range(a[3]):
            for line in range(a[4]):
                g = floats_at(a[1] + 4 * (strip * a[6] + channel * a[7] + line * a[8]), a[5])
                y = floats_at(a[9] + 4 * (strip * a[10] + channel * a[11] + line * a[12]), a[5])
                _activate_gradient(a[0], g, y)
                if a[13] != 0:
                    total += _sum(g)
        if a[13] != 0:
            floats_at(a[13], a[2])[channel] = total


@njit(error_model="numpy", fastmath={"reassoc", "contract", "nsz"})
def _sum(values):
    total = np.float32(0)
    for i in range(len(values)):
        total += values[i]
    return total


@njit(error_model="numpy")
def _activate_gradient(function, g, y):
    one, zero = np.float32(1), np.float32(0)
    if function == 0:
        for i in range(len(g)):
            g[i] = g[i] if y[i] > zero else zero
    elif function == 1:
        for i in range(len(g)):
            g[i] *= one - y[i] * y[i]
    elif function == 2:
        for i in range(len(g)):
            g[i] *= y[i] * (one - y[i])


@Operation
def add(arguments, thread, threads):
    """target = x (+ y): channels, blocks, height, length, then target, x and y, each with its steps; y may be 0."""
    a = integers_at(arguments, 16)
    for channel in range(a[0] * thread // threads, a[0] * (thread + 1) // threads):
        for strip in range(a[1]):
            for line in range(a[2]):
                out = floats_at(a[4] + 4 * (strip * a[5] + channel * a[6] + line * a[7]), a[3])
                x = floats_at(a[8] + 4 * (strip * a[9] + channel * a[10] + line * a[11]), a[3])
                y = floats_at(a[12] + 4 * (strip * a[13] + channel * a[14] + line * a[15]), a[3])
                if a[12] == 0:
                    for i in range(a[3]):
                        out[i] = x[i]
                else:
                    for i in range(a[3]):
                        out[i] = x[i] + y[i]


def _steps(buffer: Buffer) -> tuple[int, int, int, int]:
    n = buffer.layout
    return buffer.address, n.strip, n.plane, n.line


def _extent(buffer: Buffer) -> tuple[int, int, int, int]:
    n = buffer.layout
    return n.channels, n.batch.blocks, n.height, n.width * n.pixel


def pack_call(target: Buffer) -> PackCall:
    """target = images [.., C, H, W], contiguous, which `PackCall.read` names before each run."""
    n = target.layout
    lines = (n.channels, n.height, n.width) if n.halo else (1, *_pieces(n.features))
    line = n.line if n.halo else lines[2] * n.pixel
    in_order = torch.arange(n.batch.images)
    call = make_call(
        pack,
        *(0, in_order, n.batch.images, target.address, n.batch.block, n.batch.blocks),
        *(*lines, n.strip, n.plane, line),
    )
    call.keeps.append(target.flat)
    return PackCall(call, in_order.data_ptr())


@dataclass(frozen=True)
class PackCall:
    """The call that reads the images, and how it is told where they are."""

    call: Call
    in_order: int

    def read(self, images: int, count: int, numbers: int | None = None) -> None:
        """From the address of the images, so many: those of the int64 numbers at an address, else the first ones."""
        arguments = self.call.arguments
        arguments[0], arguments[1], arguments[2] = images, self.in_order if numbers is None else numbers, count


def _pieces(features: int) -> tuple[int, int]:
    """Features without a border, cut into equal pieces of whole tiles, so that threads can share them."""
    count = max(n for n in range(1, 17) if features % n == 0 and (features // n % 8 == 0 or n == 1))
    return count, features // count


def activate_call(function: str, target: Buffer) -> Call:
    """target = function(target)."""
    call = make_call(activate, ACTIVATIONS[function], target.address, *_extent(target), *_steps(target)[1:])
    call.keeps.append(target.flat)
    return call


def activate_gradient_call(function: str, gradient: Buffer, output: Buffer, sums: Tensor | None = None) -> Call:
    """gradient *= derivative, from the output; sums [channels] = what is left over images and positions."""
    call = make_call(
        activate_gradient,
        *(ACTIVATIONS[function], gradient.address, *_extent(gradient), *_steps(gradient)[1:]),
        *(*_steps(output), sums),
    )
    call.keeps += [gradient.flat, output.flat]
    return call


def add_call(target: Buffer, x: Buffer, y: Buffer | None = None) -> Call:
    """target = x + y, or x alone."""
    other = _steps(y) if y is not None else (0, 0, 0, 0)
    call = make_call(add, *_extent(target), *_steps(target), *_steps(x), *other)
    call.keeps += [target.flat, x.flat, y]
    return call


def unpack_call(source: Buffer, target: Tensor | int) -> Call:
    """target [N, K] = the images' features; the source has no border. Its address and N may be set later."""
    n = source.layout
    return make_call(unpack, source.flat, target, n.batch.images, n.batch.block, n.features)
