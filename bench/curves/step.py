"""One measurement of a run."""

from __future__ import annotations

from typing import NamedTuple


class Step(NamedTuple):
    """A row of the record, before it is measured."""

    regime: str  # "files" or "arrays"
    row: str  # the name of the row
    images: int
    blocks: int
    timed_images: int  # fewer than the images for the paper's algorithm
    estimated_seconds: float  # seconds, roughly, to predict the remaining time
