"""One measurement of a run."""

from __future__ import annotations

from typing import NamedTuple


class Step(NamedTuple):
    """A row of the record that is still to be measured."""

    regime: str  # "files" or "arrays"
    row: str  # what is timed
    images: int
    blocks: int
    timed_images: int  # of them; fewer for the paper's algorithm
    expected: float  # seconds, roughly: for the time that is left
