"""What opcodes do, in plain Python integers, and the values at the edges to try them on."""

from collections.abc import Callable
from itertools import product
from typing import NamedTuple


class Values(NamedTuple):
    """An operand of so many bits, and what it is in turn."""

    bits: int
    tried: list[int]


class Case(NamedTuple):
    """An opcode on registers.

    Parameters
    ----------
    operands : list of Values
    bits : int
        Bits of the result.
    expected : function of int to int
        The result for operands from 0 to 2**bits - 1. Only its low bits count.
    """

    operands: list[Values]
    bits: int
    expected: Callable[..., int]


def edges(bits):
    half = 2 ** (bits - 1)
    values = {0, 1, 2, 7, half - 1, half, half + 1, 2 * half - 2, 2 * half - 1, 0x0123456789ABCDEF}
    return Values(bits, sorted({value % (2 * half) for value in values}))


# Of shifts and fields: the widths of values, around them and far beyond.
AMOUNTS = Values(32, [0, 1, 5, 15, 16, 17, 31, 32, 33, 63, 64, 65, 255, 256, 2**31, 2**32 - 1])
SELECTORS = Values(32, [0x3210, 0x7654, 0x0123, 0x7531, 0xFB73, 0x8CC8, 0xFFFF3210])


def as_number(value, letter, bits):
    """The value of a signed (s) or other type."""
    return value - 2**bits if letter == "s" and value >> (bits - 1) else value


def quotient(a, b):
    """Rounded towards 0, where Python rounds down."""
    return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)


def integer_cases(letter, bits):
    def on_numbers(function):
        return lambda *values: function(*(as_number(value, letter, bits) for value in values))

    one, two, three = ([edges(bits)] * count for count in (1, 2, 3))
    divisors = [v for v in edges(bits).tried if v and as_number(v, letter, bits) != -1]
    divided = [edges(bits), Values(bits, divisors)]
    cases = {
        "add": Case(two, bits, lambda a, b: a + b),
        "sub": Case(two, bits, lambda a, b: a - b),
        "min": Case(two, bits, on_numbers(min)),
        "max": Case(two, bits, on_numbers(max)),
        "mul.lo": Case(two, bits, lambda a, b: a * b),
        "mul.hi": Case(two, bits, on_numbers(lambda a, b: a * b >> bits)),
        "mad.lo": Case(three, bits, lambda a, b, c: a * b + c),
        "mad.hi": Case(three, bits, on_numbers(lambda a, b, c: (a * b >> bits) + c)),
        "div": Case(divided, bits, on_numbers(quotient)),
        "rem": Case(divided, bits, on_numbers(lambda a, b: a - quotient(a, b) * b)),
        "setp.lt": Case(two, 1, on_numbers(lambda a, b: a < b)),
        "setp.le": Case(two, 1, on_numbers(lambda a, b: a <= b)),
        "setp.gt": Case(two, 1, on_numbers(lambda a, b: a > b)),
        "setp.ge": Case(two, 1, on_numbers(lambda a, b: a >= b)),
    }
    if bits < 64:
        multiply = on_numbers(lambda a, b: a * b)
        with_sum = [*two, edges(2 * bits)]
        cases["mul.wide"] = Case(two, 2 * bits, multiply)
        cases["mad.wide"] = Case(with_sum, 2 * bits, lambda a, b, c: multiply(a, b) + c)
    if letter == "s":
        cases["neg"] = Case(one, bits, lambda a: -a)
    else:
        names = {"lo": "lt", "ls": "le", "hi": "gt", "hs": "ge"}
        cases |= {f"setp.{name}": cases[f"setp.{other}"] for name, other in names.items()}
    return {f"{name}.{letter}{bits}": case for name, case in cases.items()}


def register_cases(letter, bits):
    two, shifted = [edges(bits)] * 2, [edges(bits), AMOUNTS]
    cases = {
        "mov": Case([edges(bits)], bits, lambda a: a),
        "selp": Case([*two, Values(1, [0, 1])], bits, lambda a, b, first: a if first else b),
        "setp.eq": Case(two, 1, lambda a, b: a == b),
        "setp.ne": Case(two, 1, lambda a, b: a != b),
        "shr": Case(shifted, bits, lambda a, amount: as_number(a, letter, bits) >> amount),
    }
    return {f"{name}.{letter}{bits}": case for name, case in cases.items()}


def logic_cases(kind, values):
    two, bits = [values] * 2, values.bits
    cases = {
        "and": Case(two, bits, lambda a, b: a & b),
        "or": Case(two, bits, lambda a, b: a | b),
        "xor": Case(two, bits, lambda a, b: a ^ b),
        "not": Case([values], bits, lambda a: ~a),
    }
    return {f"{name}.{kind}": case for name, case in cases.items()}


def field_cases(bits):
    """Bit by bit, as PTX defines it; positions and lengths are bytes."""

    def inserted(a, b, begin, length):
        begin, length = begin % 256, length % 256
        within = [begin <= i < begin + length for i in range(bits)]
        return sum(
            (a >> (i - begin) & 1 if inside else b >> i & 1) << i for i, inside in enumerate(within)
        )

    def extracted(a, begin, length, letter):
        begin, length = begin % 256, length % 256
        last = min(begin + length - 1, bits - 1)
        sign = a >> last & 1 if letter == "s" and length else 0
        within = [i < length and begin + i < bits for i in range(bits)]
        return sum(
            (a >> (begin + i) & 1 if inside else sign) << i for i, inside in enumerate(within)
        )

    field = [edges(bits), AMOUNTS, AMOUNTS]
    return {
        f"bfi.b{bits}": Case([edges(bits), *field], bits, inserted),
        f"bfe.u{bits}": Case(field, bits, lambda *values: extracted(*values, "u")),
        f"bfe.s{bits}": Case(field, bits, lambda *values: extracted(*values, "s")),
    }


def conversion_case(target, source):
    """A byte is converted to all bits of a register."""
    (letter, bits), register_bits = target, max(target[1], 16)

    def converted(value):
        return as_number(as_number(value, *source) % 2**bits, letter, bits)

    return Case([edges(source[1])], register_bits, converted)


def permuted(a, b, selectors):
    both, chosen = (a + (b << 32)).to_bytes(8, "little"), []
    for number in range(4):
        selector = selectors >> (4 * number) & 15
        byte = both[selector % 8]
        chosen.append(byte if selector < 8 else 255 * (byte >= 128))
    return int.from_bytes(chosen, "little")


def funnel_cases():
    operands = [edges(32), edges(32), AMOUNTS]
    return {
        "shf.l.wrap.b32": Case(operands, 32, lambda a, b, n: ((b << 32) + a) << n % 32 >> 32),
        "shf.r.wrap.b32": Case(operands, 32, lambda a, b, n: ((b << 32) + a) >> n % 32),
        "shf.l.clamp.b32": Case(operands, 32, lambda a, b, n: ((b << 32) + a) << min(n, 32) >> 32),
        "shf.r.clamp.b32": Case(operands, 32, lambda a, b, n: ((b << 32) + a) >> min(n, 32)),
    }


def all_cases():
    cases = funnel_cases() | logic_cases("pred", Values(1, [0, 1]))
    cases["mov.pred"] = Case([Values(1, [0, 1])], 1, lambda a: a)
    cases["prmt.b32"] = Case([edges(32), edges(32), SELECTORS], 32, permuted)
    cases["cvta.to.global.u64"] = Case([edges(64)], 64, lambda a: a)
    for bits in (16, 32, 64):
        cases |= logic_cases(f"b{bits}", edges(bits))
        shifted = [edges(bits), AMOUNTS]
        cases[f"shl.b{bits}"] = Case(shifted, bits, lambda a, amount: a << min(amount, 64))
        for letter in "su":
            cases |= integer_cases(letter, bits)
        for letter in "bsu":
            cases |= register_cases(letter, bits)
    for bits in (32, 64):
        cases |= field_cases(bits)
    for target, source in product(product("su", (8, 16, 32, 64)), repeat=2):
        name = "cvt.{}{}.{}{}".format(*target, *source)
        cases[name] = conversion_case(target, source)
    return cases
