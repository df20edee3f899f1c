"""A key on its way to a worker, where `KeyFile` cannot be used."""

from __future__ import annotations

from blockmix.key import Key


class CarriedKey:
    """The bits of a key in a job, which show neither in a log nor in a traceback.

    Whoever makes one has seen to it that nobody else can read what is sent to the worker.
    """

    __slots__ = ("_words",)

    def __init__(self, key: Key) -> None:
        self._words = key.words().tobytes()

    def read(self) -> Key:
        """Return the key."""
        return Key(self._words)

    def __repr__(self) -> str:
        return "CarriedKey(<secret>)"
