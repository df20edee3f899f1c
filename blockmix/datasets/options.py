"""The options of a run beside those of the mixing itself, validated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from blockmix.datasets.encode import WRITE_SUFFIXES
from blockmix.datasets.groups import GroupsOfPaths, read_groups
from blockmix.support.arguments import one_of, whole_number
from blockmix.support.cores import cores
from blockmix.support.sizes import image_size, parse_memory


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """Checked options, as documented in `mix_folder`."""

    size: tuple[int, int] | None
    format: str | None
    quality: int | None
    names: str
    memory: int
    workers: int
    on_error: str
    groups: str | GroupsOfPaths | None  # as `read_groups` returns them

    @classmethod
    def check(
        cls,
        *,
        size: int | tuple[int, int] | None,
        format: str | None,
        quality: int | None,
        memory: str | int,
        on_error: str,
        names: str = "opaque",
        workers: int | None = None,
        groups: str | Mapping[Any, Any] | None = None,
    ) -> RunOptions:
        return cls(
            size=None if size is None else image_size(size),
            format=None if format is None else one_of("format", format, tuple(WRITE_SUFFIXES)),
            quality=None if quality is None else whole_number("quality", quality, 1, 100),
            names=one_of("names", names, ("opaque", "keep")),
            memory=parse_memory(memory),
            workers=cores() if workers is None else whole_number("workers", workers, 1, 1024),
            on_error=one_of("on_error", on_error, ("error", "skip")),
            groups=read_groups(groups),
        )
