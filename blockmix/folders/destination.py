"""The destination folder: what may be there, how files appear in it, how a run is continued.

While ``DST/.blockmix`` exists the set is incomplete. It holds ``state.json``, by which ``--resume``
recognises its run and ``--overwrite`` its own output, and files on their way into place.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
from pathlib import Path
from typing import Any

from blockmix.errors import InputError, WorkError
from blockmix.folders.codec import WRITE_SUFFIXES

RECORD = "blockmix.json"
WORK = ".blockmix"
# Every file carries the same time, so that time stamps tell no order: 1980, which zip can hold.
_TIME_STAMP = 315_532_800


class Destination:
    """The folder that a run writes to."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._work = root / WORK
        self._state = self._work / "state.json"

    def check(self, src: Path, *, overwrite: bool, resume: bool) -> None:
        """Refuse a destination that could cost somebody files. Writes nothing."""
        here, there = self.root.resolve(), src.resolve()
        if here.is_relative_to(there) or there.is_relative_to(here):
            raise InputError(f"{self.root} and {src} lie inside each other: keep them apart")
        if overwrite and resume:
            raise InputError("overwrite starts anew and resume goes on: choose one")
        if not self.root.exists():
            return
        if not self.root.is_dir():
            raise InputError(f"{self.root} is not a folder")
        # A run that was killed before it wrote its state has left WORK and nothing in it.
        entries = [e for e in os.listdir(self.root) if e != WORK or self._state.exists()]
        if overwrite and entries:
            self._check_own_output(entries)
        elif entries and not (resume and self.earlier_record()):
            raise InputError(
                f"{self.root} is not empty: name a new folder, or pass overwrite to replace "
                "an earlier result of blockmix, or resume to continue one"
            )

    def earlier_record(self) -> dict[str, Any] | None:
        """The record of the run, finished or not, that wrote to this folder."""
        for path in (self._state, self.root / RECORD):
            try:
                record = json.loads(path.read_text(encoding="utf-8"))
            except (OSError, ValueError):
                continue
            if isinstance(record, dict) and {"run", "labels"} <= record.keys():
                return record
        return None

    def begin(self, record: dict[str, Any], *, resume: bool) -> None:
        """Make the folders, after clearing what an earlier run left."""
        earlier = self.earlier_record()
        if resume and earlier and earlier["run"] != record["run"]:
            raise InputError(
                f"{self.root} was begun with another key, other parameters, versions or images: "
                "resume with the same, or pass overwrite to start anew"
            )
        try:
            if self.root.exists() and not resume:
                self._clear()
            shutil.rmtree(self._work, ignore_errors=True)
            self._work.mkdir(parents=True)
            self._put(self._state, json.dumps(record).encode())
        except OSError as error:
            raise self._failure(error) from error

    def write(self, path: Path, data: bytes) -> None:
        """Make a file appear at ``path``, complete or not at all."""
        try:
            path.parent.mkdir(exist_ok=True, parents=True)
            self._put(path, data)
        except OSError as error:
            raise self._failure(error) from error

    def finish(self, record: str) -> None:
        """Publish the record; only now the set is complete."""
        self.write(self.root / RECORD, record.encode())
        shutil.rmtree(self._work)

    def _clear(self) -> None:
        # What tells that this is blockmix's own output goes last, lest a kill leave a riddle.
        for entry in sorted(self.root.iterdir(), key=lambda entry: entry.name in (RECORD, WORK)):
            if entry.is_dir():
                shutil.rmtree(entry)
            else:
                entry.unlink()

    def _put(self, path: Path, data: bytes) -> None:
        passing = self._work / f"{secrets.token_hex(8)}.part"
        try:
            passing.write_bytes(data)
            os.utime(passing, (_TIME_STAMP, _TIME_STAMP))
            passing.replace(path)
        except OSError:
            passing.unlink(missing_ok=True)
            raise

    def _failure(self, error: OSError) -> WorkError:
        return WorkError(
            f"cannot write to {self.root}: {error.strerror or error}. What is there is complete "
            "as far as it goes: mend the cause, then resume with the same key, or overwrite"
        )

    def _check_own_output(self, entries: list[str]) -> None:
        """``overwrite`` removes what blockmix wrote, and refuses where there is anything else."""
        record = self.earlier_record()
        if record is None:
            raise InputError(
                f"{self.root} is not a result of blockmix, so overwrite will not empty it: "
                "name a new folder, or empty it yourself"
            )
        foreign = [self.root / entry for entry in {*entries} - {*record["labels"], RECORD, WORK}]
        for label in record["labels"]:
            for parent, _, files in os.walk(self.root / label):
                foreign += [
                    Path(parent, file)
                    for file in files
                    if Path(file).suffix not in WRITE_SUFFIXES.values()
                ]
        if foreign:
            raise InputError(
                f"{min(foreign)} was not written by blockmix, so overwrite will not empty "
                f"{self.root}: move it away"
            )
