"""One measurement of a run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple


class Step(NamedTuple):
    """A row of the record that is still to be measured."""

    regime: str  # "files" or "arrays"
    row: str  # what is timed
    images: int
    blocks: int
    expected: float  # seconds, roughly: for the time that is left
    measure: Callable[[Step, int], dict[str, Any]]  # of this step, so many times
    chosen: Sequence[int] = ()  # which images, where it is not all of them
