"""Vector code for rows of stored weights, emitted as LLVM: the loops that every kernel here is made of.

Numba has no vector type, so each inner loop is one `@intrinsic` whose accumulators are LLVM vectors; they stay in
registers over a whole row of stored weights. A strip is `width` neighbouring floats (the batch is innermost); it is cut
into as many vectors as the width of this machine's registers asks for.
"""

from __future__ import annotations

from typing import Any

import llvmlite.binding as llvm
from llvmlite import ir
from numba import njit
from numba.core import types
from numba.core.errors import TypingError
from numba.extending import intrinsic as _intrinsic
from numba.np.numpy_support import carray

# What a function becomes here has other parameters than it was written with: type checkers cannot follow.
intrinsic: Any = _intrinsic

_F32, _I32, _I64 = ir.FloatType(), ir.IntType(32), ir.IntType(64)


def register_floats() -> int:
    """How many floats one vector register of this machine holds: 16 (AVX-512), 8 (AVX) or 4 (SSE, NEON)."""
    features = llvm.get_host_cpu_features()
    if features.get("avx512f"):
        return 16
    return 8 if features.get("avx") else 4


LANES = register_floats()


@intrinsic
def _floats(typingctx: Any, address: Any):
    """The address of float32 numbers as a pointer, for `carray`."""

    def codegen(context, builder, signature, args):
        return builder.inttoptr(args[0], _F32.as_pointer())

    return types.CPointer(types.float32)(types.int64), codegen


@intrinsic
def _integers(typingctx: Any, address: Any):
    """The address of int64 numbers as a pointer, for `carray`."""

    def codegen(context, builder, signature, args):
        return builder.inttoptr(args[0], _I64.as_pointer())

    return types.CPointer(types.int64)(types.int64), codegen


@intrinsic
def _indices(typingctx: Any, address: Any):
    """The address of int32 numbers as a pointer, for `carray`."""

    def codegen(context, builder, signature, args):
        return builder.inttoptr(args[0], _I32.as_pointer())

    return types.CPointer(types.int32)(types.int64), codegen


@njit(error_model="numpy")
def floats_at(address, count):
    """The float32 numbers at an address, as an array."""
    return carray(_floats(address), (count,))


@njit(error_model="numpy")
def integers_at(address, count):
    """The int64 numbers at an address, as an array."""
    return carray(_integers(address), (count,))


@njit(error_model="numpy")
def indices_at(address, count):
    """The int32 numbers at an address, as an array."""
    return carray(_indices(address), (count,))


@intrinsic
def call(typingctx: Any, function: Any, arguments: Any, thread: Any, threads: Any):
    """Call the compiled operation at an address."""

    def codegen(context, builder, signature, args):
        kind = ir.FunctionType(ir.VoidType(), [_I64, _I64, _I64])
        builder.call(builder.inttoptr(args[0], kind.as_pointer()), args[1:])
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, types.int64, types.int64), codegen


@intrinsic
def call_plain(typingctx: Any, function: Any):
    """Call the C function without arguments at an address; its int."""

    def codegen(context, builder, signature, args):
        kind = ir.FunctionType(_I32, [])
        return builder.sext(builder.call(builder.inttoptr(args[0], kind.as_pointer()), []), _I64)

    return types.int64(types.int64), codegen


@intrinsic
def call_one(typingctx: Any, function: Any, argument: Any):
    """Call the C function of one argument at an address."""

    def codegen(context, builder, signature, args):
        kind = ir.FunctionType(ir.VoidType(), [_I64])
        builder.call(builder.inttoptr(args[0], kind.as_pointer()), args[1:])
        return context.get_dummy_value()

    return types.void(types.int64, types.int64), codegen


@intrinsic
def call_parallel(typingctx: Any, parallel: Any, function: Any, data: Any, threads: Any):
    """Call GOMP_parallel(function, data, threads, 0) at an address."""

    def codegen(context, builder, signature, args):
        byte = ir.IntType(8).as_pointer()
        kind = ir.FunctionType(ir.VoidType(), [byte, byte, _I32, _I32])
        parallel_, function_, data_, threads_ = args
        builder.call(
            builder.inttoptr(parallel_, kind.as_pointer()),
            [
                builder.inttoptr(function_, byte),
                builder.inttoptr(data_, byte),
                builder.trunc(threads_, _I32),
                ir.Constant(_I32, 0),
            ],
        )
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, types.int64, types.int64), codegen


class _Vectors:
    """What the intrinsics below share: an IR builder with this machine's vectors."""

    def __init__(self, builder: Any, lanes: int) -> None:
        self.b, self.lanes = builder, lanes
        self.kind = ir.VectorType(_F32, lanes)
        module = builder.module
        name = f"llvm.fma.v{lanes}f32"
        self._fma = module.globals.get(name) or ir.Function(module, ir.FunctionType(self.kind, [self.kind] * 3), name)

    def zero(self):
        return ir.Constant(self.kind, [0.0] * self.lanes)

    def splat(self, scalar):
        one = self.b.insert_element(ir.Constant(self.kind, ir.Undefined), scalar, ir.Constant(_I32, 0))
        return self.b.shuffle_vector(one, one, ir.Constant(ir.VectorType(_I32, self.lanes), [0] * self.lanes))

    def load(self, pointer, vector: int = 0):
        """The vector that lies `vector` vectors after a float pointer; no alignment is asked for."""
        place = self.b.gep(pointer, [ir.Constant(_I64, vector * self.lanes)])
        loaded = self.b.load(self.b.bitcast(place, self.kind.as_pointer()))
        loaded.align = 4
        return loaded

    def store(self, value, pointer, vector: int = 0) -> None:
        place = self.b.gep(pointer, [ir.Constant(_I64, vector * self.lanes)])
        self.b.store(value, self.b.bitcast(place, self.kind.as_pointer())).align = 4

    def fma(self, x, y, z):
        return self.b.call(self._fma, [x, y, z])

    def relu(self, x):
        """max(x, 0); what is not a number stays so."""
        return self.b.select(self.b.fcmp_ordered("<", x, self.zero()), self.zero(), x)

    def store_folded(self, sums, pointer, adds: bool) -> None:
        """Store the sum over each vector of `sums`: as many floats as there are vectors (a power of 2)."""
        kept, segments = list(sums), 1
        while len(kept) > 1 and segments < self.lanes:
            kept = [self._folded([x, y], segments) for x, y in zip(kept[::2], kept[1::2], strict=True)]
            segments *= 2
        for number, total in enumerate(kept):
            while total.type.count > segments:
                total = self._folded([total], segments)
            place = self.b.gep(pointer, [ir.Constant(_I64, number * segments)])
            place = self.b.bitcast(place, total.type.as_pointer())
            if adds:
                before = self.b.load(place)
                before.align = 4
                total = self.b.fadd(total, before)
            self.b.store(total, place).align = 4

    def interleaved(self, rows, distance: int):
        """One round of an 8 x 8 transposition: blocks of `distance` floats change places with the partner row's."""
        out = list(rows)
        kind = ir.VectorType(_I32, 8)
        blocks = range(8 // (2 * distance))
        low = [b * 2 * distance + j + v * 8 for b in blocks for v in (0, 1) for j in range(distance)]
        high = [i + distance for i in low]
        for i in range(8):
            if not i & distance:
                x, y = rows[i], rows[i + distance]
                out[i] = self.b.shuffle_vector(x, y, ir.Constant(kind, low))
                out[i + distance] = self.b.shuffle_vector(x, y, ir.Constant(kind, high))
        return out

    def _folded(self, vectors, segments: int):
        """Add the second half of every segment to its first; one or two vectors become one."""
        lanes = vectors[0].type.count
        length = lanes // segments
        firsts = [
            v * lanes + s * length + j for v in range(len(vectors)) for s in range(segments) for j in range(length // 2)
        ]
        x, y = vectors[0], vectors[-1]
        kind = ir.VectorType(_I32, len(firsts))
        low = self.b.shuffle_vector(x, y, ir.Constant(kind, firsts))
        high = self.b.shuffle_vector(x, y, ir.Constant(kind, [i + length // 2 for i in firsts]))
        return self.b.fadd(low, high)

    def floats(self, address):
        return self.b.inttoptr(address, _F32.as_pointer())

    def element(self, address, index, kind):
        """The element at an index of the numbers at an address."""
        return self.b.load(self.b.gep(self.b.inttoptr(address, kind.as_pointer()), [index]))

    def loop(self, count, starts, body):
        """`for i in range(count)`: `body(i, values)` gives the variables' next values; returns their last values."""
        b = self.b
        before, head = b.basic_block, b.append_basic_block("head")
        inside, after = b.append_basic_block("body"), b.append_basic_block("after")
        b.branch(head)
        b.position_at_end(head)
        index = b.phi(_I64)
        variables = [b.phi(s.type) for s in starts]
        b.cbranch(b.icmp_signed("<", index, count), inside, after)
        b.position_at_end(inside)
        following = body(index, variables)
        last = b.basic_block
        step = b.add(index, ir.Constant(_I64, 1))
        b.branch(head)
        index.add_incoming(ir.Constant(_I64, 0), before)
        index.add_incoming(step, last)
        for variable, start, value in zip(variables, starts, following, strict=True):
            variable.add_incoming(start, before)
            variable.add_incoming(value, last)
        b.position_at_end(after)
        return variables

    def unrolled(self, count, starts, body, times: int):
        """`loop` for sums: `times` turns at once, each adding to sums of its own, which are added up at the end."""
        b, size = self.b, len(starts)
        if times == 1:
            return self.loop(count, starts, body)
        groups = b.sdiv(count, ir.Constant(_I64, times))

        def group(number, sums):
            first = b.mul(number, ir.Constant(_I64, times))
            turns = [body(b.add(first, ir.Constant(_I64, n)), sums[n * size : (n + 1) * size]) for n in range(times)]
            return [value for turn in turns for value in turn]

        ends = self.loop(groups, starts + [self.zero()] * (size * (times - 1)), group)
        sums = ends[:size]
        for n in range(1, times):
            sums = [b.fadd(x, y) for x, y in zip(sums, ends[n * size : (n + 1) * size], strict=True)]
        done = b.mul(groups, ir.Constant(_I64, times))
        return self.loop(b.sub(count, done), sums, lambda k, values: body(b.add(done, k), values))


def _constant(kind: Any, what: str) -> int:
    if not isinstance(kind, types.IntegerLiteral):
        raise TypingError(f"{what} must be a literal")
    return kind.literal_value


@intrinsic(prefer_literal=True)
def sparse_row(typingctx: Any, width, relu, add, count, offsets, values, base, start, extra, out):
    """out[:width] = start + sum over k of values[k] * base[offsets[k] :][:width], then ReLU.

    Args:
        width: floats of the strip, a literal and a multiple of the vector width.
        relu: literal 1 to clamp at 0.
        add: literal 1 to add the strip at `extra`.
        count: stored weights of the row.
        offsets: address of int32 offsets in floats.
        values: address of float32 weights.
        base: address of float32 inputs.
        start: float, the bias.
        extra: address of a strip (unused when `add` is 0).
        out: address of the result.
    """
    strip, clamp, adds = _constant(width, "width"), _constant(relu, "relu"), _constant(add, "add")
    lanes = min(LANES, strip)
    vectors = strip // lanes

    def codegen(context, builder, signature, args):
        _, _, _, count_, offsets_, values_, base_, start_, extra_, out_ = args
        v = _Vectors(builder, lanes)
        origin = v.floats(base_)

        def tap(k, sums):
            offset = builder.sext(v.element(offsets_, k, _I32), _I64)
            weight = v.splat(v.element(values_, k, _F32))
            row = builder.gep(origin, [offset])
            return [v.fma(weight, v.load(row, i), s) for i, s in enumerate(sums)]

        begin = v.splat(start_)
        starts = (
            [builder.fadd(begin, v.load(v.floats(extra_), i)) for i in range(vectors)] if adds else [begin] * vectors
        )
        # A narrow strip alone would wait for each sum before the next: several taps then have sums of their own.
        sums = v.unrolled(count_, starts, tap, max(1, 8 // vectors))
        for i, total in enumerate(sums):
            v.store(v.relu(total) if clamp else total, v.floats(out_), i)
        return context.get_dummy_value()

    kinds = (width, relu, add, *[types.int64] * 4, types.float32, *[types.int64] * 2)
    return types.void(*kinds), codegen


@intrinsic(prefer_literal=True)
def sparse_products(
    typingctx: Any, group, add, repeats, vectors, gradients, gradient_step, base, base_step, offsets, out
):
    """out[k] (+)= sum of gradients[r, i] * base[offsets[k] + r, i] for the `group` stored weights k of one row.

    The sum runs over `repeats` pieces of `vectors * LANES` floats; pieces lie `gradient_step` and `base_step` floats
    apart. One load of the gradient serves all weights of the group, and their sums are folded together at the end.

    Args:
        group: literal, a power of 2 up to the vector width.
        add: literal 1 to add to `out`.
        repeats: pieces.
        vectors: vectors in a piece.
        gradients: address of the output's gradient.
        gradient_step: floats from piece to piece.
        base: address of the inputs.
        base_step: floats from piece to piece.
        offsets: address of the int32 offsets of the group.
        out: address of the float32 results.
    """
    size, adds = _constant(group, "group"), _constant(add, "add")

    def codegen(context, builder, signature, args):
        _, _, repeats_, vectors_, gradients_, gradient_step_, base_, base_step_, offsets_, out_ = args
        v = _Vectors(builder, LANES)
        gradient, origin = v.floats(gradients_), v.floats(base_)
        places = [builder.sext(v.element(offsets_, ir.Constant(_I64, k), _I32), _I64) for k in range(size)]

        def piece(r, sums):
            left = builder.gep(gradient, [builder.mul(r, gradient_step_)])
            moved = builder.mul(r, base_step_)
            rows = [builder.gep(origin, [builder.add(moved, place)]) for place in places]

            def vector(i, sums):
                at = builder.mul(i, ir.Constant(_I64, LANES))
                one = v.load(builder.gep(left, [at]))
                return [v.fma(one, v.load(builder.gep(row, [at])), s) for row, s in zip(rows, sums, strict=True)]

            return v.loop(vectors_, sums, vector)

        sums = v.loop(repeats_, [v.zero()] * size, piece)
        v.store_folded(sums, v.floats(out_), bool(adds))
        return context.get_dummy_value()

    kinds = (group, add, *[types.int64] * 8)
    return types.void(*kinds), codegen


@intrinsic
def transpose_tile(typingctx: Any, source, source_step, numbers, target, target_step):
    """Eight rows of eight floats become eight columns.

    Args:
        source: address of row 0.
        source_step: floats from row to row.
        numbers: address of eight int64 numbers: which rows.
        target: address of the first column.
        target_step: floats from column to column.
    """

    def codegen(context, builder, signature, args):
        source_, source_step_, numbers_, target_, target_step_ = args
        v = _Vectors(builder, 8)
        first, into = v.floats(source_), v.floats(target_)
        chosen = [v.element(numbers_, ir.Constant(_I64, i), _I64) for i in range(8)]
        rows = [v.load(builder.gep(first, [builder.mul(source_step_, number)])) for number in chosen]
        # Three rounds of interleaving: partners 4, 2 and 1 rows apart.
        for distance in (4, 2, 1):
            rows = v.interleaved(rows, distance)
        for i, row in enumerate(rows):
            v.store(row, builder.gep(into, [builder.mul(target_step_, ir.Constant(_I64, i))]))
        return context.get_dummy_value()

    return types.void(*[types.int64] * 5), codegen
