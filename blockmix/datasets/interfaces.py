"""The sets that a run reads and writes, as it knows them: samples, a source and a sink.

A new kind of set, such as an archive, is a `Sample`, a `Source` and a `Sink` of its own, which
`blockmix.datasets.run.run` takes; survey, plan, engines and summary know these three alone. Several
threads read samples and write images at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from io import FileIO
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from blockmix.errors import WorkError
from blockmix.support.pixels import Pixels


class BadImageError(WorkError):
    """A sample that cannot be used, and why."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = Path(path)
        self.reason = reason


class Header(NamedTuple):
    """Properties of an image that need no decoding; of the upright image, as it is mixed."""

    height: int
    width: int
    grey: bool
    jpeg: bool


class Sample(Protocol):
    """One image of a source. Small, as there may be millions."""

    @property
    def id(self) -> int:
        """Position in the source: the id of the image in the draw."""

    @property
    def label(self) -> str: ...

    @property
    def name(self) -> str:
        """Name within the label, with ``/`` between folders, which ``names="keep"`` keeps."""

    @property
    def path(self) -> str:
        """Where the image lies, for messages."""

    def read_header(self) -> Header:
        """Look at the image; one that cannot be used raises `BadImageError`."""

    def decode(self, size: tuple[int, int], *, resize: bool, grey: bool) -> Pixels:
        """Decode the image; `blockmix.datasets.decode.decode` does that for a file or its bytes."""

    def fingerprint(self) -> tuple[int, ...]:
        """Numbers that change when the image does."""


class Source(Protocol):
    """A set of samples."""

    def samples(self) -> Sequence[Sample]:
        """Return every sample in the order of ids; a set that has none raises `InputError`."""

    def check(self, samples: Sequence[Sample]) -> tuple[str, ...]:
        """Refuse a set that must not be mixed as it is; return notes on what looks odd."""


class Sink(Protocol):
    """The destination of mixed images.

    A run calls the methods in this order, `holds` and `write` for each image.
    """

    def check(self) -> None:
        """Refuse a sink that could cost somebody files. Writes nothing."""

    def claim(self, run: str) -> None:
        """Take the sink for the run of this id alone."""

    def check_names(self, outputs: Sequence[tuple[str, Sample]], names: str) -> None:
        """Refuse names that the sink cannot hold, or cannot tell apart.

        ``names`` is "opaque" or "keep", see `mix_folder`.
        """

    def begin(self, record: dict[str, Any]) -> None:
        """Remove what may be removed, and note which run writes."""

    def holds(self, output: str) -> bool:
        """Whether an earlier part of the same run has written this image."""

    def write(self, output: str, save: Callable[[FileIO], None]) -> None:
        """Make an image appear, complete or not at all.

        ``save`` writes its bytes into an open, unbuffered file with a descriptor.
        """

    def finish(self, record: str) -> None:
        """Publish the record of the run; only now the set is complete."""

    def release(self) -> None:
        """Let go of the sink, however the run ended."""

    @property
    def notes(self) -> tuple[str, ...]:
        """Lines on what the sink did not offer."""
