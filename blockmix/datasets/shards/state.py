"""The state of a run in ``DST/.blockmix``: what it does, which units are done, and who drives it.

``run.json`` is created by one driver alone. A unit is done when its marker is there, which is
written last. ``driver.json`` is a sign of life, rewritten while a driver runs; ``claim.json`` is
there while one takes over from another. Workers may outlive their driver: they write only while the
file of their run is there. The folder goes when the set is complete.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from threading import Event, Thread
from typing import Any

from blockmix.datasets.shards.storage import Store, StoreError, join, shown, store_of
from blockmix.errors import InputError, Setting, WorkError

WORK = ".blockmix"
RECORD = "blockmix.json"
CLAIM = f"{WORK}/claim.json"
# A driver that has given no sign of life for so many seconds is dead.
SILENCE = 120.0
# Seconds between two signs of life.
BEAT = 20.0


def marker_name(unit: int) -> str:
    """Return the name of a unit's marker, below the destination."""
    return f"{WORK}/units/{unit:06d}.json"


def check_going_on(dst: str, run: str) -> None:
    """Refuse to write for a run that has ended, or whose place another has taken."""
    if store_of(dst).info(join(dst, _going_on_name(run))) is None:
        raise WorkError("the run has ended, or another one has taken its place")


def _going_on_name(run: str) -> str:
    return f"{WORK}/going-on/{run}"


class RunState:
    """The state of the run that writes to a destination."""

    def __init__(self, dst: str, clock: Callable[[], float] = time.time) -> None:
        self.dst = dst
        self.store: Store = store_of(dst)
        self._clock = clock
        self._driver = {
            "machine": socket.gethostname(),
            "process": os.getpid(),
            "token": secrets.token_hex(8),
        }

    def read(self) -> dict[str, Any] | None:
        """Return what `begin` has written, or None if no run is unfinished here."""
        return self._load(f"{WORK}/run.json")

    def record(self) -> dict[str, Any] | None:
        """Return the record of a run that is complete."""
        return self._load(RECORD)

    def begin(self, content: dict[str, Any]) -> None:
        """Take a destination for a new run; only one of several drivers succeeds."""
        if not self._create(f"{WORK}/run.json", content):
            raise self._in_use_error("now")
        self.beat()

    @contextmanager
    def claiming(self) -> Iterator[None]:
        """Let one driver alone go on with an earlier run, or remove it, if its driver has ended."""
        sign = self._signed()
        if not self._create(CLAIM, sign):
            self._refuse_living(CLAIM)
            self.store.remove(join(self.dst, CLAIM))
            if not self._create(CLAIM, sign):
                raise self._in_use_error("now")
        try:
            self._refuse_living(f"{WORK}/driver.json")
            yield
        finally:
            self.store.remove(join(self.dst, CLAIM))

    @contextmanager
    def driving(self, run: str) -> Iterator[None]:
        """Give signs of life, and let workers write for this run.

        A driver that is killed leaves its last sign; what workers may write ends with the state.
        """
        self._put(_going_on_name(run), {})
        ended = Event()
        thread = Thread(target=self._beat_until, args=(ended,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()
            with suppress(Exception):  # which would hide why it has ended
                self.store.remove(join(self.dst, f"{WORK}/driver.json"))

    def beat(self) -> None:
        """Give a sign of life."""
        self._put(f"{WORK}/driver.json", self._signed())

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
        return {unit: note["reason"] for unit, note in notes.items() if note is not None}

    def note_failure(self, unit: int, reason: str) -> None:
        self._put(f"{WORK}/failed/{unit:06d}.json", {"reason": reason})

    def forget_failures(self) -> None:
        for _, name in self._numbered("failed"):
            self.store.remove(join(self.dst, name))

    def forget_done(self) -> None:
        for _, name in self._numbered("units"):
            self.store.remove(join(self.dst, name))

    def driver(self) -> str | None:
        """Return who drives the run, for people."""
        driver = self._load(f"{WORK}/driver.json")
        if driver is None:
            return None
        beat = datetime.fromtimestamp(driver["beat"], UTC).isoformat(timespec="seconds")
        return f"process {driver['process']} on {driver['machine']}, last seen {beat}"

    def finish(self, record: dict[str, Any], stamp: int) -> None:
        """Publish the record of a complete set, and remove the state."""
        text = json.dumps(record, indent=2) + "\n"
        self.store.write(join(self.dst, RECORD), text.encode(), stamp)
        self.remove()
        self.store.clean(self.dst, WORK)

    def remove(self) -> None:
        """Remove the state; ``run.json`` last, as it tells that the rest is blockmix's."""
        folder = join(self.dst, WORK)
        for name in sorted(self.store.sizes(folder), key=lambda name: name == "run.json"):
            if f"{WORK}/{name}" != CLAIM:
                self.store.remove(join(folder, name))

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
            raise InputError(
                f"{shown(url)} is damaged: name another folder, or remove what is in this one"
            )
        return content

    def _put(self, name: str, content: dict[str, Any]) -> None:
        self.store.write(join(self.dst, name), json.dumps(content).encode(), int(self._clock()))

    def _create(self, name: str, content: dict[str, Any]) -> bool:
        return self.store.create(join(self.dst, name), json.dumps(content).encode())

    def _signed(self) -> dict[str, Any]:
        return self._driver | {"beat": self._clock()}

    def _beat_until(self, ended: Event) -> None:
        while not ended.wait(BEAT):
            with suppress(StoreError):  # the units will find that, too
                self.beat()

    def _refuse_living(self, name: str) -> None:
        """Refuse to go on while the driver that has written a sign of life is not dead."""
        driver = self._load(name)
        if driver is None or driver["token"] == self._driver["token"]:
            return
        age = self._clock() - float(driver["beat"])
        is_here = driver["machine"] == self._driver["machine"]
        if age < SILENCE and not (is_here and not _exists(int(driver["process"]))):
            raise self._in_use_error(f"{max(age, 0):.0f} seconds ago")

    def _in_use_error(self, when: str) -> InputError:
        return InputError(
            f"another run is writing to {shown(self.dst)}, and was last seen {when}: wait for it; "
            f"or stop it, and after {SILENCE:.0f} seconds pass ",
            Setting("resume", True),
        )


def _exists(process: int) -> bool:
    """Whether a process of this machine has this number."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
