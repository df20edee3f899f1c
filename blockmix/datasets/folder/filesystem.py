"""File system operations of a destination, one function each.

Mounts (sshfs, NFS, Lustre, CIFS, vfat) lack some operations or do them in their own way. Every
failure therefore names its operation and its file, and runs do without what they can.
"""

from __future__ import annotations

import errno
import fcntl
import os
import unicodedata
from collections.abc import Callable
from contextlib import suppress
from io import FileIO
from pathlib import Path
from typing import Any

# Error numbers of a file system that does not offer an operation.
NOT_OFFERED = (errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOTTY)
# Used if a file system does not report its limits: those of Linux, in bytes.
_NAME_BYTES, _PATH_BYTES = 255, 4096


def make_folders(folder: str | Path) -> None:
    """Make a folder and its parents, as far as they are missing."""
    _call("making the folder", folder, os.makedirs, folder, 0o777, True)


def create(path: str) -> FileIO:
    """Create a file to write to and to read from."""
    return _call("creating", path, FileIO, path, "x+")  # type: ignore[no-any-return]


def fill(file: FileIO, target: str, save: Callable[[FileIO], None]) -> None:
    """Call ``save`` on a file that will get the name ``target``."""
    _call("writing", target, save, file)


def move(path: str, target: str) -> None:
    """Rename a file atomically; a file named ``target`` is replaced."""
    _call("renaming a finished file to", target, os.replace, path, target)


def remove(path: str | Path) -> None:
    """Remove a file if it exists."""
    with suppress(FileNotFoundError):
        _call("removing", path, os.unlink, path)


def remove_folder(path: Path) -> None:
    """Remove an empty folder."""
    _call("removing", path, os.rmdir, path)


class NoLocksError(OSError):
    """The file system offers no locks."""


def open_lock(path: Path) -> int:
    """Return the descriptor of a file to lock, which is created if missing."""
    return _call("opening", path, os.open, path, os.O_RDWR | os.O_CREAT, 0o600)  # type: ignore[no-any-return]


def lock(file: int, path: Path) -> bool:
    """Lock an open file for this process alone; return False if another process has it.

    Raises
    ------
    NoLocksError
        If the file system offers no locks.
    """
    try:
        _call("locking", path, fcntl.flock, file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno in (*NOT_OFFERED, errno.ENOLCK, errno.EINVAL):
            raise NoLocksError(error.errno, error.strerror) from error
        raise
    return True


def is_locked(path: Path) -> bool:
    """Whether another process has locked a file, as far as this one can see."""
    try:
        with open(path, "rb") as file:
            return not lock(file.fileno(), path)
    except OSError:
        return False


def stamp(file: FileIO, time: int) -> None:
    """Set both times of an open file, in seconds since 1970."""
    os.utime(file.fileno(), (time, time))


def exists(path: Path) -> bool:
    """Whether a path exists, also as a broken link."""
    return os.path.lexists(path)


def name_limits(folder: Path) -> tuple[int, int]:
    """Return how many bytes a name, and a path, may have in an existing folder."""

    def limit(name: str, default: int) -> int:
        try:
            return os.pathconf(folder, name)
        except (OSError, ValueError):
            return default

    return limit("PC_NAME_MAX", _NAME_BYTES), limit("PC_PATH_MAX", _PATH_BYTES)


def name_folding(folder: Path) -> Callable[[str], str] | None:
    """Return a function under which the names that collide in a folder become equal.

    None if only equal names collide. ``folder`` exists and can be written to.
    """
    ignores_case = _are_same(folder / "case.part", folder / "CASE.PART")
    ignores_form = _are_same(folder / "\u00e9.part", folder / "e\u0301.part")
    if not (ignores_case or ignores_form):
        return None

    def fold(name: str) -> str:
        return unicodedata.normalize("NFD", name.casefold() if ignores_case else name)

    return fold


def _are_same(path: Path, twin: Path) -> bool:
    try:
        path.touch()
    except OSError:  # a file system that has no such names
        return False
    try:
        return exists(twin)
    finally:
        with suppress(OSError):  # `Destination.begin` removes it, or names it
            remove(path)


def _call(operation: str, path: str | Path, function: Callable[..., Any], *arguments: Any) -> Any:
    try:
        return function(*arguments)
    except OSError as error:
        reason = error.strerror or error
        raise OSError(error.errno, f"{operation} {os.fspath(path)}: {reason}") from error
