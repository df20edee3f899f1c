"""Libraries that only an extra of the package brings."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from blockmix.errors import InputError


def load(module: str, needed: str, extra: str) -> Any:
    """The library that a module belongs to, or an error that says what it is for and how to get it.

    Examples
    --------
    >>> load("no_such.module", "this example needs a library", "demo")
    Traceback (most recent call last):
    blockmix.errors.InputError: this example needs a library: pip install 'blockmix[demo]'
    """
    try:
        library = import_module(module.partition(".")[0])
        import_module(module)
    except ModuleNotFoundError:
        raise InputError(f"{needed}: pip install 'blockmix[{extra}]'") from None
    return library
