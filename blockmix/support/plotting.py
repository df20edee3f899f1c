"""matplotlib with its defaults: without a backend, and without the settings of its user."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from blockmix.support.extras import load


def load_matplotlib(purpose: str, extra: str) -> Any:
    """The library, or an error with its purpose and how to install it.

    Figures are written to files, which needs no backend. So the import ignores ``MPLBACKEND``: it
    would fail if that names an unknown backend, as in commands that are run from a notebook.
    Afterwards the backend is set for other code in this process.
    """
    backend = os.environ.get("MPLBACKEND")
    if backend is None or "matplotlib" in sys.modules:
        return load("matplotlib.figure", purpose, extra)
    del os.environ["MPLBACKEND"]
    try:
        matplotlib = load("matplotlib.figure", purpose, extra)
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
