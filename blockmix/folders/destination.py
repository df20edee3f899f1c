"""The destination folder: what may be there, how files appear in it, how a run is continued.

While ``DST/.blockmix`` holds ``state.json`` the set is incomplete. By it ``resume`` recognises its
run, and ``overwrite`` its own output. Beside it lie ``lock``, held by the run that writes, and
files on their way into place.
"""

from __future__ import annotations

import errno
import json
import os
import re
import secrets
import shutil
from collections.abc import Callable
from contextlib import suppress
from io import FileIO
from pathlib import Path
from typing import Any

from blockmix.errors import InputError, Setting, WorkError
from blockmix.folders import filesystem
from blockmix.folders.encode import WRITE_SUFFIXES, write_all

RECORD = "blockmix.json"
WORK = ".blockmix"
# What NFS and FUSE make of a file that is removed while it is open.
_HIDDEN = (".nfs", ".fuse_hidden")


class Destination:
    """The folder that a run writes to.

    ``overwrite`` and ``resume`` say what the caller allows, see `mix_folder`.
    """

    def __init__(self, root: Path, src: Path, *, overwrite: bool, resume: bool) -> None:
        if overwrite and resume:
            raise InputError(
                Setting("overwrite"), " starts anew and ", Setting("resume"), " goes on: choose one"
            )
        self.root = root
        self._src = src
        self._overwrite = overwrite
        self._resume = resume
        self.work = root / WORK
        self._state = self.work / "state.json"
        self._lock_file: int | None = None
        self._time_stamp = 0  # see `take`
        # Folders that are there. With a mkdir for every file, two threads took 383 to 392 us of
        # wall time a file of 13 kB, against 147 to 170 (ext4, new folders, AMD EPYC).
        self._made: set[str] = set()
        self._new_folders: list[Path] = []  # made for this run, the innermost first
        self._notes: dict[str, str] = {}
        self._is_empty = False  # begun by this run, which has written no file yet

    @property
    def notes(self) -> tuple[str, ...]:
        """What this file system did not offer, and was done without."""
        return tuple(self._notes.values())

    def check(self, run: str | None = None) -> None:
        """Refuse a destination that could cost somebody files. Writes nothing.

        ``run`` is the id of the run, once it is known.
        """
        if _lies_in(self.root, self._src) or _lies_in(self._src, self.root):
            raise InputError(f"{self.root} and {self._src} lie inside each other: keep them apart")
        if not os.path.lexists(self.root):
            return
        if not self.root.is_dir():
            raise InputError(f"{self.root} is not a folder: name a folder, or a new one")
        if not os.access(self.root, os.W_OK | os.X_OK):
            raise WorkError(
                f"cannot write to {self.root}: Permission denied. Name a folder of yours, or have "
                "its owner let you write"
            )
        entries = [name for name in os.listdir(self.root) if name != WORK or self._is_in_use()]
        if not entries:
            return
        record = self._earlier_record()
        if self._overwrite:
            self._refuse_foreign_files(entries, record)
        elif not self._resume or record is None:
            if self._lock_file is None and filesystem.is_locked(self.work / "lock"):
                raise self._taken()
            raise InputError(
                f"{self.root} is not empty: name a new folder, or pass ",
                Setting("overwrite", True),
                " to replace an earlier result of blockmix, or ",
                Setting("resume", True),
                " to continue one",
            )
        elif run not in (None, record["run"]):
            raise InputError(
                f"{self.root} was begun with another key, other parameters, versions or images: "
                "resume with the same, or pass ",
                Setting("overwrite", True),
                " to start anew",
            )

    def take(self, run: str) -> None:
        """Take the folder, for this run alone."""
        self.check(run)
        self._time_stamp = _time_stamp(run)
        try:
            folders = (self.work, self.root, *self.root.parents)
            self._new_folders = [folder for folder in folders if not os.path.lexists(folder)]
            filesystem.make_folders(self.work)
            self._take_lock()
        except OSError as error:
            raise self._failure(error) from error
        self.check(run)  # again: time has passed, and now nobody else writes

    def begin(self, record: dict[str, Any]) -> None:
        """Clear what may be cleared in the folder that was taken, and say which run writes."""
        try:
            if self._overwrite:
                self._clear()
            for left_over in self.work.glob("*.part"):
                filesystem.remove(left_over)
            if self._overwrite or not self._state.exists():
                state = json.dumps(record).encode()
                self._put(f"{WORK}/state.json", lambda file: write_all(file, state))
                self._is_empty = not (self.root / RECORD).exists()
        except OSError as error:
            raise self._failure(error) from error

    def write(self, output: str, save: Callable[[FileIO], None]) -> None:
        """Make a file appear, complete or not at all; ``output`` is below the destination.

        ``save`` writes what is in it.
        """
        try:
            folder = os.path.dirname(output)
            if folder not in self._made:
                filesystem.make_folders(self.root / folder)
                self._made.add(folder)
            self._put(output, save)
            self._is_empty = False
        except OSError as error:
            raise self._failure(error) from error

    def finish(self, record: str) -> None:
        """Publish the record; only now the set is complete."""
        self.write(RECORD, lambda file: write_all(file, record.encode()))
        try:
            filesystem.remove(self._state)
        except OSError as error:
            raise self._failure(error) from error
        self._leave()

    def release(self) -> None:
        """Let go of the folder, however the run ended; of one that is killed the kernel does."""
        if self._lock_file is None:
            return
        if self._is_empty:  # there is nothing to resume
            self._forget()
        if self._state.exists():
            self._unlock()
        else:
            self._leave()
            for folder in self._new_folders:
                with suppress(OSError):
                    folder.rmdir()

    def _forget(self) -> None:
        """Remove the state, and the folders of images that never came."""
        with suppress(OSError):
            filesystem.remove(self._state)
        for folder in self._made:
            with suppress(OSError):
                os.removedirs(self.root / folder)  # and those above it, up to what is not empty

    def _take_lock(self) -> None:
        path = self.work / "lock"
        self._lock_file = filesystem.open_lock(path)
        try:
            # Or else its run has just finished and removed it.
            ours = filesystem.lock(self._lock_file, path) and os.fstat(self._lock_file).st_nlink > 0
        except filesystem.NoLocksError as error:
            ours = True
            self._notes["lock"] = (
                f"this file system offers no locks ({error.strerror}): take care that no other "
                f"run writes to {self.root}"
            )
        except OSError:
            self._unlock()
            raise
        if not ours:
            self._unlock()
            raise self._taken()

    def _taken(self) -> InputError:
        return InputError(f"another run is writing to {self.root}: wait for it, or stop it")

    def _leave(self) -> None:
        """Remove the work folder. What cannot be removed harms nobody, as the state is gone."""
        try:
            # While it is locked, so that nobody takes a lock that is about to vanish; but a file
            # that is open stays in its folder on NFS and FUSE, by another name.
            filesystem.remove(self.work / "lock")
            self._unlock()
            filesystem.remove_folder(self.work)
        except OSError as error:
            self._unlock()
            self._notes["work"] = (
                f"the set is whole, but a folder was left over ({error.strerror}): delete it"
            )

    def _unlock(self) -> None:
        if self._lock_file is not None:
            os.close(self._lock_file)
            self._lock_file = None

    def _put(self, output: str, save: Callable[[FileIO], None]) -> None:
        # Strings and a descriptor: 74 us a file of 13 kB, against 121 with Paths (AMD EPYC, ext4).
        root = os.fspath(self.root)
        passing = f"{root}/{WORK}/{secrets.token_hex(8)}.part"
        try:
            with filesystem.create(passing) as file:
                filesystem.fill(file, f"{root}/{output}", save)
                self._stamp(file)
            filesystem.move(passing, f"{root}/{output}")
        except BaseException:
            with suppress(OSError):  # of what went wrong nothing shall hide the cause
                filesystem.remove(passing)
            raise

    def _stamp(self, file: FileIO) -> None:
        try:
            filesystem.stamp(file, self._time_stamp)
        except OSError as error:
            if error.errno not in (*filesystem.NOT_OFFERED, errno.EPERM, errno.EINVAL):
                raise
            self._notes["stamp"] = (
                f"this file system lets no time stamps be set ({error.strerror}): those in "
                f"{self.root} tell when and in which order files were written"
            )

    def _clear(self) -> None:
        # Delete the record last, so that the folder left by a killed run is still recognised.
        for entry in sorted(self.root.iterdir(), key=lambda entry: entry.name == RECORD):
            if entry.is_dir() and entry.name != WORK:
                shutil.rmtree(entry)
            elif entry.name == RECORD:
                entry.unlink()

    def _earlier_record(self) -> dict[str, Any] | None:
        """The record of the run, finished or not, that wrote to this folder."""
        for path in (self._state, self.root / RECORD):
            try:
                record = json.loads(path.read_text(encoding="utf-8"))
                if isinstance(record["run"], str) and record["files"]["format"] in WRITE_SUFFIXES:
                    record["labels"].items()
                    return record  # type: ignore[no-any-return]
            except (OSError, ValueError, LookupError, TypeError, AttributeError):
                continue
        return None

    def _is_in_use(self) -> bool:
        """Whether the work folder holds more than a run leaves that was killed as it began."""
        try:
            names = os.listdir(self.work)
        except OSError:
            return True
        harmless = ("lock", *_HIDDEN)
        return not all(name.startswith(harmless) or name.endswith(".part") for name in names)

    def _refuse_foreign_files(self, entries: list[str], record: dict[str, Any] | None) -> None:
        """``overwrite`` removes what blockmix wrote, and refuses where there is anything else."""
        if record is None:
            raise InputError(
                f"{self.root} is not a result of blockmix, so overwrite will not empty it: "
                "name a new folder, or empty it yourself"
            )
        foreign = [self.root / entry for entry in {*entries} - {*record["labels"], RECORD, WORK}]
        for label, count in record["labels"].items():
            foreign += _foreign_files(self.root / label, count, record["files"])
        if foreign:
            raise InputError(
                f"{min(foreign)} was not written by blockmix, so overwrite will not empty "
                f"{self.root}: move it away"
            )

    def _failure(self, error: OSError) -> WorkError:
        file = "" if error.filename is None else f"{os.fsdecode(error.filename)}: "
        return WorkError(
            f"cannot write to {self.root}: {file}{error.strerror or error}. Files that are there "
            "are whole: mend the cause, then resume with the same key, or overwrite"
        )


def _lies_in(path: Path, folder: Path) -> bool:
    """Whether a path, which need not exist, is a folder or lies in it, by link or mount too."""
    resolved = Path(os.path.realpath(path))
    if resolved.is_relative_to(os.path.realpath(folder)):
        return True
    try:
        status = os.stat(folder)
        return any(
            os.path.samestat(status, os.stat(parent))
            for parent in (resolved, *resolved.parents)
            if parent.exists()
        )
    except OSError:  # what is wrong with either is named where it is used
        return False


def _time_stamp(run: str) -> int:
    """The time that every file of a run carries, so that times tell no order.

    Two runs have different ones, or else whoever copies by size and time would miss the change.
    From 1980-01-02 on, which zip can hold in every time zone, to 2020, in whole steps of zip's two
    seconds. ``run`` is its id, which is published.
    """
    return 315_619_200 + 2 * (int(run[:8], 16) % 630_000_000)


def _foreign_files(folder: Path, count: int, files: dict[str, Any]) -> list[Path]:
    """What lies in a label's folder beside the files that blockmix wrote."""
    suffix = WRITE_SUFFIXES[files["format"]]
    there = [Path(parent, name) for parent, _, names in os.walk(folder) for name in names]
    if files.get("names") == "opaque":
        own = re.compile(rf"[0-9a-f]{{32}}{re.escape(suffix)}")
        return [path for path in there if path.parent != folder or not own.fullmatch(path.name)]
    # Kept names can be anything, so what can be told is the suffix, and how many there may be.
    foreign = [path for path in there if path.suffix != suffix]
    return foreign or (there if len(there) > count else [])
