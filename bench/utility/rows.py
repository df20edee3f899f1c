"""Files of results, one JSON line each, to which lines are only ever added."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from blockmix import InputError


def key_of(**parts: Any) -> str:
    """Return the hash of all that decides a result.

    Examples
    --------
    >>> key_of(seed=1, way="original") == key_of(way="original", seed=1) != key_of(seed=1)
    True
    """
    text = json.dumps(parts, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


class Rows:
    """The results in a file by their keys; a file that is not there is begun with the first one."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.by_key: dict[str, dict[str, Any]] = {}
        if path.exists():
            self._read()

    def add(self, row: dict[str, Any]) -> None:
        """Write a result that has a ``key``, whole, and keep it."""
        line = json.dumps(row) + "\n"
        with self.path.open("ab") as file:
            file.write(line.encode())
            file.flush()
            os.fsync(file.fileno())
        self.by_key[row["key"]] = row

    def _read(self) -> None:
        content = self.path.read_bytes()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            # A run was killed while it wrote the last line.
            os.truncate(self.path, whole)
        for number, line in enumerate(content[:whole].splitlines(), start=1):
            try:
                row = json.loads(line)
                self.by_key[row["key"]] = row
            except (ValueError, KeyError, TypeError):
                raise InputError(
                    f"line {number} of {self.path} is not a row: remove the line, or name a new "
                    "folder"
                ) from None
