"""The table of opcodes: everything that the emulator knows, each with all its modifiers."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from . import arithmetic, bits, movement


class Kind(NamedTuple):
    """A type of PTX: signed, unsigned or without a meaning, and its bits."""

    letter: str
    bits: int

    @property
    def signed(self) -> bool:
        return self.letter == "s"

    def __str__(self) -> str:
        return "pred" if self.letter == "pred" else f"{self.letter}{self.bits}"


def kinds(letters: str, *widths: int) -> list[Kind]:
    return [Kind(letter, width) for letter in letters for width in widths]


INTEGERS = kinds("su", 16, 32, 64)
REGISTERS = kinds("bsu", 16, 32, 64)
IN_MEMORY = kinds("bsu", 8, 16, 32, 64)
PREDICATE = Kind("pred", 1)
LOGICAL = [PREDICATE, *kinds("b", 16, 32, 64)]
COMPARISONS = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
UNSIGNED_COMPARISONS = {"lo": "<", "ls": "<=", "hi": ">", "hs": ">="}

Table = dict[str, tuple[Callable[..., None], Kind]]


def family(name: str, of: Iterable[Kind], emit: Callable[..., None]) -> Table:
    """An opcode for each of a few types."""
    return {f"{name}.{kind}": (emit, kind) for kind in of}


def known_opcodes() -> Table:
    table: Table = {
        "bra": (movement.jump, PREDICATE),
        "bra.uni": (movement.jump, PREDICATE),
        "ret": (movement.finish, PREDICATE),
        "cvta.to.global.u64": (movement.copy_address, Kind("u", 64)),
        "prmt.b32": (bits.permute_bytes, Kind("b", 32)),
        "lop3.b32": (bits.look_up, Kind("b", 32)),
    }
    for name in ("add", "sub"):
        table |= family(name, INTEGERS, arithmetic.binary(name))
    for name in ("and", "or", "xor"):
        operation = name if name == "xor" else f"{name}_"
        table |= family(name, LOGICAL, arithmetic.binary(operation))
    table |= family("not", LOGICAL, arithmetic.unary("not_"))
    table |= family("neg", kinds("s", 16, 32, 64), arithmetic.unary("neg"))
    table |= family("min", INTEGERS, arithmetic.extreme("<"))
    table |= family("max", INTEGERS, arithmetic.extreme(">"))
    table |= family("div", INTEGERS, arithmetic.divide("div"))
    table |= family("rem", INTEGERS, arithmetic.divide("rem"))
    for name, emitter in (("mul", arithmetic.multiply), ("mad", arithmetic.multiply_and_add)):
        table |= family(f"{name}.lo", INTEGERS, emitter("lo"))
        table |= family(f"{name}.hi", INTEGERS, emitter("hi"))
        table |= family(f"{name}.wide", kinds("su", 16, 32), emitter("wide"))
    table |= family("shl", kinds("b", 16, 32, 64), arithmetic.shift_left)
    table |= family("shr", REGISTERS, arithmetic.shift_right)
    table |= family("selp", REGISTERS, arithmetic.select)
    for name, comparison in COMPARISONS.items():
        of = REGISTERS if name in ("eq", "ne") else INTEGERS
        table |= family(f"setp.{name}", of, arithmetic.set_predicate(comparison))
    for name, comparison in UNSIGNED_COMPARISONS.items():
        of = kinds("u", 16, 32, 64)
        table |= family(f"setp.{name}", of, arithmetic.set_predicate(comparison))
    for direction in ("l", "r"):
        for mode in ("wrap", "clamp"):
            emit = bits.funnel_shift(direction, mode)
            table |= family(f"shf.{direction}.{mode}", kinds("b", 32), emit)
    table |= family("bfe", kinds("su", 32, 64), bits.extract_field)
    table |= family("bfi", kinds("b", 32, 64), bits.insert_field)
    table |= family("mov", [PREDICATE, *REGISTERS], movement.move)
    table |= family("ld.param", IN_MEMORY, movement.load_parameter)
    for space in ("global", "shared"):
        for count, vector in ((1, ""), (2, ".v2"), (4, ".v4")):
            of = [kind for kind in IN_MEMORY if count * kind.bits <= 128]
            table |= family(f"ld.{space}{vector}", of, movement.load(space, count))
            table |= family(f"st.{space}{vector}", of, movement.store(space, count))
    table |= family("ld.global.nc", IN_MEMORY, movement.load("global"))
    for source in kinds("su", 8, 16, 32, 64):
        emit = movement.convert(source)
        for target in kinds("su", 8, 16, 32, 64):
            table[f"cvt.{target}.{source}"] = emit, target
    return table


OPCODES = known_opcodes()
