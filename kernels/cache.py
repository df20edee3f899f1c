"""Compiled kernels on disk, so that later processes need not compile.

numba's own ``cache=True`` notices edits of the file of a kernel, but not of the files that it
calls into: it would go on running an old rule. Here a cached kernel belongs to the digest of every
file of this folder and of the versions beneath it, so that it is never run after an edit or an
upgrade. numba itself adds the processor.
"""

import hashlib
import os
import sys
from contextlib import suppress
from functools import cache
from importlib import metadata
from pathlib import Path
from stat import S_ISDIR

from numba.core import caching


def _digest():
    digest = hashlib.sha256(sys.version.encode())
    for name in ("numba", "llvmlite", "numpy"):
        digest.update(f"{name} {metadata.version(name)}\n".encode())
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


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
            super().save_overload(sig, data)


def cached(kernel):
    """Let a kernel be kept on disk; it is compiled in every process where that cannot be."""
    with suppress(RuntimeError):  # numba: no locator available
        kernel._cache = KernelCache(kernel.py_func)
    return kernel
