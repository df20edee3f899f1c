"""Lanes: 32 pixels side by side in vector registers, as a few LLVM instructions.

A lane holds one channel of one pixel. What is done to a lane is done to all 32 at once, in as many
registers as the processor needs for them. The loops of `resize_cpu` read like loops over single
pixels.

A product of a pixel (8 bits) and a coefficient (24 bits) must be exact. Multiplications of 32 bits
took 1.2 times as long in all with AVX2, and 2.2 times without it. So a coefficient is split into
two words of 16 bits, and one instruction multiplies both and adds the products::

    coefficient = 256 * high + low             high signed, low from 0 to 255
    sample      = 256 * (pixel - 128), pixel   two words
    product     = 256 * (pixel - 128) * high + pixel * low
                = pixel * coefficient - 32768 * high

The last term does not depend on the pixel. `missing_part` gives it, to be added beforehand.
"""

from llvmlite import ir
from numba import types
from numba.extending import intrinsic, models, register_model

from .moves import loader, storer
from .threads import serial

# With 16, everything took 1.07 to 1.19 times as long (AVX2, 224, 512 and 128 to 192 pixels a side).
LANES = 32
PRECISION = 22  # fractional bits of a coefficient
COLUMNS = 16  # of a block that is transposed, one byte each

_byte, _word, _int32, _int64 = map(ir.IntType, (8, 16, 32, 64))
_bytes, _words, _sums = (
    ir.VectorType(_byte, LANES),
    ir.VectorType(_word, 2 * LANES),
    ir.VectorType(_int32, LANES),
)
_block_line = ir.VectorType(_byte, COLUMNS)


class _Lanes(types.Type):
    """A variable of 32 lanes in compiled code."""

    def __init__(self, name, vector):
        super().__init__(name)
        self.vector = vector


@register_model(_Lanes)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, manager, lanes):
        super().__init__(manager, lanes, lanes.vector)


PIXELS = _Lanes("lanes of pixels", _bytes)
SAMPLES = _Lanes("lanes of samples", _sums)
SUMS = _Lanes("lanes of sums", _sums)


def _indices(values):
    values = list(values)
    return ir.Constant(ir.VectorType(_int32, len(values)), values)


def _everywhere(value):
    """A constant in all lanes of sums."""
    return ir.Constant(_sums, [value] * LANES)


def _pointer(builder, address, offset, kind):
    return builder.inttoptr(builder.add(address, ir.Constant(_int64, offset)), kind.as_pointer())


def _in_all_lanes(builder, value):
    unset = ir.Constant(_sums, ir.Undefined)
    first = builder.insert_element(unset, value, ir.Constant(_int32, 0))
    return builder.shuffle_vector(first, unset, _indices([0] * LANES))


load_pixels, store_pixels = loader(PIXELS, align=1), storer(PIXELS, align=1)
load_samples = loader(SAMPLES, align=64)  # from an address that is a multiple of 64


@intrinsic
def store_samples(typingctx, address, pixels):
    """Write the samples of pixels to an address, which is a multiple of 64."""

    def codegen(context, builder, signature, arguments):
        address, pixels = arguments
        low = builder.zext(pixels, _sums)
        # The high half has the pixel in its upper byte; with the sign bit flipped it is less 128.
        both = builder.or_(low, builder.shl(low, _everywhere(24)))
        samples = builder.xor(both, _everywhere(-1 << 31))
        builder.store(samples, _pointer(builder, address, 0, _sums), align=64)
        return context.get_dummy_value()

    return types.void(types.intp, PIXELS), codegen


@intrinsic
def in_all_lanes(typingctx, value):
    """Sums that are one int32 in all lanes."""

    def codegen(context, builder, signature, arguments):
        return _in_all_lanes(builder, arguments[0])

    return SUMS(types.int32), codegen


@serial
def packed_coefficient(coefficient):
    """Both words of a coefficient, as `add_products` takes them. It is less than 2**23."""
    return (coefficient >> 8 << 16) | (coefficient & 255)


@serial
def missing_part(coefficient):
    """The part that `add_products` leaves out with a coefficient, whatever the pixel."""
    return coefficient >> 8 << 15


@intrinsic
def add_products(typingctx, sums, samples, coefficient):
    """Sums with the products of the samples and one packed coefficient added."""

    def codegen(context, builder, signature, arguments):
        sums, samples, coefficient = arguments
        words = builder.bitcast(samples, _words)
        factors = builder.bitcast(_in_all_lanes(builder, coefficient), _words)
        return builder.add(sums, _sums_of_products(context, builder, words, factors))

    return SUMS(SUMS, SAMPLES, types.int32), codegen


def _sums_of_products(context, builder, words, factors):
    """Products of signed words, those of even and odd number added up."""
    instruction = _instruction(context)
    if instruction is None:
        return builder.add(*(_products(builder, words, factors, first) for first in (0, 1)))
    name, size = instruction
    register, result = ir.VectorType(_word, size), ir.VectorType(_int32, size // 2)
    function = builder.module.declare_intrinsic(
        name, (), ir.FunctionType(result, [register, register])
    )
    parts = []
    for first in range(0, 2 * LANES, size):
        part = _indices(range(first, first + size))
        operands = [builder.shuffle_vector(vector, vector, part) for vector in (words, factors)]
        parts.append(builder.call(function, operands))
    return _joined(builder, parts)


def _instruction(context):
    """LLVM's name of the instruction that does it, and the number of words that it takes."""
    triple, _, features = context.codegen().magic_tuple()
    if not triple.startswith("x86_64"):
        return None
    # That of AVX-512, with 32 words, took 1.0 to 1.1 times as long (fourth generation of Xeon).
    if "+avx2" in features.split(","):
        return "llvm.x86.avx2.pmadd.wd", 16
    return "llvm.x86.sse2.pmadd.wd", 8


def _products(builder, words, factors, first):
    every_second = _indices(range(first, 2 * LANES, 2))
    operands = (builder.shuffle_vector(vector, vector, every_second) for vector in (words, factors))
    return builder.mul(*(builder.sext(operand, _sums) for operand in operands))


def _joined(builder, parts):
    """One vector of several, whose number is a power of two."""
    while len(parts) > 1:
        both = _indices(range(2 * parts[0].type.count))
        parts = [
            builder.shuffle_vector(*pair, both)
            for pair in zip(parts[::2], parts[1::2], strict=True)
        ]
    return parts[0]


@intrinsic
def rounded_pixels(typingctx, sums):
    """Sums without their fractional bits, cut off at 0 and 255."""

    def codegen(context, builder, signature, arguments):
        values = builder.ashr(arguments[0], _everywhere(PRECISION))
        lowest, highest = _everywhere(0), _everywhere(255)
        values = builder.select(builder.icmp_signed("<", values, lowest), lowest, values)
        values = builder.select(builder.icmp_signed(">", values, highest), highest, values)
        return builder.trunc(values, _bytes)

    return PIXELS(SUMS), codegen


@intrinsic
def transpose_lines(typingctx, columns, lines, offset):
    """Write 16 columns of 32 lines, one after another.

    ``lines`` is the address of the addresses of 32 lines, ``offset`` the first byte of each.
    """

    def codegen(context, builder, signature, arguments):
        columns, lines, offset = arguments
        addresses = _block_addresses(builder, lines, offset)
        parts = [builder.load(_pointer(builder, a, 0, _block_line), align=1) for a in addresses]
        pairs = zip(parts[:COLUMNS], parts[COLUMNS:], strict=True)
        block = _transposed(builder, [_joined(builder, list(pair)) for pair in pairs])
        for index, column in enumerate(block):
            builder.store(column, _pointer(builder, columns, LANES * index, _bytes), align=1)
        return context.get_dummy_value()

    return types.void(types.intp, types.intp, types.intp), codegen


@intrinsic
def transpose_columns(typingctx, lines, offset, columns):
    """Write 16 bytes to each of 32 lines, from columns as `transpose_lines` writes them."""

    def codegen(context, builder, signature, arguments):
        lines, offset, columns = arguments
        block = [
            builder.load(_pointer(builder, columns, LANES * index, _bytes), align=1)
            for index in range(COLUMNS)
        ]
        both = _transposed(builder, block)
        addresses = _block_addresses(builder, lines, offset)
        halves = _indices(range(COLUMNS)), _indices(range(COLUMNS, LANES))
        parts = [builder.shuffle_vector(line, line, half) for half in halves for line in both]
        for part, address in zip(parts, addresses, strict=True):
            builder.store(part, _pointer(builder, address, 0, _block_line), align=1)
        return context.get_dummy_value()

    return types.void(types.intp, types.intp, types.intp), codegen


def _block_addresses(builder, lines, offset):
    for index in range(LANES):
        address = builder.load(_pointer(builder, lines, 8 * index, _int64))
        yield builder.add(address, offset)


def _transposed(builder, block):
    """Transpose two blocks of 16 x 16 bytes, which lie beside each other in 16 vectors.

    Four times each vector is interleaved with the one that is 8 further on.
    """
    interleaved = [
        _indices(
            half + byte + LANES * vector
            for half in (0, COLUMNS)
            for byte in range(first, first + COLUMNS // 2)
            for vector in (0, 1)
        )
        for first in (0, COLUMNS // 2)
    ]
    for _ in range(4):
        block = [
            builder.shuffle_vector(block[index], block[index + COLUMNS // 2], mask)
            for index in range(COLUMNS // 2)
            for mask in interleaved
        ]
    return block
