"""matplotlib as it comes: without a backend, and without the settings of whoever uses it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from blockmix.support.extras import load


def load_matplotlib(needed: str, extra: str) -> Any:
    """The library, or an error that says what it is for and how to get it.

    Figures are written to files, which needs no backend. So the import does not see the one that
    ``MPLBACKEND`` names, on which it would fail where it is unknown, as that of a notebook often is
    to the commands that are run from there. Afterwards it is set, for others in this process.
    """
    backend = os.environ.get("MPLBACKEND")
    if backend is None or "matplotlib" in sys.modules:
        return load("matplotlib.figure", needed, extra)
    del os.environ["MPLBACKEND"]
    try:
        matplotlib = load("matplotlib.figure", needed, extra)
    finally:
        os.environ["MPLBACKEND"] = backend
    with suppress(ValueError):  # unknown
        matplotlib.rcParams["backend"] = backend
    return matplotlib


@contextmanager
def own_style(matplotlib: Any, settings: dict[str, Any]) -> Iterator[None]:
    """Draw with matplotlib's defaults and these settings, whatever its user has set."""
    defaults = {
        name: value for name, value in matplotlib.rcParamsDefault.items() if name != "backend"
    }
    with matplotlib.rc_context(defaults | settings):
        yield
