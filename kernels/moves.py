"""Operations on addresses that numba lacks, as a few LLVM instructions.

They are copies of a fixed size, which are one or two registers wide and need no call, stores past
the caches, prefetches, and an atomic addition.
"""

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

CACHE_LINE = 64  # bytes


def _copier(size):
    """An intrinsic ``copy(target, origin)`` of ``size`` bytes, at any addresses."""

    @intrinsic
    def copy(typingctx, target, origin):
        def codegen(context, builder, signature, arguments):
            vector = ir.VectorType(ir.IntType(8), size).as_pointer()
            target, origin = (builder.inttoptr(address, vector) for address in arguments)
            builder.store(builder.load(origin, align=1), target, align=1)
            return context.get_dummy_value()

        return types.void(types.intp, types.intp), codegen

    return copy


def loader(kind, align=None):
    """An intrinsic ``load(address)`` of one value of a type, at a multiple of ``align`` bytes.

    By default that is the size of a number.
    """

    @intrinsic
    def load(typingctx, address):
        def codegen(context, builder, signature, arguments):
            pointer = context.get_value_type(kind).as_pointer()
            return builder.load(builder.inttoptr(arguments[0], pointer), align=align)

        return kind(types.intp), codegen

    return load


def storer(kind, align=None):
    """An intrinsic ``store(address, value)`` of one value of a type; see `loader`."""

    @intrinsic
    def store(typingctx, address, value):
        def codegen(context, builder, signature, arguments):
            address, value = arguments
            pointer = context.get_value_type(kind).as_pointer()
            builder.store(value, builder.inttoptr(address, pointer), align=align)
            return context.get_dummy_value()

        return types.void(types.intp, kind), codegen

    return store


load_int32, load_int64 = loader(types.int32), loader(types.int64)
store_int64 = storer(types.int64)
copy_1, copy_4, copy_8, copy_16, copy_32, copy_64 = map(_copier, (1, 4, 8, 16, 32, 64))


@intrinsic
def stream_64(typingctx, target, origin):
    """Copy a cache line to an address that is a multiple of 64, past the caches; see `fence`."""

    def codegen(context, builder, signature, arguments):
        vector = ir.VectorType(ir.IntType(8), CACHE_LINE).as_pointer()
        target, origin = (builder.inttoptr(address, vector) for address in arguments)
        store = builder.store(builder.load(origin, align=1), target, align=CACHE_LINE)
        nontemporal = builder.module.add_metadata([ir.Constant(ir.IntType(32), 1)])
        store.set_metadata("nontemporal", nontemporal)
        return context.get_dummy_value()

    return types.void(types.intp, types.intp), codegen


@intrinsic
def fence(typingctx):
    """Wait until other threads see everything that was streamed."""

    def codegen(context, builder, signature, arguments):
        builder.fence("seq_cst")
        return context.get_dummy_value()

    return types.void(), codegen


@intrinsic
def prefetch(typingctx, address):
    """Start to bring the cache line of an address into the cache; any address is allowed."""

    def codegen(context, builder, signature, arguments):
        pointer = builder.inttoptr(arguments[0], cgutils.voidptr_t)
        int32 = ir.IntType(32)
        function = builder.module.declare_intrinsic(
            "llvm.prefetch.p0", (), ir.FunctionType(ir.VoidType(), [pointer.type, *[int32] * 3])
        )
        read, nearest, data = (ir.Constant(int32, value) for value in (0, 3, 1))
        builder.call(function, [pointer, read, nearest, data])
        return context.get_dummy_value()

    return types.void(types.intp), codegen


@intrinsic
def fetch_add(typingctx, address):
    """Add one to the int64 at an address and return its previous value, atomically."""

    def codegen(context, builder, signature, arguments):
        counter = builder.inttoptr(arguments[0], ir.IntType(64).as_pointer())
        return builder.atomic_rmw("add", counter, ir.Constant(ir.IntType(64), 1), "monotonic")

    return types.int64(types.intp), codegen
