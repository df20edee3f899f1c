"""Compiled kernels on disk, so that later processes need not compile.

numba's own ``cache=True`` notices edits of the file of a kernel, but not of the files that it
calls into: it would go on running an old rule. Here a cached kernel belongs to the digest of all
that this folder runs, of the versions beneath it and of the settings of the compiler, so that it is
never run after an edit or an upgrade. numba itself adds the processor.
"""

import hashlib
import os
import pkgutil
import sys
from contextlib import suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from stat import S_ISDIR
from types import CodeType

import llvmlite
import numba
import numpy as np
from numba import config
from numba.core import caching

# What numba compiles by, of which its own key of a kernel says nothing: without these, one that was
# compiled under NUMBA_BOUNDSCHECK=1 would slow down all later processes.
SETTINGS = ("OPT", "LOOP_VECTORIZE", "SLP_VECTORIZE", "BOUNDSCHECK", "DEBUGINFO_DEFAULT")
# What a code object does. The rest is where it stands, which differs between installations.
FIELDS = (
    *("co_name", "co_flags", "co_argcount", "co_posonlyargcount", "co_kwonlyargcount"),
    *("co_code", "co_names", "co_varnames", "co_cellvars", "co_freevars", "co_exceptiontable"),
)


def _content(code):
    """A code object, and those inside it, in words that are the same in every process."""
    return [repr(getattr(code, field)) for field in FIELDS] + list(map(_constant, code.co_consts))


def _constant(value):
    if isinstance(value, CodeType):
        return _content(value)
    # The order of a set is that of its hashes, which differ from process to process.
    return sorted(map(repr, value)) if isinstance(value, frozenset) else repr(value)


def _digest():
    """Of all that a kernel follows from; None where some of the code cannot be had.

    Code is asked of whoever loads it, as there may be no source beside it: in an archive, or in a
    frozen application.
    """
    parts = [sys.version, *(library.__version__ for library in (numba, llvmlite, np))]
    parts += [getattr(config, name, None) for name in SETTINGS]
    path = sys.modules[__package__].__path__
    names = sorted(module.name for module in pkgutil.iter_modules(path, f"{__package__}."))
    if __name__ not in names:
        return None
    try:
        parts += [(name, _content(find_spec(name).loader.get_code(name))) for name in names]
    except Exception:  # whatever a loader does that gives no code
        return None
    return hashlib.sha256(repr(parts).encode()).hexdigest()


DIGEST = _digest()


@cache
def _folders():
    """Where kernels are kept, outermost first; as it was when first asked for."""
    base = Path(os.environ.get("XDG_CACHE_HOME", ""))
    base = base if base.is_absolute() else Path.home() / ".cache"
    return base / "blockmix", base / "blockmix" / DIGEST[:16]


def _is_private():
    """Whether only their owner can write to the folders, which exist then.

    What is loaded from there is run, so nobody else may be able to put it there.
    """
    try:
        for folder in _folders():
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            found = folder.lstat()
            if not S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o022:
                return False
    except (OSError, RuntimeError):  # RuntimeError: no home
        return False
    return True


def kept_in():
    """The folder where kernels are kept, or None where every process compiles them."""
    return _folders()[-1] if DIGEST is not None and _is_private() else None


class Locator(caching._CacheLocator):
    """Tells numba where kernels are kept, and what they belong to."""

    def __init__(self, name):
        self.name = self._py_file = name  # numba names it where it warns that it keeps nothing

    def get_cache_path(self):
        return str(_folders()[-1])

    def get_source_stamp(self):
        return DIGEST

    def get_disambiguator(self):
        return self.name

    @classmethod
    def from_function(cls, py_func, py_file):
        return cls(py_func.__qualname__) if _is_private() else None


class Implementation(caching.CompileResultCacheImpl):
    _locator_classes = [Locator]  # noqa: RUF012

    def __init__(self, py_func):
        super().__init__(py_func)
        # NUMBA_CACHE_LOCATOR_CLASSES names others, for which a kernel belongs to one file.
        self._locator = Locator(py_func.__qualname__)


class KernelCache(caching.FunctionCache):
    """numba's cache, but one whose failures cost time and nothing else."""

    _impl_class = Implementation

    def load_overload(self, sig, target_context):
        if not _is_private():  # it may have changed since the import
            return None
        try:
            return super().load_overload(sig, target_context)
        except Exception:  # whatever a damaged file leads to
            with suppress(OSError):
                self.flush()  # or else numba could not save beside it
            return None

    def save_overload(self, sig, data):
        with suppress(OSError):  # a full disk, a folder that is gone or read-only now
            if _is_private():  # saving reads what is there
                super().save_overload(sig, data)


def cached(kernel):
    """Let a kernel be kept on disk; it is compiled in every process where that cannot be."""
    if DIGEST is not None:
        with suppress(RuntimeError):  # numba: no locator available
            kernel._cache = KernelCache(kernel.py_func)
    return kernel
