"""The summary of a run, for the screen and for ``blockmix.json``."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from blockmix.datasets.expectation import describe
from blockmix.support.text import count, one_line


class RunText:
    """What the summaries of all runs say for people."""

    images: int
    written: int
    seconds: float
    stage_seconds: dict[str, float]
    record: dict[str, Any]

    @property
    def images_per_second(self) -> float:
        """Images that this run wrote per second of wall-clock time."""
        return self.written / self.seconds

    def _lines(self, parts: str) -> list[str]:
        """Return the lines of every run; ``parts`` says in how many parts the set was mixed."""
        record = self.record
        stages = ", ".join(f"{name} {spent:.1f} s" for name, spent in self.stage_seconds.items())
        lines = [
            f"mixed {self.images} images of {count(len(record['labels']), 'label')} in {parts}"
            + (f" ({self.written} written by this run)" if self.written < self.images else ""),
            f"took {self.seconds:.1f} s, {self.images_per_second:.0f} images/s (work: {stages})",
            "each {height} x {width}, in {rows} x {cols} = {blocks} blocks; sources {sources}, "
            "rounds {rounds}, probability {probability}".format(
                **record["grid"], **record["parameters"]
            )
            + (", blocks from other groups only" if record["parameters"]["groups"] else ""),
            describe(record["expected"]),
        ]
        if not record["private"]:
            lines.append("NOT PRIVATE: the key is from a seed, so anybody can undo the mixing")
        return lines


@dataclass(frozen=True)
class FolderSummary(RunText):
    """The summary of a run of `mix_folder`.

    Attributes
    ----------
    images : int
        Mixed images in the destination.
    written : int
        How many of them this run wrote; fewer than ``images`` after ``resume``.
    skipped : tuple of (Path, str)
        The files that were left out, and why. Not in ``blockmix.json``, as these are names of
        originals.
    seconds : float
        Wall-clock time of the run.
    stage_seconds : dict of str to float
        Time of each stage; stages overlap. "check" (headers) and "compile" (once a process); summed
        over the workers "read" (and decode), "resize", "encode" (a large JPEG into its file) and
        "write" (making, stamping and naming files); on all threads at once "draw" and "gather".
    record : dict
        The content of ``blockmix.json``: parameters, versions and counts, without key, source path
        or time. ``expected`` is the mean share of an image's blocks that stay its own, and the
        share of images that someone with the originals links to theirs (None for more rounds or
        blocks than are forecast; see `blockmix.privacy.forecast`); with groups, ``groups`` holds
        the share of blocks from the image's group, and that of images to which it gives most.
    notes : tuple of str
        What looks odd in the source, whether its images seem to need ``groups``, and what the file
        system of the destination did not offer.

    Examples
    --------
    >>> FolderSummary(8, 8, (), 2.0, {"read": 1.0, "write": 1.5}, {}).images_per_second
    4.0
    """

    images: int
    written: int
    skipped: tuple[tuple[Path, str], ...]
    seconds: float
    stage_seconds: dict[str, float]
    record: dict[str, Any]
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        lines = self._lines(count(self.record["cohorts"], "cohort"))
        lines += [one_line(f"note: {note}") for note in self.notes]
        for path, reason in self.skipped:
            lines.append(one_line(f"skipped {path}: {reason}"))
        return "\n".join(lines)

    def to_json(self) -> str:
        """The record as it is written to ``blockmix.json``."""
        return json.dumps(self.record, indent=2) + "\n"
