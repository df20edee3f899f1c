"""The key: 256 secret bits from which every choice follows."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
import stat
import warnings
from collections.abc import Callable
from multiprocessing.context import get_spawning_popen
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from blockmix.errors import InputError, WorkError
from blockmix.support.arguments import whole_number

KEY_BYTES = 32


class Key:
    """256 secret bits from which every choice of a mixing follows.

    Anyone who has the key can compute which block came from which image. Use a key for one image
    set only, and destroy it unless the mixing has to be repeated or resumed: mixing needs it,
    training on the result does not.

    The bits never appear in a repr or an error. A private key is not pickled either, as that would
    carry it to wherever the pickle goes, unless a process is being started on this machine with it,
    as by a ``DataLoader``. For workers elsewhere there is `KeyFile`.

    Parameters
    ----------
    secret : bytes
        32 bytes from a cryptographic source. Most callers want `generate` or `from_file`.

    Raises
    ------
    InputError
        If ``secret`` is not 32 bytes. The message does not show it.

    Examples
    --------
    >>> from blockmix import Key
    >>> Key.generate()
    Key(<secret>)
    >>> Key.generate() == Key.generate()
    False
    >>> Key.from_seed(0)
    Key(<from a seed: not private>)
    """

    __slots__ = ("_private", "_secret")

    def __init__(self, secret: bytes) -> None:
        if not isinstance(secret, (bytes, bytearray)) or len(secret) != KEY_BYTES:
            raise InputError("a key is 32 bytes: use Key.generate(), or Key.from_file(path)")
        self._secret = bytes(secret)
        self._private = True

    @classmethod
    def generate(cls) -> Key:
        """A fresh key from the operating system's cryptographic generator.

        Examples
        --------
        >>> Key.generate().is_private
        True
        """
        return cls(secrets.token_bytes(KEY_BYTES))

    @classmethod
    def from_seed(cls, seed: int) -> Key:
        """A key that anyone can compute from an integer: for experiments, never for privacy.

        Parameters
        ----------
        seed : int
            From -2**63 to 2**64 - 1. The key is the SHA-256 of "blockmix seed " and its decimal
            digits.

        Examples
        --------
        >>> Key.from_seed(7) == Key.from_seed(7)
        True
        >>> Key.from_seed(7).is_private
        False
        """
        number = whole_number("seed", seed, -(2**63), 2**64 - 1)
        key = cls(hashlib.sha256(f"blockmix seed {number}".encode()).digest())
        key._private = False
        return key

    @classmethod
    def from_file(cls, path: str | os.PathLike[str]) -> Key:
        """The key in a file that `save` (or ``blockmix keygen``) wrote: 64 hexadecimal digits.

        Warns if users other than the owner can read the file.

        Examples
        --------
        >>> key = Key.generate()
        >>> key.save("my.key")
        >>> Key.from_file("my.key") == key
        True
        """
        try:
            with open(path, "rb") as file:
                mode = os.fstat(file.fileno()).st_mode
                text = file.read(2 * KEY_BYTES + 2)  # no more, as this may be the wrong file
        except OSError as error:
            raise InputError(f"cannot read the key file {path}: {error.strerror}") from None
        except ValueError as error:  # such as a NUL in the path
            raise InputError(f"cannot read the key file {path!r}: {error}") from None
        if not re.fullmatch(rb"[0-9a-fA-F]{64}\r?\n?", text):
            raise InputError(
                f"{path} is not a key file: it must hold 64 hexadecimal digits and nothing else; "
                "'blockmix keygen FILE' writes one"
            )
        if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
            warnings.warn(
                f"others can read the key file {path} (mode {stat.S_IMODE(mode):04o}): "
                "chmod 600 it",
                stacklevel=2,
            )
        return cls(bytes.fromhex(text.decode("ascii")))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the key to a new file that only its owner can read (mode 0600).

        Raises
        ------
        InputError
            If the file exists, or if the key is from a seed (keep the seed instead: in a file it
            would look like a private key).
        WorkError
            If the file cannot be written; no part of it stays.

        Examples
        --------
        >>> Key.from_seed(0).save("never.key")
        Traceback (most recent call last):
        ...
        blockmix.errors.InputError: a key from a seed is not private, so it is not saved: ...
        """
        if not self._private:
            raise InputError(
                "a key from a seed is not private, so it is not saved: keep the seed, "
                "or use Key.generate()"
            )
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            raise InputError(
                f"{path} exists, and a key is never overwritten: name a new file"
            ) from None
        except OSError as error:
            raise WorkError(f"cannot write the key file {path}: {error.strerror}") from None
        try:
            with open(handle, "w", encoding="ascii") as file:
                file.write(self._secret.hex() + "\n")
        except OSError as error:
            Path(path).unlink(missing_ok=True)
            raise WorkError(f"cannot write the key file {path}: {error.strerror}") from None

    @property
    def is_private(self) -> bool:
        """False for a key from a seed, which anyone can compute."""
        return self._private

    def words(self) -> npt.NDArray[np.uint32]:
        """The key for ChaCha20: eight little-endian 32-bit words. Secret."""
        return np.frombuffer(self._secret, "<u4").astype(np.uint32)

    def digest(self, purpose: str, message: bytes) -> bytes:
        """16 bytes that depend on the key, a purpose and a message, and do not reveal the key.

        Keyed BLAKE2b; the purpose (at most 16 characters) keeps different uses apart.
        """
        return hashlib.blake2b(
            message, digest_size=16, key=self._secret, person=purpose.encode("ascii")
        ).digest()

    def derive(self, purpose: str, message: bytes) -> Key:
        """A key that is computed from this one, and does not reveal it.

        Keyed BLAKE2b, see `digest`. It is private if this key is.

        Examples
        --------
        >>> Key.from_seed(0).derive("example", b"1")
        Key(<from a seed: not private>)
        """
        derived = Key(
            hashlib.blake2b(
                message, digest_size=KEY_BYTES, key=self._secret, person=purpose.encode("ascii")
            ).digest()
        )
        derived._private = self._private
        return derived

    def __copy__(self) -> Key:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Key:
        return self

    def __reduce__(self) -> tuple[Callable[..., Key], tuple[bytes, bool]]:
        if self._private and get_spawning_popen() is None:
            raise InputError(
                "a key is not pickled, as whoever gets the pickle would have the key: pass "
                "KeyFile(path), with a key file that every machine has"
            )
        return _restored, (self._secret, self._private)

    def __getstate__(self) -> None:
        """Say nothing: `__reduce__` decides."""

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Key):
            return NotImplemented
        return hmac.compare_digest(self._secret, other._secret)

    def __hash__(self) -> int:
        return hash(self.digest("hash", b""))

    def __repr__(self) -> str:
        return "Key(<secret>)" if self._private else "Key(<from a seed: not private>)"


def _restored(secret: bytes, private: bool) -> Key:
    key = Key(secret)
    key._private = private
    return key
