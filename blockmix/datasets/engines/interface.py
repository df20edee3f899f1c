"""The interface of an engine, and its report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from blockmix.datasets.interfaces import Sample, Sink
from blockmix.datasets.plan import RunPlan


@dataclass(frozen=True)
class Outcome:
    """The work that an engine did."""

    written: int  # images
    left_out: list[tuple[Sample, str]]  # samples that could not be decoded, and why
    seconds: dict[str, float]  # by stage, see `FolderSummary`
    hashes: list[tuple[Sample, int]]  # of the samples of `RunPlan.compared`, see `likeness`


class Engine(Protocol):
    """Carries out a plan.

    The unit of work is the cohort: its mixed images depend on the key and its members alone, so
    cohorts can be done in any order, anywhere, and again.
    """

    def run(self, plan: RunPlan, sink: Sink) -> Outcome:
        """Write every image of the plan that the sink does not hold yet."""
