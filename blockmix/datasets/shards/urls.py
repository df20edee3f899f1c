"""From what a user names to the URLs of shards."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from itertools import pairwise, product
from pathlib import PurePosixPath

from blockmix.datasets.shards.formats import CONTAINERS
from blockmix.datasets.shards.storage import is_local, join, shown, store_of
from blockmix.errors import InputError

_BRACES = re.compile(r"\{([^{}]*)\}")
_RANGE = re.compile(r"(\d+)\.\.(\d+)")


def suffix_of(url: str) -> str:
    """Return the suffix of a file's name, in lower case."""
    return PurePosixPath(url).suffix.lower()


def names_shards(src: str) -> bool:
    """Whether a source is one of shards, by its name or by what is in its folder.

    Examples
    --------
    >>> names_shards("set-{000..999}.tar"), names_shards("s3://bucket/set"), names_shards("faces")
    (True, True, False)
    """
    if not is_local(src) or suffix_of(src) in CONTAINERS:
        return True
    if not os.path.isdir(src):
        return not os.path.exists(src) and (_is_pattern(src) or "{" in src)
    shards = [name for name in _files(src) if suffix_of(name) in CONTAINERS]
    folders = [entry.name for entry in os.scandir(src) if entry.is_dir() and entry.name[0] != "."]
    if shards and folders:
        raise InputError(
            f"{src} holds a shard, {shards[0]}, and a folder, {folders[0]}: name shards as "
            f"{join(src, '*' + suffix_of(shards[0]))}, or take them away from a folder of images"
        )
    return bool(shards)


def shard_urls(src: str | Sequence[str]) -> list[str]:
    """Return the URLs of all shards, sorted.

    Parameters
    ----------
    src : str or sequence of str
        URLs or paths: of shards, with ``{000..999}`` or ``{train,extra}`` for several; with ``*``
        in the name of the file; or of folders that hold shards. A path that exists is itself,
        whatever is in its name.

    Raises
    ------
    InputError
        If there is none, one is named twice, or they are of several formats.
    """
    named = [src] if isinstance(src, str) else list(src)
    urls = [
        url
        for name in named
        for pattern in ([name] if _exists(name) else expand_braces(name))
        for url in _matches(pattern)
    ]
    if not urls:
        raise InputError(
            f"there are no shards in {', '.join(map(shown, named))}: name files such as "
            "'set-{000..999}.tar'"
        )
    urls.sort()
    for first, second in pairwise(urls):
        if first == second:
            raise InputError(f"{shown(first)} is named twice: name every shard once")
    for url in urls:
        if suffix_of(url) not in CONTAINERS:
            known = ", ".join(CONTAINERS)
            raise InputError(f"{shown(url)} is no shard: their names end in one of {known}")
        if suffix_of(url) != suffix_of(urls[0]):
            raise InputError(
                f"{shown(urls[0])} and {shown(url)} are of two formats: mix those of each alone"
            )
    return urls


def expand_braces(pattern: str) -> Iterator[str]:
    """Yield a pattern with every choice that its braces give, as a shell does.

    Examples
    --------
    >>> list(expand_braces("set-{008..010}.tar"))
    ['set-008.tar', 'set-009.tar', 'set-010.tar']
    >>> list(expand_braces("{train,extra}/set.tar"))
    ['train/set.tar', 'extra/set.tar']
    """
    parts = _BRACES.split(pattern)
    choices = [[part] if index % 2 == 0 else _choices(part) for index, part in enumerate(parts)]
    return ("".join(chosen) for chosen in product(*choices))


def _choices(text: str) -> list[str]:
    numbers = _RANGE.fullmatch(text)
    if numbers is None:
        return text.split(",")
    first, last = numbers.groups()
    if int(first) > int(last):
        raise InputError(f"{{{text}}} goes down: write {{{last}..{first}}}")
    return [str(number).zfill(len(first)) for number in range(int(first), int(last) + 1)]


def _matches(pattern: str) -> list[str]:
    """Return the shards that a URL names: itself, those that match it, or those in its folder."""
    folder, _, name = pattern.rpartition("/")
    if _is_pattern(name) and not _exists(pattern):
        return [
            join(folder, entry) if folder else entry
            for entry in _files(folder or ".")
            if fnmatchcase(entry, name)
        ]
    if suffix_of(name) in CONTAINERS:
        return [pattern]
    return [join(pattern, entry) for entry in _files(pattern) if suffix_of(entry) in CONTAINERS]


def _is_pattern(text: str) -> bool:
    return any(character in text for character in "*?[")


def _exists(name: str) -> bool:
    return is_local(name) and os.path.lexists(name)


def _files(folder: str) -> list[str]:
    return list(store_of(folder).sizes(folder, deep=False))
