"""Arithmetic, logic and comparisons of PTX as LLVM: what each opcode of `opcodes` adds to a thread.

Every function takes a `thread`, the type after the opcode's name, and the operands.
"""

from llvmlite import ir

from .thread import Fault


def binary(operation):
    """An opcode that is one instruction of LLVM on two values: sums wrap on both sides."""

    def emit(thread, kind, target, a, b):
        operate = getattr(thread.builder, operation)
        thread.write(target, operate(thread.read(a, kind.bits), thread.read(b, kind.bits)))

    return emit


def unary(operation):
    def emit(thread, kind, target, a):
        thread.write(target, getattr(thread.builder, operation)(thread.read(a, kind.bits)))

    return emit


def compared(thread, comparison, kind, x, y):
    builder = thread.builder
    return (builder.icmp_signed if kind.signed else builder.icmp_unsigned)(comparison, x, y)


def extreme(comparison):
    """The minimum or maximum."""

    def emit(thread, kind, target, a, b):
        x, y = thread.read(a, kind.bits), thread.read(b, kind.bits)
        first = compared(thread, comparison, kind, x, y)
        thread.write(target, thread.builder.select(first, x, y))

    return emit


def set_predicate(comparison):
    def emit(thread, kind, target, a, b):
        x, y = thread.read(a, kind.bits), thread.read(b, kind.bits)
        thread.write(target, compared(thread, comparison, kind, x, y))

    return emit


def select(thread, kind, target, a, b, predicate):
    x, y = thread.read(a, kind.bits), thread.read(b, kind.bits)
    thread.write(target, thread.builder.select(thread.read(predicate, 1), x, y))


def divide(operation):
    """A quotient or remainder; where PTX leaves the result open, the thread ends."""

    def emit(thread, kind, target, a, b):
        builder, x, y = thread.builder, thread.read(a, kind.bits), thread.read(b, kind.bits)
        thread.end_if(builder.icmp_unsigned("==", y, y.type(0)), Fault.DIVISION)
        if kind.signed:
            lowest = builder.icmp_unsigned("==", x, x.type(2 ** (kind.bits - 1)))
            minus_one = builder.icmp_unsigned("==", y, y.type(2**kind.bits - 1))
            thread.end_if(builder.and_(lowest, minus_one), Fault.DIVISION)
        operate = getattr(builder, ("s" if kind.signed else "u") + operation)
        thread.write(target, operate(x, y))

    return emit


def product(thread, kind, part, a, b):
    """The low or high half of a product, or the whole."""
    builder, bits = thread.builder, kind.bits
    x, y = (thread.extend(thread.read(value, bits), 2 * bits, kind.signed) for value in (a, b))
    whole = builder.mul(x, y)
    if part == "wide":
        return whole
    if part == "hi":
        whole = builder.lshr(whole, whole.type(bits))
    return builder.trunc(whole, ir.IntType(bits))


def multiply(part):
    def emit(thread, kind, target, a, b):
        thread.write(target, product(thread, kind, part, a, b))

    return emit


def multiply_and_add(part):
    def emit(thread, kind, target, a, b, c):
        value = product(thread, kind, part, a, b)
        thread.write(target, thread.builder.add(value, thread.read(c, value.type.width)))

    return emit


def shifted(thread, operation, value, amount):
    """A value shifted to the left (shl) or right, by an amount of 32 bits.

    In PTX, amounts beyond the width act as the width; in LLVM they have no result.
    """
    builder, kind = thread.builder, value.type
    within = builder.icmp_unsigned("<", amount, amount.type(kind.width))
    amount = builder.select(within, amount, amount.type(kind.width - 1))
    amount = (builder.zext if kind.width > 32 else builder.trunc)(amount, kind)
    result = getattr(builder, operation)(value, amount)
    # The sign is in every bit that `ashr` leaves by one bit less than the width.
    return result if operation == "ashr" else builder.select(within, result, kind(0))


def shift_left(thread, kind, target, a, amount):
    value, bits = thread.read(a, kind.bits), thread.read(amount, 32)
    thread.write(target, shifted(thread, "shl", value, bits))


def shift_right(thread, kind, target, a, amount):
    value, bits = thread.read(a, kind.bits), thread.read(amount, 32)
    thread.write(target, shifted(thread, "ashr" if kind.signed else "lshr", value, bits))
