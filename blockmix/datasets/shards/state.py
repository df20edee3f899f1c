"""The state of a run in ``DST/.blockmix``: what it does, and which units are done.

``run.json`` says what is done. A unit is done when its marker is there, which is written last.
Workers may outlive their driver: they write only while the file of their run is there. The folder
goes when the set is complete. Which driver may write here is up to a `Lease`.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from blockmix.datasets.shards.lease import Lease
from blockmix.datasets.shards.storage import Store, StoreError, join, shown, store_of
from blockmix.errors import InputError, WorkError

WORK = ".blockmix"
RECORD = "blockmix.json"
RUN = f"{WORK}/run.json"
# What a run leaves in its state, by the type that it has to have.
_RUN_PARTS = {"run": str, "facts": dict, "record": dict}


def marker_name(unit: int) -> str:
    """Return the name of a unit's marker, below the destination."""
    return f"{WORK}/units/{unit:06d}.json"


def check_going_on(dst: str, run: str) -> None:
    """Refuse to write for a run that has ended, or that another has replaced."""
    if store_of(dst).info(join(dst, _going_on_name(run))) is None:
        raise WorkError("the run has ended, or another one has replaced it")


def _going_on_name(run: str) -> str:
    return f"{WORK}/going-on/{run}"


class RunState:
    """The state of the run that writes to a destination."""

    def __init__(self, dst: str) -> None:
        self.dst = dst
        self.store: Store = store_of(dst)
        self.lease = Lease(dst, WORK)

    def read(self) -> dict[str, Any] | None:
        """Return what `begin` has written, or None if no run is unfinished here."""
        content = self._load(RUN)
        if content is not None and not all(
            isinstance(content.get(name), kind) for name, kind in _RUN_PARTS.items()
        ):
            raise self._damaged_error(RUN)
        return content

    def record(self) -> dict[str, Any] | None:
        """Return the record of a run that is complete."""
        return self._load(RECORD)

    def begin(self, content: dict[str, Any]) -> None:
        """Note what a new run does: its id, facts and record."""
        self._put(RUN, content)

    def let_write(self, run: str) -> None:
        """Let workers write for this run, until the state is removed."""
        self._put(_going_on_name(run), {})

    def done(self) -> dict[int, dict[str, Any]]:
        """Return what the markers say, by unit; one that is damaged says nothing."""
        markers = {}
        for unit, name in self._numbered("units"):
            with suppress(InputError):
                markers[unit] = self._load(name)
        return {unit: marker for unit, marker in markers.items() if marker is not None}

    def failed(self) -> dict[int, str]:
        """Return why units have failed."""
        notes = {unit: self._load(name) for unit, name in self._numbered("failed")}
        return {unit: str(note.get("reason")) for unit, note in notes.items() if note is not None}

    def forget_done(self) -> None:
        """Let no unit count as done, and no worker write."""
        self._remove_all("going-on")
        self._remove_all("units")

    def note_failure(self, unit: int, reason: str) -> None:
        """Keep why a unit has failed, if that can be written."""
        with suppress(StoreError):
            self._put(f"{WORK}/failed/{unit:06d}.json", {"reason": reason})

    def forget_failures(self) -> None:
        self._remove_all("failed")

    def finish(self, record: dict[str, Any], stamp: int) -> None:
        """Publish the record of a complete set, and remove the state."""
        self.lease.check()
        text = json.dumps(record, indent=2) + "\n"
        self.store.write(join(self.dst, RECORD), text.encode(), stamp)
        self._remove_with_drivers()

    def tidy(self) -> None:
        """Remove what a driver has left that was killed after all was done."""
        if self.store.sizes(join(self.dst, WORK)):
            with self.lease.held():
                self._remove_with_drivers()
        self.store.remove_empty(join(self.dst, WORK))

    def remove(self) -> None:
        """Remove the state, but for the files of drivers.

        ``run.json`` goes last, as it tells that the rest is blockmix's.
        """
        self.forget_done()
        self.forget_failures()
        self.store.remove(join(self.dst, RUN))

    def _remove_with_drivers(self) -> None:
        self.remove()
        self.store.clean(self.dst)
        self.lease.remove()
        self.store.remove_empty(join(self.dst, WORK))

    def _remove_all(self, folder: str) -> None:
        url = join(self.dst, f"{WORK}/{folder}")
        for name in self.store.sizes(url):
            self.store.remove(join(url, name))

    def _numbered(self, folder: str) -> Iterator[tuple[int, str]]:
        """Yield the files of a folder that have the number of a unit as name."""
        for name in self.store.sizes(join(self.dst, f"{WORK}/{folder}"), deep=False):
            number = re.fullmatch(r"(\d+)\.json", name)
            if number is not None:
                yield int(number[1]), f"{WORK}/{folder}/{name}"

    def _load(self, name: str) -> dict[str, Any] | None:
        url = join(self.dst, name)
        if self.store.info(url) is None:
            return None
        try:
            content = json.loads(self.store.read(url))
        except ValueError:
            content = None
        if not isinstance(content, dict):
            raise self._damaged_error(name)
        return content

    def _put(self, name: str, content: dict[str, Any]) -> None:
        self.store.write(join(self.dst, name), json.dumps(content).encode(), int(time.time()))

    def _damaged_error(self, name: str) -> InputError:
        return InputError(
            f"{shown(join(self.dst, name))} is damaged: name another folder, or remove what is in "
            "this one"
        )
