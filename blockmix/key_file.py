"""A reference to a key in a file, which can travel where the key must not."""

from __future__ import annotations

import os
import warnings

from blockmix.errors import InputError, InputTypeError
from blockmix.key import Key

_FINGERPRINT_DIGITS = 16


class KeyFile:
    """The path of a key file, and a fingerprint of the key in it.

    Pass it instead of a key where the work is done by other processes or machines: each reads the
    key from the same path, such as that of a mounted secret, and the key itself never travels.

    Parameters
    ----------
    path : path
        A file of `Key.save`, at the same path on every machine.

    Raises
    ------
    InputError, InputTypeError
        If it is no such file, or no path.

    Examples
    --------
    >>> import blockmix
    >>> blockmix.Key.generate().save("my.key")
    >>> blockmix.KeyFile("my.key")
    KeyFile('my.key')
    """

    __slots__ = ("_fingerprint", "_path")

    def __init__(self, path: str | os.PathLike[str]) -> None:
        if not isinstance(path, str | os.PathLike):
            raise InputTypeError(f"path is that of a key file, got {type(path).__name__}")
        self._path = os.path.abspath(path)
        self._fingerprint = _fingerprint(Key.from_file(path))

    def read(self) -> Key:
        """Return the key.

        Raises
        ------
        InputError
            If the file cannot be read, or holds another key by now.

        Examples
        --------
        >>> import blockmix
        >>> blockmix.Key.generate().save("other.key")
        >>> blockmix.KeyFile("other.key").read()
        Key(<secret>)
        """
        with warnings.catch_warnings():  # of others who can read the file: said once, above
            warnings.simplefilter("ignore")
            key = Key.from_file(self._path)
        if _fingerprint(key) != self._fingerprint:
            raise InputError(
                f"{self._path} holds another key on this machine: every worker needs the same file"
            )
        return key

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, KeyFile):
            return NotImplemented
        return (self._path, self._fingerprint) == (other._path, other._fingerprint)

    def __hash__(self) -> int:
        return hash((self._path, self._fingerprint))

    def __repr__(self) -> str:
        return f"KeyFile({os.path.basename(self._path)!r})"


def _fingerprint(key: Key) -> str:
    """Return a short digest, by which keys are told apart and which reveals nothing of them."""
    return key.digest("fingerprint", b"").hex()[:_FINGERPRINT_DIGITS]
