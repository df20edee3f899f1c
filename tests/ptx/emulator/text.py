"""PTX text, taken apart: declarations, labels and instructions. Their meaning is for others."""

import re
from collections.abc import Iterator
from typing import NamedTuple


class UnknownPtxError(ValueError):
    """PTX that the emulator does not know; the message names it."""


class Label(NamedTuple):
    """A target of jumps."""

    name: str


class Instruction(NamedTuple):
    """An instruction.

    Parameters
    ----------
    opcode : str
        With all its modifiers, such as ``ld.global.u32``.
    operands : tuple of str
        Registers, numbers, names, ``[address]`` and ``{registers}``; what is written comes first.
    guard : str or None
        The predicate that must be true for the instruction to be carried out, such as ``%p1``; or
        must be false, after ``!``.
    """

    opcode: str
    operands: tuple[str, ...]
    guard: str | None = None


class Kernel(NamedTuple):
    """The text of a kernel.

    Parameters
    ----------
    name : str
    parameters : dict of str to int
        Bits of each parameter, in their order.
    shared : dict of str to int
        Bytes of each array in shared memory.
    registers : dict of str to int
        Bits of each register; predicates have one.
    body : list of Label and Instruction
    """

    name: str
    parameters: dict[str, int]
    shared: dict[str, int]
    registers: dict[str, int]
    body: list[Label | Instruction]


HEADER = re.compile(r"\.version [\d.]+|\.target \w+|\.address_size 64")
# numba's environment of a function. Only exceptions use it, and any use of its name is unknown.
ENVIRONMENT = re.compile(r"\.common \.global \.align 8 \.u64 \w+;")
SHARED = re.compile(r"\.visible \.shared \.align [1248] \.b8 (\w+)\[(\d+)\];")
ENTRY = re.compile(r"\.visible \.entry (\w+)\(([^)]*)\) ?\{(.*)\}")
PARAMETER = re.compile(r"\.param \.[bsu](8|16|32|64) (?:\.ptr \.align \d+ )?(\w+),?")

REGISTERS = re.compile(r"\.reg \.(pred|b16|b32|b64) (%[a-z]+)<(\d+)>;")
HINT = re.compile(r'\.pragma "nounroll";')  # on compiling
LABEL = re.compile(r"([$\w]+):")
INSTRUCTION = re.compile(r"(?:@(!?%\w+) )?([a-z][\w.]*)(?: ([^;]*))?;")
OPERAND = re.compile(r"\[[^\]]*\]|\{[^}]*\}|[^\s,]+")


def parse(text: str) -> Kernel:
    """Take the PTX of one kernel apart.

    Raises
    ------
    UnknownPtxError
        If a declaration or the form of a statement is unknown: a function that is not inlined, an
        array in local memory.

    Examples
    --------
    >>> kernel = parse(".visible .entry nothing(.param .u64 p) { .reg .b32 %r<3>; ret; }")
    >>> kernel.parameters, kernel.registers
    ({'p': 64}, {'%r0': 32, '%r1': 32, '%r2': 32})
    >>> kernel.body
    [Instruction(opcode='ret', operands=(), guard=None)]
    """
    text = " ".join(re.sub(r"//.*", "", text).split())
    shared: dict[str, int] = {}
    entry = None
    for match in _statements(text, HEADER, ENVIRONMENT, SHARED, ENTRY):
        if match.re is SHARED:
            shared[match[1]] = int(match[2])
        elif match.re is ENTRY:
            entry = match.groups()
    if entry is None:
        raise UnknownPtxError("PTX without a kernel")
    name, parameters, body = entry
    return Kernel(name, _parameters(parameters), shared, *_registers_and_body(body))


def _parameters(text: str) -> dict[str, int]:
    return {match[2]: int(match[1]) for match in _statements(text, PARAMETER)}


def _registers_and_body(text: str) -> tuple[dict[str, int], list[Label | Instruction]]:
    registers: dict[str, int] = {}
    body: list[Label | Instruction] = []
    for match in _statements(text, REGISTERS, HINT, LABEL, INSTRUCTION):
        if match.re is REGISTERS:
            kind, prefix, count = match.groups()
            bits = 1 if kind == "pred" else int(kind[1:])
            registers |= {f"{prefix}{number}": bits for number in range(int(count))}
        elif match.re is LABEL:
            body.append(Label(match[1]))
        elif match.re is INSTRUCTION:
            guard, opcode, operands = match.groups()
            body.append(Instruction(opcode, tuple(OPERAND.findall(operands or "")), guard))
    return registers, body


def _statements(text: str, *forms: re.Pattern[str]) -> Iterator[re.Match[str]]:
    """The statements of a text, each of which has one of a few forms."""
    position = 0
    while text[position:].strip():
        position += text.startswith(" ", position)
        match = next(filter(None, (form.match(text, position) for form in forms)), None)
        if match is None:
            statement = text[position:].split(";")[0][:100]
            raise UnknownPtxError(f"unknown statement {statement}")
        yield match
        position = match.end()
