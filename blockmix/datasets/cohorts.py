"""Cohorts: the images of one label that are mixed together, where a label does not fit in memory.

A label that does not fit is shuffled by the key and cut into cohorts of nearly equal size. Each is
a random sample of its label, so with one round every image's pool has the same distribution as if
the label had been mixed whole. A cohort's result depends on the key and its members alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple, TypeVar

from blockmix.datasets.interfaces import Sample
from blockmix.errors import InputError, Setting
from blockmix.key import Key
from blockmix.support.memory import machine_memory
from blockmix.support.sizes import show_memory

T = TypeVar("T")

# Bytes for the names, paths and positions of one image in memory, rounded up.
SAMPLE_BYTES = 1024
# Small cohorts are read and mixed together up to this size. More gains nothing, and touches memory
# that has to be cleared first, which took longer than mixing in it.
LOAD_BYTES = 64 << 20


class Cohort(NamedTuple):
    """Images of one label that are mixed together."""

    name: str  # for people: the label, and which of its cohorts
    members: list[Sample]

    @property
    def size(self) -> int:
        return len(self.members)


def capacity(memory: int, image_bytes: int, blocks: int, sources: int) -> int:
    """Return how many images fit into the memory budget at once.

    While a cohort is mixed, memory holds its images, the mixed ones, the images of the next cohort
    that are being read, a map of 8 bytes a block (two rounds), and the samples.
    """
    needed = 3 * image_bytes + 8 * blocks + SAMPLE_BYTES
    fit = memory // needed
    # Twice: cutting a label that is one image too large must leave two halves that can be mixed.
    smallest = 2 * (sources + 1)
    if fit < smallest:
        raise InputError(
            f"a memory budget of {show_memory(memory)} holds {fit} of these images, but "
            f"sources={sources} needs {smallest} for a cohort: give at least "
            f"{show_memory(smallest * needed)}"
        )
    return fit


def check_memory(cohorts: Iterable[Cohort], image_bytes: int) -> None:
    """Refuse cohorts that fit into the budget, but not into the machine."""
    needed = 3 * image_bytes * max(len(cohort.members) for cohort in cohorts)
    machine_bytes = machine_memory()
    if machine_bytes is not None and needed > machine_bytes:
        raise InputError(
            f"the largest cohort needs {show_memory(needed)} for its pixels, but this machine has "
            f"{show_memory(machine_bytes)}: lower ",
            Setting("memory"),
            ", so that labels are cut into smaller cohorts, or ",
            Setting("size"),
        )


def cut_into_cohorts(images: Iterable[Sample], largest: int, key: Key) -> list[Cohort]:
    """Cut labels, one after another, into cohorts of at most ``largest`` images."""
    by_label: dict[str, list[Sample]] = {}
    for image in images:
        by_label.setdefault(image.label, []).append(image)
    cohorts = []
    for label, members in by_label.items():
        count = -(-len(members) // largest)
        if count > 1:
            members.sort(key=lambda image: key.digest("cohort", image.id.to_bytes(8, "little")))
        bounds = [len(members) * i // count for i in range(count + 1)]
        for number, (begin, end) in enumerate(pairwise(bounds), start=1):
            name = label if count == 1 else f"{label} (cohort {number} of {count})"
            cohorts.append(Cohort(name, members[begin:end]))
    return cohorts


def group_into_loads(
    cohorts: Iterable[T], largest: int, size: Callable[[T], int]
) -> Iterator[list[T]]:
    """Group small cohorts, in order, into loads that are read and written together.

    A load has at most ``largest`` images, unless it is one larger cohort. ``size`` gives the number
    of images of a cohort.
    """
    load: list[T] = []
    images = 0
    for cohort in cohorts:
        if load and images + size(cohort) > largest:
            yield load
            load, images = [], 0
        load.append(cohort)
        images += size(cohort)
    if load:
        yield load
