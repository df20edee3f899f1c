"""The summary of a run on shards, for the screen and for ``blockmix.json``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from blockmix.datasets.expectation import describe
from blockmix.support.text import count, one_line


@dataclass(frozen=True)
class ShardSummary:
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

    @property
    def images_per_second(self) -> float:
        """Images that this run wrote per second of wall-clock time."""
        return self.written / self.seconds

    def __str__(self) -> str:
        record = self.record
        stages = ", ".join(f"{name} {spent:.1f} s" for name, spent in self.stage_seconds.items())
        lines = [
            f"mixed {self.images} images of {count(len(record['labels']), 'label')} in "
            f"{count(record['shards']['count'], 'shard')}, {count(record['units'], 'unit')}"
            + (f" ({self.written} written by this run)" if self.written < self.images else ""),
            f"took {self.seconds:.1f} s, {self.images_per_second:.0f} images/s (work: {stages})",
            "each {height} x {width}, in {rows} x {cols} = {blocks} blocks; sources {sources}, "
            "rounds {rounds}, probability {probability}".format(
                **record["grid"], **record["parameters"]
            ),
            describe(record["expected"]),
        ]
        if not record["private"]:
            lines.append("NOT PRIVATE: the key is from a seed, so anybody can undo the mixing")
        if record["dropped"]:
            fields = count(record["dropped"], "field")
            lines.append(f"note: left out: {fields} of samples that are neither image nor label")
        for url, position, reason in self.skipped:
            lines.append(one_line(f"skipped sample {position} of {url}: {reason}"))
        return "\n".join(lines)
