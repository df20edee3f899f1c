"""Write the reference of the command line: ``python docs/command_line.py docs/command-line.md``.

It is taken from the options themselves, as ``--help`` is, and put between the marks of the page.
"""

from __future__ import annotations

import argparse
import inspect
from collections.abc import Callable, Iterator
from enum import Enum
from pathlib import Path
from typing import Any, get_args, get_type_hints

from typer import Typer
from typer.models import ArgumentInfo, OptionInfo

from blockmix.__main__ import app
from blockmix.bench.common.markdown import fill_pages

Table = list[tuple[str, ...]]
VALUES = {str: "TEXT", int: "N", float: "NUMBER", Path: "FILE"}


def reference() -> str:
    """Return a section for each command, in Markdown."""
    sections = [_section(name, function) for name, function in commands(app, "blockmix")]
    return "\n".join(sections)


def commands(group: Typer, prefix: str) -> Iterator[tuple[str, Callable[..., None]]]:
    """Yield how each command is started, and its function."""
    for command in group.registered_commands:
        function = command.callback
        if function is not None:
            yield f"{prefix} {command.name or function.__name__}", function
    for nested in group.registered_groups:
        if nested.typer_instance is not None:
            yield from commands(nested.typer_instance, f"{prefix} {nested.name}")


def _section(name: str, function: Callable[..., None]) -> str:
    parameters = list(_parameters(function))
    arguments: Table = [
        (f"`{info.metavar or label.upper()}`", _escaped(info.help or ""), _default(value))
        for label, info, _, value in parameters
        if isinstance(info, ArgumentInfo)
    ]
    options: Table = [
        (_flags(label, info, kind), _escaped(info.help or ""), _default(value))
        for label, info, kind, value in parameters
        if isinstance(info, OptionInfo)
    ]
    words = [
        cell.strip("`") if default == "required" else f"[{cell.strip('`')}]"
        for cell, _, default in arguments
    ]
    usage = " ".join([name, *words, *(["[OPTIONS]"] if options else [])])
    lines = [f"## {name}", "", _escaped(inspect.getdoc(function) or ""), ""]
    lines += ["```text", usage, "```", ""]
    for kind, rows in (("argument", arguments), ("option", options)):
        if rows:
            table = [(kind, "meaning", "default"), ("---",) * 3, *rows]
            lines += [f"| {' | '.join(row)} |" for row in table] + [""]
    return "\n".join(lines)


def _parameters(function: Callable[..., None]) -> Iterator[tuple[str, Any, Any, Any]]:
    """Name, what typer is told of it, type and default of each parameter."""
    hints = get_type_hints(function, include_extras=True)
    for name, parameter in inspect.signature(function).parameters.items():
        kind, info = get_args(hints[name])[:2]
        yield name, info, kind, parameter.default


def _flags(name: str, info: OptionInfo, kind: Any) -> str:
    # Within Annotated, typer takes the first spelling for a default.
    spellings = ([info.default] if isinstance(info.default, str) else []) + [
        *(info.param_decls or ())
    ]
    spelled = ", ".join(spellings or [f"--{name.replace('_', '-')}"])
    (value,) = (part for part in get_args(kind) or (kind,) if part is not type(None))
    if value is bool:
        return f"`{spelled}`"
    if issubclass(value, Enum):
        return f"`{spelled}` {', '.join(f'`{choice.value}`' for choice in value)}"
    return f"`{spelled} {info.metavar or VALUES[value]}`"


def _default(value: Any) -> str:
    if value is inspect.Parameter.empty:
        return "required"
    if value is None or value is False:
        return ""
    return f"`{value.value if isinstance(value, Enum) else value}`"


def _escaped(text: str) -> str:
    """Text in which Markdown finds nothing to interpret."""
    for character in "\\<*|_":
        text = text.replace(character, f"\\{character}")
    return text


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Put the reference into a page.")
    parser.add_argument("page", type=Path, help="Markdown with marks")
    fill_pages([parser.parse_args().page], {"commands": reference()})


if __name__ == "__main__":
    main()
