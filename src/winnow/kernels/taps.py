"""Products with stored weights: forward, gradient of the inputs, gradient of the weights.

A linear layer and a convolution are the same operation here. The stored weights of an output row (a channel) are taps:
each reads a strip of inputs at its own offset from a base, and the base moves from output position to output position;
a linear layer has one position. The gradient of the inputs is the same operation with the transposed pattern. The
columns may be cut into blocks whose inputs stay in the first-level cache; a row's sum then grows from block to block.
"""

from __future__ import annotations

from numba import njit

from winnow.kernels.team import Operation
from winnow.kernels.vectors import LANES, floats_at, indices_at, integers_at, sparse_products, sparse_row


def _row_of(width: int):
    """`sparse_row` for one width, with the endings that are compiled."""

    @njit(error_model="numpy")
    def row(clamp, adds, count, offsets, values, base, start, extra, out):
        if clamp:
            if adds:
                sparse_row(width, 1, 1, count, offsets, values, base, start, extra, out)
            else:
                sparse_row(width, 1, 0, count, offsets, values, base, start, extra, out)
        elif adds:
            sparse_row(width, 0, 1, count, offsets, values, base, start, extra, out)
        else:
            sparse_row(width, 0, 0, count, offsets, values, base, start, extra, out)

    return row


_row64, _row32, _row16, _row8 = _row_of(64), _row_of(32), _row_of(16), _row_of(8)


@njit(error_model="numpy")
def _row(width, clamp, adds, count, offsets, values, base, start, extra, out):
    if width == 64:
        _row64(clamp, adds, count, offsets, values, base, start, extra, out)
    elif width == 32:
        _row32(clamp, adds, count, offsets, values, base, start, extra, out)
    elif width == 16:
        _row16(clamp, adds, count, offsets, values, base, start, extra, out)
    else:
        _row8(clamp, adds, count, offsets, values, base, start, extra, out)


@Operation
def apply_taps(arguments, thread, threads):
    """out[row, position] = bias[row] + sum of taps (+ extra), then ReLU. The arguments: `products.apply_taps_call`."""
    a = integers_at(arguments, 29)
    rows, blocks, offsets, values, bias = a[0], a[1], a[3], a[4], a[5]
    run, clamp, adds, by_rows, width = a[23], a[25], a[26], a[27], a[28]
    starts = indices_at(a[2], rows * blocks + 1)
    places = indices_at(a[8], rows)
    extra_places = indices_at(a[10], rows)
    biases = floats_at(bias, rows)
    strips, height, pieces = a[11], a[12], a[13]
    items = strips * height
    first, last, low, high = 0, items, 0, rows
    if by_rows:
        low, high = rows * thread // threads, rows * (thread + 1) // threads
    else:
        first, last = items * thread // threads, items * (thread + 1) // threads
    for item in range(first, last):
        strip, line = item // height, item % height
        for begin_run in range(0, pieces, run):
            end_run = min(begin_run + run, pieces)
            for block in range(blocks):
                ends = clamp and block == blocks - 1
                for row in range(low, high):
                    begin = starts[block * rows + row]
                    count = starts[block * rows + row + 1] - begin
                    base = a[6] + 4 * (strip * a[14] + line * a[15])
                    to = a[7] + 4 * (strip * a[17] + line * a[18] + places[row])
                    extra = a[9] + 4 * (strip * a[20] + line * a[21] + extra_places[row])
                    start = biases[row] if bias != 0 else 0.0
                    taps, weights = offsets + 4 * begin, values + 4 * begin
                    for piece in range(begin_run, end_run):
                        from_, into = base + 4 * piece * a[16], to + 4 * piece * a[19]
                        if block == 0:
                            _row(width, ends, adds, count, taps, weights, from_, start, extra + 4 * piece * a[22], into)
                        elif count or ends:
                            _row(width, ends, 1, count, taps, weights, from_, 0.0, into, into)


def _products_of(group: int):
    """`sparse_products` for one size of group."""

    @njit(error_model="numpy")
    def products(adds, repeats, vectors, gradients, gradient_step, base, base_step, offsets, out):
        if adds:
            sparse_products(group, 1, repeats, vectors, gradients, gradient_step, base, base_step, offsets, out)
        else:
            sparse_products(group, 0, repeats, vectors, gradients, gradient_step, base, base_step, offsets, out)

    return products


_eight, _four, _two, _one = _products_of(8), _products_of(4), _products_of(2), _products_of(1)


@njit(error_model="numpy")
def _row_products(adds, count, repeats, vectors, gradients, gradient_step, base, base_step, offsets, out):
    """The gradients of a row's stored weights: eight at a time, then four, two and one."""
    end = offsets + 4 * count
    while end - offsets >= 32:
        _eight(adds, repeats, vectors, gradients, gradient_step, base, base_step, offsets, out)
        offsets, out = offsets + 32, out + 32
    if end - offsets >= 16:
        _four(adds, repeats, vectors, gradients, gradient_step, base, base_step, offsets, out)
        offsets, out = offsets + 16, out + 16
    if end - offsets >= 8:
        _two(adds, repeats, vectors, gradients, gradient_step, base, base_step, offsets, out)
        offsets, out = offsets + 8, out + 8
    if end - offsets >= 4:
        _one(adds, repeats, vectors, gradients, gradient_step, base, base_step, offsets, out)


@Operation
def tap_gradients(arguments, thread, threads):
    """partial[thread, tap] = sum over positions of the row's gradient times the tap's input.

    The arguments: `products.tap_gradients_call`.
    """
    a = integers_at(arguments, 24)
    rows, blocks, offsets, partial, by_rows = a[0], a[1], a[3], a[7], a[8]
    starts = indices_at(a[2], rows * blocks + 1)
    places = indices_at(a[6], rows)
    strips, height, pieces, repeats, vectors = a[9], a[10], a[11], a[12], a[13] // LANES
    items = strips * height * pieces
    first, last, low, high = 0, items, 0, rows
    if by_rows:
        low, high = rows * thread // threads, rows * (thread + 1) // threads
    else:
        first, last = items * thread // threads, items * (thread + 1) // threads
        partial += 4 * starts[rows * blocks] * thread
    for item in range(first, last):
        strip, line, piece = item // (height * pieces), item // pieces % height, item % pieces
        gradients = a[4] + 4 * (strip * a[14] + line * a[15] + piece * a[16])
        base = a[5] + 4 * (strip * a[17] + line * a[18] + piece * a[19])
        for block in range(blocks):
            for row in range(low, high):
                begin = starts[block * rows + row]
                _row_products(
                    item > first,
                    starts[block * rows + row + 1] - begin,
                    repeats,
                    vectors,
                    gradients + 4 * places[row],
                    a[20],
                    base,
                    a[21],
                    offsets + 4 * begin,
                    partial + 4 * begin,
                )


@Operation
def add_partials(arguments, thread, threads):
    """out[i] = sum over the rows of partial[rows, count]: `out, partial, rows, count`."""
    a = integers_at(arguments, 4)
    rows, count = min(a[2], threads), a[3]
    out, partial = floats_at(a[0], count), floats_at(a[1], rows * count)
    for i in range(count * thread // threads, count * (thread + 1) // threads):
        total = partial[i]
        for row in range(1, rows):
            total += partial[row * count + i]
        out[i] = total


@Operation
def gather(arguments, thread, threads):
    """out[i] = values[source[i]]: `out, values, source (int32), count`."""
    a = integers_at(arguments, 4)
    count = a[3]
    out, source = floats_at(a[0], count), indices_at(a[2], count)
    values = floats_at(a[1], 1 << 40)
    for i in range(count * thread // threads, count * (thread + 1) // threads):
        out[i] = values[source[i]]
