"""Which shards are mixed together: a unit of work."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

from blockmix.datasets.shards.container import Label
from blockmix.errors import InputError, Setting
from blockmix.key import Key
from blockmix.mixer import BlockMixer

# Labels that an error shows: there may be thousands, and they may be those of people.
_SHOWN = 5


def group_shards(counts: Sequence[Counter[Label]], mixer: BlockMixer) -> list[list[int]]:
    """Return the units, each as indices of its shards.

    Shards are ordered by the key and cut into equal groups of 1, 2, 4, ... shards: of the fewest
    with which every label of every group has enough images there.

    Parameters
    ----------
    counts : sequence of Counter
        How many images of each label each shard has; shards are in the order of their URLs.
    mixer : BlockMixer
        With the key of the run.

    Raises
    ------
    InputError
        If a label has too few images in the whole set, or would not have enough in some group.
    """
    order = shuffled(mixer.key, "shard order", len(counts))
    size = 1
    while size < len(order):
        groups = list(_cut(order, size))
        if not any(_small_labels(counts, group, mixer) for group in groups):
            return groups
        size *= 2
    small = _small_labels(counts, order, mixer)
    if small:
        raise InputError(_too_small(small, mixer), *_ways_out(mixer))
    return [order]


def shuffled(key: Key, purpose: str, count: int) -> list[int]:
    """Return the numbers up to ``count`` in an order that the key decides."""
    return sorted(
        range(count), key=lambda number: key.digest(purpose, number.to_bytes(8, "little"))
    )


def _cut(order: list[int], size: int) -> Iterator[list[int]]:
    """Yield groups of nearly equal size, of at least ``size`` shards."""
    count = len(order) // size
    bounds = [len(order) * number // count for number in range(count + 1)]
    return (order[begin:end] for begin, end in pairwise(bounds))


def _small_labels(
    counts: Sequence[Counter[Label]], group: list[int], mixer: BlockMixer
) -> dict[Label, int]:
    total: Counter[Label] = Counter()
    for shard in group:
        total.update(counts[shard])
    needed = fewest_images(mixer)
    return {label: count for label, count in total.items() if count < needed}


def fewest_images(mixer: BlockMixer) -> int:
    """Return how many images a label needs in a unit."""
    return mixer.sources + 1 if mixer.small_classes == "error" else 2


def _too_small(small: dict[Label, int], mixer: BlockMixer) -> str:
    first = sorted_labels(small)[:_SHOWN]
    labels = ", ".join(f"{label!r} has {count}" for label, count in first)
    if len(small) > len(first):
        labels += f", and {len(small) - len(first)} more have too few"
    return (
        f"every label needs {fewest_images(mixer)} images, with sources={mixer.sources}, but in "
        f"all shards together {labels}: "
    )


def _ways_out(mixer: BlockMixer) -> tuple[str | Setting, ...]:
    if mixer.small_classes == "clamp":
        return ("add images, or leave the label out",)
    return ("lower ", Setting("sources"), ", or pass ", Setting("small_classes", "clamp"))


def sorted_labels(counts: dict[Label, int]) -> list[tuple[Label, int]]:
    """Return labels with their counts: numbers first, in order."""
    return sorted(counts.items(), key=lambda item: (isinstance(item[0], str), item[0]))
