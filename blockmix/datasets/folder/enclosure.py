"""Files that lead out of the source folder, by a link, are refused."""

from __future__ import annotations

import os
import stat
from functools import cache
from pathlib import Path

from blockmix.datasets.interfaces import BadImageError


class Enclosure:
    """The source folder, outside of which no file may lie.

    Folders are resolved once, not for every file in them, and each file takes one system call: 6 us
    a file instead of 26, and some 150 with folders resolved each time (AMD EPYC).
    """

    def __init__(self, src: Path) -> None:
        self._root = os.path.realpath(src)
        self._resolve_folder = cache(os.path.realpath)
        self._is_inside = cache(lambda path: os.path.commonpath([self._root, path]) == self._root)

    def check(self, path: str) -> None:
        """Refuse links that lead out of the folder, links to folders, and what is not a file."""
        folder, name = os.path.split(path)
        folder = self._resolve_folder(folder)
        resolved = os.path.join(folder, name)
        try:
            mode = os.lstat(resolved).st_mode
        except OSError:
            mode = 0  # no kind of file
        if stat.S_ISLNK(mode):
            resolved = os.path.realpath(resolved)
            folder = os.path.dirname(resolved)
        if not self._is_inside(folder):
            raise BadImageError(path, "it is a link that leads out of the source folder")
        if stat.S_ISREG(mode):
            return
        if os.path.isdir(resolved):
            raise BadImageError(path, "it is a link to a folder: links to folders are not followed")
        if not os.path.isfile(resolved):
            raise BadImageError(path, "it is not a regular file, nor a link to one")
