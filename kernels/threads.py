"""How CPU loops run in parallel: their decorators, and the threading layer below."""

import ctypes
from contextlib import contextmanager
from importlib import metadata

from numba import config, get_num_threads, njit, set_num_threads

from .cache import cached

# The loops work on addresses, which Python cannot read: they must not be called uncompiled.
COMPILED = not config.DISABLE_JIT


def _load_tbb():
    """Load the library of the package ``tbb``, if it is installed, so that numba finds it.

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

# Only array loops run in parallel, and only they are called from Python: the functions that they
# call are compiled into them, and need neither wrappers nor a cache.
_OPTIONS = {"nogil": True, "error_model": "numpy", "no_cfunc_wrapper": True}
serial = njit(**_OPTIONS, no_cpython_wrapper=True)
# For functions that are called once: each level of calls compiles all levels below it again.
# Without four of them the first mix took 7 s instead of 8 s (Zen 3, 2.4 GHz).
inlined = njit(**_OPTIONS, inline="always")


def parallel(function):
    """Compile an array loop when it is first called, or load it from disk."""
    return _callable(function, parallel=True)


def sequential(function):
    """The same for a loop that runs in the thread that calls it."""
    return _callable(function)


def _callable(function, **options):
    loop = njit(**_OPTIONS, **options)(function)
    return cached(loop) if COMPILED else loop


@contextmanager
def threads_limited(count):
    """Let the loops that this thread calls run on at most ``count`` threads."""
    before = get_num_threads()
    set_num_threads(min(count, before))
    try:
        yield
    finally:
        set_num_threads(before)
