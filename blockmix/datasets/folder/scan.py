"""List the images of a folder: ``SRC/<label>/**/<image>``."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from blockmix.datasets.decode import READ_FORMATS
from blockmix.errors import InputError

# Files of file managers, archivers and storage devices, in lower case; they are passed over, and
# hidden files too.
_LITTER = {
    *("thumbs.db", "ehthumbs.db", "desktop.ini", "$recycle.bin", "system volume information"),
    *("icon\r", "__macosx", "network trash folder", "temporary items"),
    *("@eadir", "@tmp", "#recycle", "#snapshot"),  # Synology
    *("@recycle", "@recently-snapshot"),  # QNAP
    *("~snapshot", "lost+found"),
    *("picasa.ini", "zbthumbnail.info"),
}
_IMAGE_SUFFIXES = tuple(
    suffix for suffix, format in Image.registered_extensions().items() if format in READ_FORMATS
)


def list_images(src: Path) -> list[tuple[str, str]]:
    """Return (label, name below the label's folder) of every file, sorted by label and name.

    Only hidden files and litter, such as the thumbnails of a file manager, are passed over: an
    image of a format that is not read is reported now, and not missed in training.

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
    images: list[tuple[str, str]] = []
    for label in labels:
        names = sorted(files_below(src / label))
        if not names:
            raise InputError(f"the label {label!r} has no images: fill or remove {src / label}")
        images += [(label, name) for name in names]
    return images


def files_below(folder: Path) -> Iterator[str]:
    """Yield the name below a folder of every file in it that is not passed over."""
    # os.walk, unlike Path.walk, is in Python 3.11; it lists links to folders among the folders.
    for parent, folders, files in os.walk(folder, onerror=_raise):
        prefix = "".join(f"{part}/" for part in Path(parent).relative_to(folder).parts)
        links = [name for name in folders if os.path.islink(os.path.join(parent, name))]
        folders[:] = [name for name in folders if not _passed_over(name) and name not in links]
        for name in files + links:
            if not _passed_over(name):
                yield f"{prefix}{name}"


def _refuse_label_link(path: Path) -> None:
    if path.is_symlink() and not path.is_file():
        kind = "a link to a folder" if path.is_dir() else "a link to nothing"
        raise InputError(
            f"{path} is {kind}, and links to folders are not followed: move the folder there, or "
            "remove the link"
        )


def _raise(error: OSError) -> None:
    raise InputError(f"cannot list {error.filename}: {error.strerror}")


def _passed_over(name: str) -> bool:
    return name.startswith(".") or name.lower() in _LITTER
