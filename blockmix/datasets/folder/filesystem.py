"""What is asked of the file system of a destination, an operation a function.

Mounts (sshfs, NFS, Lustre, CIFS, vfat) lack operations or do them their own way, so every failure
names its operation and its file, and what can be done without is.
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

# What a file system answers that does not offer an operation.
NOT_OFFERED = (errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOTTY)
# In place of limits that a file system does not tell: those of Linux, in bytes.
_NAME_BYTES, _PATH_BYTES = 255, 4096


def make_folders(folder: str | Path) -> None:
    """Make a folder and those above it, as far as they are missing."""
    _call("making the folder", folder, os.makedirs, folder, 0o777, True)


def create(path: str) -> FileIO:
    """A new file to write to and to read from."""
    return _call("creating", path, FileIO, path, "x+")  # type: ignore[no-any-return]


def fill(file: FileIO, target: str, save: Callable[[FileIO], None]) -> None:
    """Have ``save`` write into a file that will be called ``target``."""
    _call("writing", target, save, file)


def move(path: str, target: str) -> None:
    """Put a file in place of whatever is there, at once."""
    _call("renaming a finished file to", target, os.replace, path, target)


def remove(path: str | Path) -> None:
    """Remove a file, if it is there."""
    with suppress(FileNotFoundError):
        _call("removing", path, os.unlink, path)


def remove_folder(path: Path) -> None:
    """Remove a folder that is empty."""
    _call("removing", path, os.rmdir, path)


class NoLocksError(OSError):
    """There are no locks on that file system."""


def open_lock(path: Path) -> int:
    """The descriptor of a file to lock, which is made if need be."""
    return _call("opening", path, os.open, path, os.O_RDWR | os.O_CREAT, 0o600)  # type: ignore[no-any-return]


def lock(file: int, path: Path) -> bool:
    """Whether an open file could be locked for this process alone; False: somebody has it.

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
    """Whether somebody has locked a file, as far as can be told."""
    try:
        with open(path, "rb") as file:
            return not lock(file.fileno(), path)
    except OSError:
        return False


def stamp(file: FileIO, time: int) -> None:
    """Set both times of an open file, in seconds since 1970."""
    os.utime(file.fileno(), (time, time))


def is_there(path: Path) -> bool:
    """Whether a folder has a name, be it of a broken link."""
    return os.path.lexists(path)


def name_limits(folder: Path) -> tuple[int, int]:
    """Bytes that a name, and a path, may have in a folder that exists."""

    def limit(name: str, default: int) -> int:
        try:
            return os.pathconf(folder, name)
        except (OSError, ValueError):
            return default

    return limit("PC_NAME_MAX", _NAME_BYTES), limit("PC_PATH_MAX", _PATH_BYTES)


def name_folding(folder: Path) -> Callable[[str], str] | None:
    """How to tell which names are the same name in a folder; None where only equal ones are.

    ``folder`` exists and can be written to. Two names are the same if the function gives the same
    for both.
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
    except OSError:  # of a file system that has no such names
        return False
    try:
        return is_there(twin)
    finally:
        with suppress(OSError):  # what is left over is removed, or named, when the run begins
            remove(path)


def _call(operation: str, path: str | Path, function: Callable[..., Any], *arguments: Any) -> Any:
    try:
        return function(*arguments)
    except OSError as error:
        reason = error.strerror or error
        raise OSError(error.errno, f"{operation} {os.fspath(path)}: {reason}") from error
