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
from importlib import metadata
from pathlib import Path

from numba.core import caching


def _digest():
    digest = hashlib.sha256(sys.version.encode())
    for name in ("numba", "llvmlite", "numpy"):
        digest.update(f"{name} {metadata.version(name)}\n".encode())
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


DIGEST = _digest()


def _folder():
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "blockmix" / DIGEST[:16]


class Locator(caching._CacheLocator):
    """Tells numba where kernels are kept, and what they belong to."""

    def __init__(self, name):
        self.name = self._py_file = name  # numba names it in a warning when it cannot keep a kernel

    def get_cache_path(self):
        return str(_folder())

    def get_source_stamp(self):
        return DIGEST

    def get_disambiguator(self):
        return self.name

    @classmethod
    def from_function(cls, py_func, py_file):
        """The locator, or None where there is no folder that only its owner can write to.

        What is loaded from there is run, so nobody else may be able to put it there.
        """
        folder = _folder()
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            found = folder.stat()
        except (OSError, RuntimeError):
            return None
        private = found.st_uid == os.getuid() and not found.st_mode & 0o022
        return cls(py_func.__qualname__) if private and os.access(folder, os.W_OK) else None


class Implementation(caching.CompileResultCacheImpl):
    _locator_classes = [Locator]  # noqa: RUF012


class KernelCache(caching.FunctionCache):
    _impl_class = Implementation


def cached(kernel):
    """Let a kernel be kept on disk; it is compiled in every process where that cannot be."""
    with suppress(RuntimeError):  # numba: no locator available
        kernel._cache = KernelCache(kernel.py_func)
    return kernel
