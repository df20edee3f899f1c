"""Which driver may write to a destination: one at a time, also if one dies, or wakes up again.

Each driver has a file of its own in ``DST/.blockmix/drivers``, with the next number. It is created
exclusively, and rewritten as a sign of life. The driver of the highest number has the destination:
one that was thought dead finds that out before it publishes or removes anything.
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
from pathlib import Path
from threading import Event, Thread
from typing import Any

from blockmix.datasets.shards.storage import StoreError, join, shown, store_of
from blockmix.errors import InputError, Setting, WorkError

# A driver that has given no sign of life for so many seconds is dead. Clocks of machines may differ
# by much less.
SILENCE = 120.0
# Seconds between two signs of life.
BEAT = 20.0
# What tells machines apart on which process numbers mean different processes.
_MACHINE_FILES = ("/proc/sys/kernel/random/boot_id", "/proc/self/ns/pid")


class Lease:
    """The right of this driver to write to a destination."""

    def __init__(self, dst: str, work: str, clock: Callable[[], float] = time.time) -> None:
        self._dst = dst
        self._folder = join(dst, f"{work}/drivers")
        self._store = store_of(dst)
        self._clock = clock
        self._number = 0
        self._driver = {
            "host": socket.gethostname(),
            "machine": _machine(),
            "process": os.getpid(),
            "token": secrets.token_hex(8),
            "ended": False,
        }

    @contextmanager
    def held(self) -> Iterator[None]:
        """Have the destination while the block runs, and give signs of life.

        Raises
        ------
        InputError
            If another driver has it. Only one of several that try at once succeeds.
        """
        number = max(self._numbers(), default=0)
        self.refuse_living(number)
        if not self._store.create(self._url(number + 1), self._signed()):
            raise self._in_use_error("now")
        self._number = number + 1
        ended = Event()
        thread = Thread(target=self._beat_until, args=(ended,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()
            self._driver["ended"] = True
            with suppress(StoreError):  # which would hide why it has ended
                self._beat()

    def check(self) -> None:
        """Refuse to go on if another driver has taken over."""
        if max(self._numbers(), default=0) != self._number:
            raise WorkError(
                f"another run has taken over {shown(self._dst)}, as this one gave no sign of life "
                f"for {SILENCE:.0f} seconds"
            )

    def refuse_living(self, number: int | None = None) -> None:
        """Refuse to begin while a driver lives: that of a number, by default of the highest."""
        driver = self._load(max(self._numbers(), default=0) if number is None else number)
        if driver is None or driver["ended"]:
            return
        age = self._clock() - float(driver["beat"])
        is_here = driver["machine"] == self._driver["machine"]
        if age < SILENCE and not (is_here and not _exists(int(driver["process"]))):
            raise self._in_use_error(f"{max(age, 0):.0f} seconds ago")

    def holder(self) -> str | None:
        """Return who has the destination, for people."""
        driver = self._load(max(self._numbers(), default=0))
        if driver is None or driver["ended"]:
            return None
        beat = datetime.fromtimestamp(driver["beat"], UTC).isoformat(timespec="seconds")
        return f"process {driver['process']} on {driver['host']}, last seen {beat}"

    def remove(self) -> None:
        """Remove all files of drivers; nobody may need them any more."""
        for number in sorted(self._numbers()):  # this one's last: it keeps others away
            self._store.remove(self._url(number))

    def _beat_until(self, ended: Event) -> None:
        while not ended.wait(BEAT):
            with suppress(StoreError):  # the units will find that, too
                self._beat()

    def _beat(self) -> None:
        """Give a sign of life, unless the run has ended, or another driver has taken over."""
        if max(self._numbers(), default=0) == self._number:
            self._store.write(self._url(self._number), self._signed(), int(self._clock()))

    def _numbers(self) -> list[int]:
        names = self._store.sizes(self._folder, deep=False)
        return [int(name[:-5]) for name in names if re.fullmatch(r"\d{6}\.json", name)]

    def _url(self, number: int) -> str:
        return join(self._folder, f"{number:06d}.json")

    def _load(self, number: int) -> dict[str, Any] | None:
        if number == 0 or self._store.info(self._url(number)) is None:
            return None
        try:
            driver = json.loads(self._store.read(self._url(number)))
            return {name: driver[name] for name in (*self._driver, "beat")}
        except (ValueError, LookupError, TypeError):  # cut off as the machine lost its power
            return None

    def _signed(self) -> bytes:
        return json.dumps(self._driver | {"beat": self._clock()}).encode()

    def _in_use_error(self, when: str) -> InputError:
        return InputError(
            f"another run is writing to {shown(self._dst)}, and was last seen {when}: wait for it; "
            f"or stop it, and after {SILENCE:.0f} seconds pass ",
            Setting("resume", True),
        )


def _machine() -> str:
    """Return a text that two processes share only if each could see the other by its number."""
    parts = [socket.gethostname()]
    for file in _MACHINE_FILES:
        with suppress(OSError):
            parts.append(os.readlink(file) if os.path.islink(file) else Path(file).read_text())
    return " ".join(part.strip() for part in parts)


def _exists(process: int) -> bool:
    """Whether a process of this machine has this number."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
