"""A hint at ``groups`` for a run without them whose images seem to show persons several times."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

import numpy as np

from blockmix.datasets.groups import folder_below_label
from blockmix.datasets.interfaces import Sample
from blockmix.datasets.likeness import MANY_ALIKE, count_alike

# The images that are compared: about this many, in runs of neighbours in the order of names, where
# photographs of a person mostly lie. Their hashes took 0.4 % of the CPU time of mixing 6,000 faces
# at 192 x 192. Near-duplicates were 15 % of such a sample of 400 photographs of 40 persons, 7 to
# 11 % with their names shuffled, and none in 6,000 photographs of different persons.
_SAMPLE = 256
_NEIGHBOURS = 16
_FEWEST = 64  # a sample of fewer images, of which some pair may look alike by chance, gives no hint


def hint_of_folders(samples: Sequence[Sample]) -> str | None:
    """Return a hint if most images lie in folders that could each hold a person, or None.

    Those are several in a label, just below it, with two images on average or more.
    """
    images = Counter(
        (sample.label, folder)
        for sample in samples
        if (folder := folder_below_label(sample)) is not None
    )
    folders = Counter(label for label, _ in images)
    candidates = {key: count for key, count in images.items() if folders[key[0]] > 1}
    total = sum(candidates.values())
    if not 2 * total > len(samples) or total < 2 * len(candidates):
        return None
    label, folder = next(iter(candidates))
    return (
        f"most images lie in folders below their label, such as {label}/{folder}: if each holds "
        "one person, --groups parent takes blocks from images of other persons only"
    )


def sample_to_compare(samples: Sequence[Sample]) -> frozenset[int]:
    """Return the ids of the images whose likeness is looked at."""
    step = -(-len(samples) // _SAMPLE)
    return frozenset(
        sample.id for position, sample in enumerate(samples) if position // _NEIGHBOURS % step == 0
    )


def hint_of_likeness(hashes: Iterable[tuple[Sample, int]]) -> str | None:
    """Return a hint if many of these images look like another one of their label, or None.

    Parameters
    ----------
    hashes : iterable of (Sample, int)
        Images of `sample_to_compare` with their hashes, see `likeness`.
    """
    hashes_of_label: defaultdict[str, list[int]] = defaultdict(list)
    for sample, image_hash in hashes:
        hashes_of_label[sample.label].append(image_hash)
    compared = sum(map(len, hashes_of_label.values()))
    if compared < _FEWEST:
        return None
    alike = sum(
        int((count_alike(np.array(label_hashes, np.uint64)) > 0).sum())
        for label_hashes in hashes_of_label.values()
    )
    if alike < MANY_ALIKE * compared:
        return None
    return (
        f"{alike} of {compared} images that were compared look like another one of their label, "
        "perhaps because they show the same person: --groups says who is in which, and takes "
        "blocks from images of other persons only"
    )
