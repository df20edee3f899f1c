"""What is in a folder of images: ``SRC/<label>/**/<image>``."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from blockmix.errors import InputError
from blockmix.folders.decode import BadImageError

# What file managers, archivers and storage devices leave behind, in lower case; hidden files are
# passed over too.
_LITTER = (
    *("thumbs.db", "ehthumbs.db", "desktop.ini", "$recycle.bin", "system volume information"),
    *("icon\r", "__macosx", "network trash folder", "temporary items"),
    *("@eadir", "@tmp", "#recycle", "#snapshot"),  # Synology
    *("@recycle", "@recently-snapshot"),  # QNAP
    *("~snapshot", "lost+found"),
    *("picasa.ini", "zbthumbnail.info"),
)
_IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm")


class Candidate(NamedTuple):
    """A file that should be an image. Small, as there may be millions."""

    id: int  # position in the sorted list of all of SRC: the id of the image in the draw
    src: str
    label: str
    name: str  # path below the label's folder

    @property
    def path(self) -> str:
        return os.path.join(self.src, self.label, self.name)


def find_candidates(src: Path) -> list[Candidate]:
    """Every file below every label's folder, in the order of labels and names.

    Nothing is passed over but hidden files and litter, such as the thumbnails of a file manager: an
    image of an unread format shall be missed here, not in training.

    Raises
    ------
    InputError
        If there is no label's folder, one is empty or a link, or an image lies outside of them.
    """
    if not os.path.isdir(src):
        raise InputError(f"{src} is not a folder: name the folder that holds one folder a label")
    entries = sorted(entry for entry in os.listdir(src) if not _passed_over(entry))
    for entry in entries:
        _refuse_label_link(src / entry)
    labels = [entry for entry in entries if os.path.isdir(src / entry)]
    stray = [entry for entry in entries if entry.lower().endswith(_IMAGE_SUFFIXES)]
    if stray and not labels:
        raise InputError(
            f"{src} holds images but no folder for a label: the layout is SRC/<label>/<image>"
        )
    for entry in stray:
        if entry not in labels:
            raise InputError(f"{src / entry} lies outside any label's folder: move it into one")
    if not labels:
        raise InputError(f"{src} holds no folder for a label: the layout is SRC/<label>/<image>")
    found: list[Candidate] = []
    for label in labels:
        names = sorted(_files_below(src / label))
        if not names:
            raise InputError(f"the label {label!r} has no images: fill or remove {src / label}")
        found += [
            Candidate(id, os.fspath(src), label, name)
            for id, name in enumerate(names, start=len(found))
        ]
    return found


class Enclosure:
    """The source folder, as a place that no file may lie outside of.

    Folders are resolved once, not for every file in them, and files are asked for once: it was 6 us
    a file instead of 26, and with folders resolved each time some 150 (AMD EPYC).
    """

    def __init__(self, src: Path) -> None:
        self._root = os.path.realpath(src)
        self._resolve_folder = cache(os.path.realpath)
        self._is_inside = cache(lambda path: os.path.commonpath([self._root, path]) == self._root)

    def check(self, path: str) -> None:
        """Refuse links that lead out of SRC, links to folders, and what is not a file."""
        folder, name = os.path.split(path)
        folder = self._resolve_folder(folder)
        resolved = os.path.join(folder, name)
        try:
            mode = os.lstat(resolved).st_mode
        except OSError:
            mode = 0  # of no kind of file
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
            raise BadImageError(path, "it is not a file that can be read, or a link to nothing")


def _files_below(folder: Path) -> Iterator[str]:
    # os.walk, unlike Path.walk, is in Python 3.11; it lists links to folders among the folders.
    for parent, folders, files in os.walk(folder, onerror=_raise):
        below = "".join(f"{part}/" for part in Path(parent).relative_to(folder).parts)
        links = [name for name in folders if os.path.islink(os.path.join(parent, name))]
        folders[:] = [name for name in folders if not _passed_over(name) and name not in links]
        for name in files + links:
            if not _passed_over(name):
                yield f"{below}{name}"


def _refuse_label_link(path: Path) -> None:
    if path.is_symlink() and not path.is_file():
        what = "a link to a folder" if path.is_dir() else "a link to nothing"
        raise InputError(
            f"{path} is {what}, and links to folders are not followed: move the folder there, or "
            "remove the link"
        )


def _raise(error: OSError) -> None:
    raise InputError(f"cannot list {error.filename}: {error.strerror}")


def _passed_over(name: str) -> bool:
    return name.startswith(".") or name.lower() in _LITTER
