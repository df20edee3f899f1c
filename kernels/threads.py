"""How CPU loops run in parallel: the one decorator, and the threading layer under it."""

import ctypes
from importlib import metadata

from numba import config, njit

from .cache import cached

# Loops run on addresses, which Python cannot: they are not to be called uncompiled.
COMPILED = not config.DISABLE_JIT


def _load_tbb():
    """Load the library of the package ``tbb``, if there is one, so that numba finds it.

    numba looks for TBB by its bare name, which the loader does not find in a virtual environment
    unless it is loaded already. Of numba's three layers only TBB both serves several Python
    threads at once and survives a fork; without it numba takes OpenMP, then its own workqueue.
    """
    try:
        files = metadata.files("tbb") or []
    except metadata.PackageNotFoundError:
        return
    for file in files:
        if file.name in ("libtbb.so.12", "tbb12.dll"):
            try:
                ctypes.CDLL(str(file.locate().resolve()))
            except OSError:
                return  # a broken installation: numba falls back to its next layer
            return


_load_tbb()

# Only array loops run in parallel, and only they are called from Python: what they call is
# compiled into them, needs no wrappers and no place on disk.
_OPTIONS = {"nogil": True, "error_model": "numpy", "no_cfunc_wrapper": True}
serial = njit(**_OPTIONS, no_cpython_wrapper=True)
# For what is called from one place: each level of calls is compiled anew with all that lies below
# it. Without four of them the first mix took 7 s instead of 8 s (Zen 3, 2.4 GHz).
inlined = njit(**_OPTIONS, inline="always")


def parallel(function):
    """Compile an array loop, or load it from disk."""
    loop = njit(**_OPTIONS, parallel=True)(function)
    return cached(loop) if COMPILED else loop
