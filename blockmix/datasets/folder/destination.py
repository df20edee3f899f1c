"""The destination folder: what it may hold, how files appear in it, how a run is resumed.

While ``DST/.blockmix`` holds ``state.json`` the set is incomplete. By it ``resume`` recognises its
run, and ``overwrite`` its own output. Beside it lie ``lock``, held by the run that writes, and
files on their way into place.
"""

from __future__ import annotations

import errno
import itertools
import json
import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterable
from contextlib import suppress
from io import FileIO
from pathlib import Path
from typing import Any

from blockmix.datasets.encode import WRITE_SUFFIXES, write_all
from blockmix.datasets.folder import filesystem
from blockmix.datasets.folder.naming import Outputs, check_names
from blockmix.datasets.time_stamp import time_stamp
from blockmix.errors import InputError, Setting, WorkError

RECORD = "blockmix.json"
WORK = ".blockmix"
# Names that NFS and FUSE give to a file that is removed while it is open.
_HIDDEN_PREFIXES = (".nfs", ".fuse_hidden")


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
        self.resumes = resume
        self.work = root / WORK
        self._state = self.work / "state.json"
        self._lock_file: int | None = None
        self._time_stamp = 0  # see `claim`
        # Known to exist. With a mkdir for every file, two threads took 383 to 392 us of wall time a
        # file of 13 kB, against 147 to 170 (ext4, new folders, AMD EPYC).
        self._label_folders: set[str] = set()
        self._new_folders: list[Path] = []  # made for this run, the innermost first
        # Of files on their way: a name for each would ask the system for random bytes each time.
        self._token, self._numbers = secrets.token_hex(8), itertools.count()
        self._notes: dict[str, str] = {}
        self._is_empty = False  # begun by this run, which has written no file yet

    @property
    def notes(self) -> tuple[str, ...]:
        """Lines on what this file system did not offer."""
        return tuple(self._notes.values())

    def add_notes(self, notes: Iterable[str]) -> None:
        """Add what other processes have noted that write to the folder."""
        self._notes |= {note: note for note in notes if note not in self.notes}

    def share(self) -> None:
        """Let other processes `join`: from now on there may be files to be resumed."""
        self._is_empty = False

    def join(self, run: str) -> None:
        """Write to a folder that another process has claimed for the run of this id."""
        record = self._earlier_record()
        if record is None or record["run"] != run:
            raise WorkError("the run has ended, or another one has taken its place")
        self._time_stamp = time_stamp(run)

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
        entries = [name for name in os.listdir(self.root) if name != WORK or self._holds_work()]
        if not entries:
            return
        record = self._earlier_record()
        if self._overwrite:
            self._refuse_foreign_files(entries, record)
        elif not self.resumes or record is None:
            if self._lock_file is None and filesystem.is_locked(self.work / "lock"):
                raise self._in_use_error()
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

    def claim(self, run: str) -> None:
        """Lock the folder for the run of this id alone."""
        self.check(run)
        self._time_stamp = time_stamp(run)
        try:
            folders = (self.work, self.root, *self.root.parents)
            self._new_folders = [folder for folder in folders if not os.path.lexists(folder)]
            filesystem.make_folders(self.work)
            self._take_lock()
        except OSError as error:
            raise self._write_error(error) from error
        self.check(run)  # again: time has passed, and now nobody else writes

    def check_names(self, outputs: Outputs, names: str) -> None:
        """Refuse files that would not all get into the folder under names of their own."""
        for reserved in (RECORD, WORK):
            if any(sample.label == reserved for _, sample in outputs):
                raise InputError(
                    f"a label cannot be named {reserved!r}, a name that blockmix needs"
                )
        check_names(outputs, names, self.root, self.work)

    def begin(self, record: dict[str, Any]) -> None:
        """Remove what may be removed from the claimed folder, and note which run writes."""
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
            raise self._write_error(error) from error

    def holds(self, output: str) -> bool:
        """Whether the run that is resumed has written this file."""
        if not self.resumes:
            return False
        try:
            # Renamed files are complete, unless the machine lost its power: then they can be empty.
            return os.path.getsize(os.path.join(self.root, output)) > 0
        except OSError:
            return False

    def write(self, output: str, save: Callable[[FileIO], None]) -> None:
        """Make a file appear, complete or not at all; ``output`` is below the destination.

        ``save`` writes what is in it.
        """
        try:
            folder = output.rpartition("/")[0]
            if folder not in self._label_folders:
                filesystem.make_folders(self.root / folder)
                self._label_folders.add(folder)
            self._put(output, save)
            self._is_empty = False
        except OSError as error:
            raise self._write_error(error) from error

    def finish(self, record: str) -> None:
        """Publish the record of the run; only now the set is complete."""
        self.write(RECORD, lambda file: write_all(file, record.encode()))
        try:
            filesystem.remove(self._state)
        except OSError as error:
            raise self._write_error(error) from error
        self._remove_work()

    def release(self) -> None:
        """Unlock the folder, however the run ended; after a kill the system does that."""
        if self._lock_file is None:
            return
        if self._is_empty:  # nothing to resume
            self._remove_state()
        if self._state.exists():
            self._unlock()
        else:
            self._remove_work()
            for folder in self._new_folders:
                with suppress(OSError):
                    folder.rmdir()

    def _remove_state(self) -> None:
        """Remove the state, and the folders of images that never came."""
        with suppress(OSError):
            filesystem.remove(self._state)
        for folder in self._label_folders:
            with suppress(OSError):
                os.removedirs(self.root / folder)  # and those above it, up to what is not empty

    def _take_lock(self) -> None:
        path = self.work / "lock"
        self._lock_file = filesystem.open_lock(path)
        try:
            # A link count of 0: the run that had it has just finished and removed it.
            is_ours = (
                filesystem.lock(self._lock_file, path) and os.fstat(self._lock_file).st_nlink > 0
            )
        except filesystem.NoLocksError as error:
            is_ours = True
            self._notes["lock"] = (
                f"this file system offers no locks ({error.strerror}): take care that no other "
                f"run writes to {self.root}"
            )
        except OSError:
            self._unlock()
            raise
        if not is_ours:
            self._unlock()
            raise self._in_use_error()

    def _in_use_error(self) -> InputError:
        return InputError(f"another run is writing to {self.root}: wait for it, or stop it")

    def _remove_work(self) -> None:
        """Remove the work folder. Leftovers do no harm, as the state is gone."""
        try:
            # While it is locked, so that no other run locks a file that is about to vanish. On NFS
            # and FUSE an open file stays in its folder under another name, so it is closed next.
            filesystem.remove(self.work / "lock")
            self._unlock()
            filesystem.remove_folder(self.work)
        except OSError as error:
            self._unlock()
            self._notes["work"] = (
                f"the set is complete, but a folder was left over ({error.strerror}): delete it"
            )

    def _unlock(self) -> None:
        if self._lock_file is not None:
            os.close(self._lock_file)
            self._lock_file = None

    def _put(self, output: str, save: Callable[[FileIO], None]) -> None:
        # Strings and a descriptor: 74 us a file of 13 kB, against 121 with Paths (AMD EPYC, ext4).
        root = os.fspath(self.root)
        temporary = f"{root}/{WORK}/{self._token}{next(self._numbers)}.part"
        try:
            with filesystem.create(temporary) as file:
                filesystem.fill(file, f"{root}/{output}", save)
                self._stamp(file)
            filesystem.move(temporary, f"{root}/{output}")
        except BaseException:
            with suppress(OSError):  # which would hide the cause
                filesystem.remove(temporary)
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

    def _holds_work(self) -> bool:
        """Whether the work folder holds more than a run leaves that is killed at its start."""
        try:
            names = os.listdir(self.work)
        except OSError:
            return True
        harmless = ("lock", *_HIDDEN_PREFIXES)
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

    def _write_error(self, error: OSError) -> WorkError:
        file = "" if error.filename is None else f"{os.fsdecode(error.filename)}: "
        return WorkError(
            f"cannot write to {self.root}: {file}{error.strerror or error}. Files that are there "
            "are complete: remove the cause, then resume with the same key, or overwrite"
        )


def _lies_in(path: Path, folder: Path) -> bool:
    """Whether a path, which need not exist, is the folder or lies in it, also by link or mount."""
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
    except OSError:  # reported where either folder is used
        return False


def _foreign_files(folder: Path, count: int, files: dict[str, Any]) -> list[Path]:
    """Return the files of a label's folder that blockmix did not write."""
    suffix = WRITE_SUFFIXES[files["format"]]
    paths = [Path(parent, name) for parent, _, names in os.walk(folder) for name in names]
    if files.get("names") == "opaque":
        opaque_name = re.compile(rf"[0-9a-f]{{32}}{re.escape(suffix)}")
        return [
            path for path in paths if path.parent != folder or not opaque_name.fullmatch(path.name)
        ]
    # Kept names can be anything; known are the suffix, and how many files there may be.
    foreign = [path for path in paths if path.suffix != suffix]
    return foreign or (paths if len(paths) > count else [])
