"""Compiled kernels on disk, so that later processes need not compile.

numba's own ``cache=True`` notices edits of the file of a kernel, but not of the files that it
calls into: it would go on running an old rule. Here a cached kernel belongs to a digest of all code
in this folder, of the versions of its libraries and of the settings of the compiler, so that it is
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

# Settings of the compiler that numba's own cache ignores: without them, a kernel that was compiled
# under NUMBA_BOUNDSCHECK=1 would slow down all later processes.
SETTINGS = ("OPT", "LOOP_VECTORIZE", "SLP_VECTORIZE", "BOUNDSCHECK", "DEBUGINFO_DEFAULT")
# The fields that decide what a code object does. The others say where its file is, which differs
# between installations.
FIELDS = (
    *("co_name", "co_flags", "co_argcount", "co_posonlyargcount", "co_kwonlyargcount"),
    *("co_code", "co_names", "co_varnames", "co_cellvars", "co_freevars", "co_exceptiontable"),
)


def _content(code):
    """The fields of a code object and of those inside it, as text that every process gets alike."""
    return [repr(getattr(code, field)) for field in FIELDS] + list(map(_constant, code.co_consts))


def _constant(value):
    if isinstance(value, CodeType):
        return _content(value)
    # The order of a set is that of its hashes, which differ from process to process.
    return sorted(map(repr, value)) if isinstance(value, frozenset) else repr(value)


def _digest():
    """A digest of everything that a kernel depends on; None where some of the code is missing.

    The code comes from its loaders, as there may be no source file: in an archive, or in a frozen
    application.
    """
    parts = [sys.version, *(library.__version__ for library in (numba, llvmlite, np))]
    parts += [getattr(config, name, None) for name in SETTINGS]
    path = sys.modules[__package__].__path__
    names = sorted(module.name for module in pkgutil.iter_modules(path, f"{__package__}."))
    if __name__ not in names:
        return None
    try:
        parts += [(name, _content(find_spec(name).loader.get_code(name))) for name in names]
    except Exception:  # a loader without code may raise anything
        return None
    return hashlib.sha256(repr(parts).encode()).hexdigest()


DIGEST = _digest()


@cache
def _folders():
    """The folders of the cache, outermost first; fixed at the first call."""
    base = Path(os.environ.get("XDG_CACHE_HOME", ""))
    base = base if base.is_absolute() else Path.home() / ".cache"
    return base / "blockmix", base / "blockmix" / DIGEST[:16]


def _is_private():
    """Make the folders of the cache, and return whether only their owner can write to them.

    Code is loaded from them and run, so nobody else may be able to put it there.
    """
    try:
        for folder in _folders():
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            status = folder.lstat()
            if (
                not S_ISDIR(status.st_mode)
                or status.st_uid != os.getuid()
                or status.st_mode & 0o022
            ):
                return False
    except (OSError, RuntimeError):  # RuntimeError: no home
        return False
    return True


def cache_folder():
    """The folder that kernels are cached in, or None where every process compiles them."""
    return _folders()[-1] if DIGEST is not None and _is_private() else None


class Locator(caching._CacheLocator):
    """Tells numba where kernels are cached, and which code they belong to."""

    def __init__(self, name):
        self.name = self._py_file = name  # numba's warnings show it

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
        # Those that NUMBA_CACHE_LOCATOR_CLASSES names would tie a kernel to its own file only.
        self._locator = Locator(py_func.__qualname__)


class KernelCache(caching.FunctionCache):
    """numba's cache, whose failures cost only time."""

    _impl_class = Implementation

    def load_overload(self, sig, target_context):
        if not _is_private():  # it may have changed since the import
            return None
        try:
            return super().load_overload(sig, target_context)
        except Exception:  # a damaged file may raise anything
            with suppress(OSError):
                self.flush()  # otherwise numba could not save a new file
            return None

    def save_overload(self, sig, data):
        with suppress(OSError):  # a full disk, a folder that is gone or read-only now
            if _is_private():  # saving also loads from there
                super().save_overload(sig, data)


def cached(kernel):
    """Cache a kernel on disk; where that is impossible, every process compiles it."""
    if DIGEST is not None:
        with suppress(RuntimeError):  # numba: no locator available
            kernel._cache = KernelCache(kernel.py_func)
    return kernel
