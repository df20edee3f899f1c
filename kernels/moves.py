"""Moving bytes between addresses: what numba lacks, as a few LLVM instructions.

numba has no copies of a fixed size, which are one or two registers wide and need no call, no
stores past the caches and no prefetch.
"""

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

CACHE_LINE = 64  # bytes of a cache line


def _copier(size):
    """An intrinsic ``copy(to, origin)`` of so many bytes; neither address need be aligned."""

    @intrinsic
    def copy(typingctx, to, origin):
        def codegen(context, builder, signature, arguments):
            whole = ir.VectorType(ir.IntType(8), size).as_pointer()
            to, origin = (builder.inttoptr(address, whole) for address in arguments)
            builder.store(builder.load(origin, align=1), to, align=1)
            return context.get_dummy_value()

        return types.void(types.intp, types.intp), codegen

    return copy


def _loader(kind):
    """An intrinsic ``load(address)`` of one number."""

    @intrinsic
    def load(typingctx, address):
        def codegen(context, builder, signature, arguments):
            pointer = context.get_value_type(kind).as_pointer()
            return builder.load(builder.inttoptr(arguments[0], pointer))

        return kind(types.intp), codegen

    return load


load_int32, load_int64 = _loader(types.int32), _loader(types.int64)
copy_1, copy_4, copy_8, copy_16, copy_32, copy_64 = map(_copier, (1, 4, 8, 16, 32, 64))


@intrinsic
def stream_64(typingctx, to, origin):
    """Copy a cache line to an address that is a multiple of 64, past the caches; see `fence`."""

    def codegen(context, builder, signature, arguments):
        whole = ir.VectorType(ir.IntType(8), CACHE_LINE).as_pointer()
        to, origin = (builder.inttoptr(address, whole) for address in arguments)
        written = builder.store(builder.load(origin, align=1), to, align=CACHE_LINE)
        flag = builder.module.add_metadata([ir.Constant(ir.IntType(32), 1)])
        written.set_metadata("nontemporal", flag)
        return context.get_dummy_value()

    return types.void(types.intp, types.intp), codegen


@intrinsic
def fence(typingctx):
    """Wait until everything streamed is where other threads see it."""

    def codegen(context, builder, signature, arguments):
        builder.fence("seq_cst")
        return context.get_dummy_value()

    return types.void(), codegen


@intrinsic
def prefetch(typingctx, address):
    """Start to bring the cache line of an address into the cache; any address is allowed."""

    def codegen(context, builder, signature, arguments):
        pointer = builder.inttoptr(arguments[0], cgutils.voidptr_t)
        flag = ir.IntType(32)
        function = builder.module.declare_intrinsic(
            "llvm.prefetch.p0", (), ir.FunctionType(ir.VoidType(), [pointer.type, flag, flag, flag])
        )
        read, nearest, data = (ir.Constant(flag, value) for value in (0, 3, 1))
        builder.call(function, [pointer, read, nearest, data])
        return context.get_dummy_value()

    return types.void(types.intp), codegen


@intrinsic
def take(typingctx, address):
    """Add one to the int64 at an address and return what it was, as one step for all threads."""

    def codegen(context, builder, signature, arguments):
        counter = builder.inttoptr(arguments[0], ir.IntType(64).as_pointer())
        return builder.atomic_rmw("add", counter, ir.Constant(ir.IntType(64), 1), "monotonic")

    return types.int64(types.intp), codegen
