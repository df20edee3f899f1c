"""The errors of blockmix. Each message gives the rule, the value and the way out."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple


class Setting(NamedTuple):
    """The way out in a message: an argument, perhaps with the value to give it."""

    name: str
    value: str | bool | None = None

    def __str__(self) -> str:
        return self.name if self.value is None else f"{self.name}={self.value!r}"


class BlockmixError(Exception):
    """Base of every error that blockmix raises on purpose.

    Its message is made of parts, so that a command line can show a setting as its option.

    Examples
    --------
    >>> error = BlockmixError("too few images: pass ", Setting("small_classes", "clamp"))
    >>> str(error)
    "too few images: pass small_classes='clamp'"
    >>> error.spelled(lambda setting: f"--{setting.name} {setting.value}")
    'too few images: pass --small_classes clamp'
    """

    def __init__(self, *parts: str | Setting) -> None:
        super().__init__(*parts)

    def spelled(self, spell: Callable[[Setting], str] = str) -> str:
        """The whole message, with settings as ``spell`` writes them."""
        # Not called "message": torch passes the text as ``message`` to classes with an attribute of
        # that name when it raises an error of a DataLoader's worker again.
        return "".join(
            spell(part) if isinstance(part, Setting) else str(part) for part in self.args
        )

    def __str__(self) -> str:
        return self.spelled()


class InputError(BlockmixError, ValueError):
    """An argument, or the data that it names, breaks a rule. No result has been written."""


class InputTypeError(InputError, TypeError):
    """An argument is of a kind that blockmix does not take."""


class WorkError(BlockmixError, RuntimeError):
    """The arguments were right, but the work failed: a bad image, a full disk."""
