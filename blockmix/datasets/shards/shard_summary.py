"""The summary of a run on shards, for the screen and for ``blockmix.json``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from blockmix.datasets.summary import RunText
from blockmix.support.text import count, one_line


@dataclass(frozen=True)
class ShardSummary(RunText):
    """The summary of a run of `mix_shards`.

    Attributes
    ----------
    images : int
        Mixed images in the destination.
    written : int
        How many of them this run wrote; fewer than ``images`` after ``resume``.
    skipped : tuple of (str, int, str)
        What was left out: the URL of its shard, its position there, and why.
    seconds : float
        Wall-clock time of the run.
    stage_seconds : dict of str to float
        Time of each stage. "survey": wall-clock time of the look at all shards; summed over the
        units of this run "read", "decode" (and resize), "draw", "gather", "encode" and "write".
    record : dict
        The content of ``blockmix.json``: parameters, versions and counts, the shards that were
        written with their SHA-256, and ``expected``, see `FolderSummary`.

    Examples
    --------
    >>> ShardSummary(8, 8, (), 2.0, {"survey": 1.0}, {}).images_per_second
    4.0
    """

    images: int
    written: int
    skipped: tuple[tuple[str, int, str], ...]
    seconds: float
    stage_seconds: dict[str, float]
    record: dict[str, Any]

    def __str__(self) -> str:
        record = self.record
        shards, units = count(record["shards"]["count"], "shard"), count(record["units"], "unit")
        lines = self._lines(f"{shards}, {units}")
        if record["dropped"]:
            fields = count(record["dropped"], "field")
            lines.append(f"note: left out: {fields} of samples that are neither image nor label")
        for url, position, reason in self.skipped:
            lines.append(one_line(f"skipped sample {position} of {url}: {reason}"))
        return "\n".join(lines)
