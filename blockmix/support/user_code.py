"""Functions of the user's own modules, which command lines name as MODULE:FUNCTION."""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any


def import_function(name: str) -> Any:
    """Return what MODULE:FUNCTION names. The module may lie in the working folder.

    Foreign code runs, so anything may be raised, `SystemExit` too.

    Examples
    --------
    >>> import_function("math:sqrt")(4)
    2.0
    """
    module, _, function = name.partition(":")
    folder = os.getcwd()
    if folder not in sys.path:
        sys.path.insert(0, folder)  # stays there for imports inside the function
    return getattr(importlib.import_module(module), function)
