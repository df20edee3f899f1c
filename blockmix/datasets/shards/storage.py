"""Where shards lie: in folders of this machine, or in any store that fsspec knows.

A store reads and writes whole files. Every failure is an OSError, is tried again a few times, and
then becomes a `StoreError` of which nothing is secret.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeVar

from blockmix.errors import InputError, WorkError
from blockmix.support.extras import load

T = TypeVar("T")

# Seconds before an operation that failed is tried again, and again.
PAUSES = [0.5, 2.0, 8.0]
_PART = re.compile(r"\.[0-9a-f]{16}\.part")
# Failures that trying again does not mend.
_LASTING = (
    FileExistsError,
    FileNotFoundError,
    IsADirectoryError,
    NotADirectoryError,
    PermissionError,
)
_LASTING_NUMBERS = {errno.EDQUOT, errno.ENOSPC, errno.EROFS}


class StoreError(WorkError):
    """A store that failed again and again."""


class ShortReadError(OSError):
    """A store gave fewer bytes than the file has."""


class FileInfo(NamedTuple):
    """A file, as its store lists it."""

    size: int  # bytes
    version: str  # differs when the content does, as far as the store can tell


class Store(Protocol):
    """Files by their URLs. A write makes a file appear, or replaces it, complete or not at all."""

    def info(self, url: str) -> FileInfo | None:
        """Return what is known of a file, or None if there is none."""

    def sizes(self, folder: str, *, deep: bool = True) -> dict[str, int]:
        """Return the bytes of each file in a folder; if ``deep`` also below it, with ``/``."""

    def read(self, url: str, size: int | None = None) -> bytes:
        """Return a file; with ``size``, fewer or more bytes are a failure."""

    def write(self, url: str, data: bytes, stamp: int) -> None:
        """Write a file; where files have times of their own, they are set to ``stamp``."""

    def create(self, url: str, data: bytes) -> bool:
        """Write a file unless it exists; return whether it was written."""

    def remove(self, url: str) -> None:
        """Remove a file if it exists."""

    def clean(self, folder: str) -> None:
        """Remove what interrupted writes have left in a folder, but not below it."""

    def remove_empty(self, folder: str) -> None:
        """Remove a folder and those below it, as far as they are empty."""


def store_of(url: str) -> Store:
    """Return the store of a URL, or of a path of this machine."""
    if is_local(url):
        return LocalStore()
    filesystem = load(
        "fsspec.core", f"{shown(url)} lies in a store that fsspec must read", "cloud"
    ).core
    try:
        return FsspecStore(filesystem.url_to_fs(url, use_listings_cache=False)[0])
    except (ImportError, ValueError) as error:
        # Such as the library of a protocol that is not installed, or a protocol that nobody knows.
        raise InputError(f"{shown(url)} cannot be opened: {error}") from None


def is_local(url: str) -> bool:
    return "://" not in url


def shown(url: str) -> str:
    """Return a URL for people, without a password or a signature.

    Examples
    --------
    >>> shown("sftp://me:secret@host/set.tar"), shown("https://host/set.tar?signature=secret")
    ('sftp://host/set.tar', 'https://host/set.tar')
    """
    if is_local(url):
        return url
    return re.sub(r"(?<=://)[^/]*@", "", re.sub(r"\?.*", "", url))


def location(url: str) -> str:
    """Return a text that two URLs of one file have in common."""
    if is_local(url):
        return os.path.realpath(url)
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.strip('/')}"


def join(folder: str, name: str) -> str:
    """Return the URL of a file in a folder.

    Examples
    --------
    >>> join("s3://bucket/mixed/", "shard.tar")
    's3://bucket/mixed/shard.tar'
    """
    return f"{folder.rstrip('/') or '/'}/{name}" if folder.strip("/") else f"{folder}{name}"


class LocalStore:
    """Files of this machine."""

    def info(self, url: str) -> FileInfo | None:
        def look() -> FileInfo:
            status = os.stat(url)
            return FileInfo(status.st_size, str(status.st_mtime_ns))

        return _unless_missing("looking at", url, look)

    def sizes(self, folder: str, *, deep: bool = True) -> dict[str, int]:
        def fail(error: OSError) -> None:
            if not isinstance(error, FileNotFoundError):
                raise error

        def look() -> dict[str, int]:
            walk = os.walk(folder, onerror=fail)
            sizes = {}
            for parent, _, names in walk if deep else islice(walk, 1):
                for name in names:
                    path = Path(parent, name)
                    if not _PART.fullmatch(name):
                        with suppress(FileNotFoundError):  # removed since it was listed
                            sizes[path.relative_to(folder).as_posix()] = path.lstat().st_size
            return sizes

        return _repeated("listing", folder, look)

    def read(self, url: str, size: int | None = None) -> bytes:
        return _repeated("reading", url, lambda: _whole(Path(url).read_bytes(), size))

    def write(self, url: str, data: bytes, stamp: int) -> None:
        _repeated("writing", url, lambda: self._write(url, data, stamp))

    def create(self, url: str, data: bytes) -> bool:
        def create() -> bool:
            part = self._part(url, data)
            try:
                _appear(part, url, data)
            except FileExistsError:
                return False
            finally:
                os.unlink(part)
            return True

        return _repeated("writing", url, create)

    def remove(self, url: str) -> None:
        _unless_missing("removing", url, partial(os.unlink, url))

    def clean(self, folder: str) -> None:
        for parent, _, names in islice(os.walk(folder), 1):
            for name in names:
                if _PART.fullmatch(name):
                    self.remove(os.path.join(parent, name))

    def remove_empty(self, folder: str) -> None:
        for parent, _, _ in os.walk(folder, topdown=False):
            self.clean(parent)
            with suppress(OSError):
                os.rmdir(parent)

    def _write(self, url: str, data: bytes, stamp: int) -> None:
        part = self._part(url, data)
        try:
            os.utime(part, (stamp, stamp))
            os.replace(part, url)
        except BaseException:
            part.unlink(missing_ok=True)
            raise

    def _part(self, url: str, data: bytes) -> Path:
        """Write a file beside the one to come."""
        path = Path(url)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{secrets.token_hex(8)}.part")
        try:
            part.write_bytes(data)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        return part


def _appear(part: Path, url: str, data: bytes) -> None:
    try:
        os.link(part, url)  # fails if it exists, and never shows half of it
    except FileExistsError:
        raise
    except OSError:  # file systems without links, such as exFAT
        with open(url, "xb") as file:
            file.write(data)


class FsspecStore:
    """Files of a file system of fsspec."""

    def __init__(self, filesystem: Any) -> None:
        self._files = filesystem

    def info(self, url: str) -> FileInfo | None:
        def look() -> FileInfo:
            # Else some stores answer from a cache.
            self._files.invalidate_cache()
            entry = self._files.info(url)
            stamps = ("ETag", "etag", "md5Hash", "LastModified", "updated", "mtime", "created")
            version = next((entry[name] for name in stamps if entry.get(name)), "")
            return FileInfo(int(entry["size"]), str(version))

        return _unless_missing("looking at", url, look)

    def sizes(self, folder: str, *, deep: bool = True) -> dict[str, int]:
        def look() -> dict[str, int]:
            self._files.invalidate_cache()
            root = self._files._strip_protocol(folder).rstrip("/") + "/"
            files = self._files.find(folder, maxdepth=None if deep else 1, detail=True)
            return {path.removeprefix(root): int(file["size"]) for path, file in files.items()}

        return _unless_missing("listing", folder, look) or {}

    def read(self, url: str, size: int | None = None) -> bytes:
        return _repeated("reading", url, lambda: _whole(self._files.cat_file(url), size))

    def write(self, url: str, data: bytes, stamp: int) -> None:
        def write() -> None:
            # A ``with`` would publish what was written before an error.
            file = self._files.open(url, "wb", autocommit=False)
            try:
                file.write(data)
                file.close()
                file.commit()
            except BaseException:
                with suppress(Exception):  # which would hide the cause
                    file.discard()
                raise

        self._make_parent(url)
        _repeated("writing", url, write)

    def create(self, url: str, data: bytes) -> bool:
        self._make_parent(url)

        def create() -> bool:
            try:
                self._files.pipe_file(url, data, mode="create")
            except FileExistsError:
                return False
            return True

        return _repeated("writing", url, create)

    def remove(self, url: str) -> None:
        _unless_missing("removing", url, partial(self._files.rm_file, url))

    def clean(self, folder: str) -> None:
        """Do nothing: an upload that was cut off is no file."""

    def remove_empty(self, folder: str) -> None:
        """Do nothing: most stores have no folders."""

    def _make_parent(self, url: str) -> None:
        """Make the folder of a file, where a store has folders."""
        with suppress(Exception):  # such as a bucket that exists; writing has the words
            self._files.makedirs(self._files._parent(url), exist_ok=True)


def _whole(data: bytes, size: int | None) -> bytes:
    if size is not None and len(data) != size:
        raise ShortReadError(f"{len(data)} of {size} bytes came")
    return data


def _unless_missing(operation: str, url: str, work: Callable[[], T]) -> T | None:
    def attempt() -> T | None:
        try:
            return work()
        except FileNotFoundError:
            return None

    return _repeated(operation, url, attempt)


def _repeated(operation: str, url: str, work: Callable[[], T]) -> T:
    """Try until it works, with pauses between."""
    pauses = iter(PAUSES)
    while True:
        try:
            return work()
        except Exception as error:  # stores raise anything
            # Not the error's own text, in which there may be credentials.
            number = getattr(error, "errno", None)
            is_lasting = isinstance(error, _LASTING) or number in _LASTING_NUMBERS
            pause = None if is_lasting else next(pauses, None)
            if pause is None:
                reason = os.strerror(number) if number else type(error).__name__
                if isinstance(error, ShortReadError):
                    reason = str(error)
                raise StoreError(f"{operation} {shown(url)} failed: {reason}") from None
        time.sleep(pause)
