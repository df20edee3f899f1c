"""Libraries that only an extra of the package installs."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from blockmix.errors import InputError


def installation(extra: str) -> str:
    """Return the command that installs an extra, for messages."""
    return f"pip install '.[{extra}]' in a checkout of blockmix"


def load(module: str, purpose: str, extra: str) -> Any:
    """The library that a module belongs to, or an error with its purpose and how to install it.

    Examples
    --------
    >>> load("no_such.module", "it needs a library", "demo")
    Traceback (most recent call last):
    blockmix.errors.InputError: it needs a library: pip install '.[demo]' in a checkout of blockmix
    """
    name = module.partition(".")[0]
    try:
        library = import_module(name)
        import_module(module)
    except ModuleNotFoundError:
        raise InputError(f"{purpose}: {installation(extra)}") from None
    except Exception as error:  # a broken installation or its settings may raise anything
        raise InputError(
            f"{purpose}, but {name} cannot be imported ({type(error).__name__}: {error}): correct "
            f"its settings, or install it anew: pip install --force-reinstall {name}"
        ) from error
    return library
