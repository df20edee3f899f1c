"""Opcodes of PTX that move, choose or look up bits, as LLVM; see `arithmetic`."""

from llvmlite import ir

from .arithmetic import shifted

I32, I64 = ir.IntType(32), ir.IntType(64)


def funnel_shift(direction, mode):
    """32 bits of two words: the upper of them after a shift left, the lower after one right."""

    def emit(thread, _, target, low, high, amount):
        builder = thread.builder
        x, y = (builder.zext(thread.read(value, 32), I64) for value in (low, high))
        both = builder.or_(builder.shl(y, I64(32)), x)
        amount = thread.read(amount, 32)
        if mode == "wrap":
            amount = builder.and_(amount, I32(31))
        else:
            within = builder.icmp_unsigned("<", amount, I32(32))
            amount = builder.select(within, amount, I32(32))
        amount = builder.zext(amount, I64)
        if direction == "l":
            both = builder.lshr(builder.shl(both, amount), I64(32))
        else:
            both = builder.lshr(both, amount)
        thread.write(target, builder.trunc(both, I32))

    return emit


def permute_bytes(thread, _, target, a, b, selectors):
    """Four bytes of two words, each chosen by four bits: an index, or with 8 only its sign."""
    builder = thread.builder
    x, y, chosen = (builder.zext(thread.read(value, 32), I64) for value in (a, b, selectors))
    both = builder.or_(builder.shl(y, I64(32)), x)
    result = I32(0)
    for number in range(4):
        selector = builder.lshr(chosen, I64(4 * number))
        index = builder.and_(selector, I64(7))
        byte = builder.trunc(builder.lshr(both, builder.shl(index, I64(3))), ir.IntType(8))
        sign = builder.ashr(byte, byte.type(7))
        only_sign = builder.trunc(builder.lshr(selector, I64(3)), ir.IntType(1))
        byte = builder.zext(builder.select(only_sign, sign, byte), I32)
        result = builder.or_(result, builder.shl(byte, I32(8 * number)))
    thread.write(target, result)


def ones(thread, count, kind):
    """A value whose lowest bits are set."""
    beyond = shifted(thread, "shl", kind(2**kind.width - 1), count)
    return thread.builder.not_(beyond)


def low_byte(thread, operand):
    return thread.builder.and_(thread.read(operand, 32), I32(255))


def extract_field(thread, kind, target, a, begin, length):
    """A field of bits; those beyond it are its sign, and so are those beyond the value."""
    builder, value = thread.builder, thread.read(a, kind.bits)
    begin, length = low_byte(thread, begin), low_byte(thread, length)
    end = builder.add(begin, length)
    beyond = builder.icmp_unsigned(">", end, I32(kind.bits))
    end = builder.select(beyond, I32(kind.bits), end)
    field = builder.and_(value, ones(thread, end, value.type))
    if kind.signed:
        # The last bit of the field becomes the highest, and its sign fills what is above the field.
        space = builder.sub(I32(kind.bits), end)
        field = shifted(thread, "ashr", shifted(thread, "shl", value, space), space)
        empty = builder.icmp_unsigned("==", length, I32(0))
        field = builder.select(empty, value.type(0), field)
    thread.write(target, shifted(thread, "ashr" if kind.signed else "lshr", field, begin))


def insert_field(thread, kind, target, a, b, begin, length):
    """The value b, with a field that is the lowest bits of a."""
    builder = thread.builder
    inserted, value = thread.read(a, kind.bits), thread.read(b, kind.bits)
    begin, length = low_byte(thread, begin), low_byte(thread, length)
    field = shifted(thread, "shl", ones(thread, length, value.type), begin)
    kept = builder.and_(value, builder.not_(field))
    inserted = builder.and_(shifted(thread, "shl", inserted, begin), field)
    thread.write(target, builder.or_(kept, inserted))


def look_up(thread, _, target, a, b, c, table):
    """Each bit is looked up in a table of eight bits, by the bits of three words."""
    builder = thread.builder
    words = [thread.read(value, 32) for value in (a, b, c)]
    result = I32(0)
    for index in range(8):
        if int(table, 0) >> index & 1:
            terms = [
                word if index >> place & 1 else builder.not_(word)
                for word, place in zip(words, (2, 1, 0), strict=True)
            ]
            result = builder.or_(result, builder.and_(builder.and_(*terms[:2]), terms[2]))
    thread.write(target, result)
