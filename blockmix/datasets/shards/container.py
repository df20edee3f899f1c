"""What a shard is, whatever its format: labelled images, and a description of how it holds them.

A format is a `Container`, and an entry in `blockmix.datasets.shards.formats`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

from blockmix.errors import WorkError

Label = str | int


class DamagedShardError(WorkError):
    """A shard that is no file of its format, or lacks what is asked of it."""


class ShardSample(NamedTuple):
    """An image of a shard, as it lies there."""

    position: int  # among all samples of the shard, bad ones too
    label: Label
    image: memoryview  # the bytes of an image file, a part of those of the shard


class Shard(NamedTuple):
    """What a shard holds."""

    samples: list[ShardSample]
    bad: list[tuple[int, str]]  # positions of samples without an image or a label, and why
    dropped: Counter[str]  # fields that are neither, by name, and how many samples have them
    layout: dict[str, Any]  # how images and labels are held: JSON, equal in all shards of a set


class MixedSample(NamedTuple):
    """A mixed image on its way into a shard."""

    name: str  # opaque, of hexadecimal digits
    label: Label
    image: bytes  # an image file


class Container(Protocol):
    """Reads and writes shards of one format. Nothing of it depends on time, user or machine."""

    default_label: str  # where labels are, unless the caller says

    def check_label(self, label: str) -> None:
        """Refuse a text that cannot say where labels are."""

    def read(self, data: bytes, label: str) -> Shard:
        """Take a shard apart; one that is damaged raises `DamagedShardError`.

        ``label`` says where the label of a sample is.
        """

    def write(
        self, samples: Sequence[MixedSample], label: str, layout: dict[str, Any], suffix: str
    ) -> bytes:
        """Return the file of a shard, with samples in the order given.

        ``layout`` is that of the shards that were read; ``suffix`` is that of the image files, such
        as ".jpg".
        """
