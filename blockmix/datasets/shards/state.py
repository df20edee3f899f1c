"""The state of a run in ``DST/.blockmix``: what it does, which units are done, and who drives it.

``run.json`` is created by one driver alone. A unit is done when its marker is there, which is
written last. ``driver.json`` is a sign of life, rewritten while a driver runs. Workers may outlive
their driver: they write only while the file of their run is there. The folder goes when the set is
complete.
"""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from blockmix.datasets.shards.storage import Store, join, shown, store_of
from blockmix.errors import InputError, Setting, WorkError

WORK = ".blockmix"
RECORD = "blockmix.json"
# A driver of another machine that has given no sign of life for so many seconds is dead.
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
        self._last_beat = float("-inf")
        self._driver = {"machine": socket.gethostname(), "process": os.getpid()}

    def read(self) -> dict[str, Any] | None:
        """Return what `begin` has written, or None if no run is unfinished here."""
        return self._load(f"{WORK}/run.json")

    def record(self) -> dict[str, Any] | None:
        """Return the record of a run that is complete."""
        return self._load(RECORD)

    def begin(self, content: dict[str, Any]) -> None:
        """Take a destination for a new run; only one of several drivers succeeds."""
        data = json.dumps(content).encode()
        if not self.store.create(join(self.dst, f"{WORK}/run.json"), data):
            raise self._in_use_error("now")
        self.beat()

    def take_over(self) -> None:
        """Go on with a run whose driver has ended; one that lives is an error."""
        driver = self._load(f"{WORK}/driver.json")
        if driver is not None:
            age = self._clock() - float(driver["beat"])
            is_elsewhere = driver["machine"] != self._driver["machine"]
            if age < SILENCE and (is_elsewhere or _is_alive(int(driver["process"]))):
                raise self._in_use_error(f"{max(age, 0):.0f} seconds ago")
        self.beat()

    def let_write(self, run: str) -> None:
        """Let workers write for this run, until the state is removed."""
        self._put(_going_on_name(run), {})

    def beat(self) -> None:
        """Give a sign of life, unless the last one is fresh."""
        now = self._clock()
        if now - self._last_beat >= BEAT:
            self._put(f"{WORK}/driver.json", self._driver | {"beat": now})
            self._last_beat = now

    def done(self) -> dict[int, dict[str, Any]]:
        """Return what the markers say, by unit."""
        names = self.store.names(join(self.dst, f"{WORK}/units"))
        markers = {int(name[:-5]): self._load(f"{WORK}/units/{name}") for name in names}
        return {unit: marker for unit, marker in markers.items() if marker is not None}

    def failed(self) -> dict[int, str]:
        """Return why units have failed."""
        names = self.store.names(join(self.dst, f"{WORK}/failed"))
        notes = {int(name[:-5]): self._load(f"{WORK}/failed/{name}") for name in names}
        return {unit: note["reason"] for unit, note in notes.items() if note is not None}

    def note_failure(self, unit: int, reason: str) -> None:
        self._put(f"{WORK}/failed/{unit:06d}.json", {"reason": reason})

    def forget_failures(self) -> None:
        for name in self.store.names(join(self.dst, f"{WORK}/failed")):
            self.store.remove(join(self.dst, f"{WORK}/failed/{name}"))

    def driver(self) -> str | None:
        """Return who drives the run, for people."""
        driver = self._load(f"{WORK}/driver.json")
        if driver is None:
            return None
        beat = datetime.fromtimestamp(driver["beat"], UTC).isoformat(timespec="seconds")
        return f"process {driver['process']} on {driver['machine']}, last seen {beat}"

    def leave(self) -> None:
        """Say that this driver has ended; a driver that was killed says nothing."""
        with suppress(Exception):  # which would hide why it has ended
            self.store.remove(join(self.dst, f"{WORK}/driver.json"))

    def finish(self, record: dict[str, Any], stamp: int) -> None:
        """Publish the record of a complete set, and remove the state."""
        text = json.dumps(record, indent=2) + "\n"
        self.store.write(join(self.dst, RECORD), text.encode(), stamp)
        self.remove()
        self.store.clean(self.dst)

    def remove(self) -> None:
        """Remove the state; ``run.json`` last, as it tells that the rest is blockmix's."""
        folder = join(self.dst, WORK)
        for name in sorted(self.store.names(folder), key=lambda name: name == "run.json"):
            self.store.remove(join(folder, name))

    def _load(self, name: str) -> dict[str, Any] | None:
        url = join(self.dst, name)
        if self.store.info(url) is None:
            return None
        try:
            return dict(json.loads(self.store.read(url)))
        except ValueError:
            raise InputError(
                f"{shown(url)} is damaged: remove {shown(join(self.dst, WORK))} and start anew"
            ) from None

    def _put(self, name: str, content: dict[str, Any]) -> None:
        self.store.write(join(self.dst, name), json.dumps(content).encode(), int(self._clock()))

    def _in_use_error(self, when: str) -> InputError:
        return InputError(
            f"another run is writing to {shown(self.dst)}, and was last seen {when}: wait for it, "
            "or stop it and pass ",
            Setting("resume", True),
        )


def _is_alive(process: int) -> bool:
    """Whether another process of this machine has this number."""
    if process == os.getpid():
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
