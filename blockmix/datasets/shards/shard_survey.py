"""A look at a shard: what is in it, before anything is decoded or written."""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

from blockmix.datasets.decode import read_header
from blockmix.datasets.interfaces import BadImageError, Header
from blockmix.datasets.pillow_warnings import collecting
from blockmix.datasets.shards.container import Label
from blockmix.datasets.shards.formats import CONTAINERS
from blockmix.datasets.shards.storage import FileInfo, store_of
from blockmix.datasets.shards.urls import suffix_of
from blockmix.errors import InputError


class SurveyJob(NamedTuple):
    """A shard to look at."""

    url: str
    label: str  # where labels are, see `Container.read`


class ShardSurvey(NamedTuple):
    """What a shard holds, as far as its headers show."""

    info: FileInfo
    samples: int  # bad ones too
    held: int  # bytes that its images keep in memory
    counts: Counter[Label]  # usable images by label
    kinds: set[Header]
    bad: list[tuple[int, str]]  # positions of what cannot be used, and why
    dropped: int  # other fields
    layout: dict[str, Any]  # see `Shard`


def survey_shard(job: SurveyJob) -> ShardSurvey:
    """Read a shard, and the header of each of its images."""
    store = store_of(job.url)
    info = store.info(job.url)
    if info is None:
        raise InputError("there is no such file")
    shard = CONTAINERS[suffix_of(job.url)].read(store.read(job.url, info.size), job.label)
    counts: Counter[Label] = Counter()
    kinds: set[Header] = set()
    bad = list(shard.bad)
    with collecting():
        for sample in shard.samples:
            try:
                kinds.add(read_header("an image", bytes(sample.image)))
            except BadImageError as error:
                bad.append((sample.position, error.reason))
            else:
                counts[sample.label] += 1
    samples = len(shard.samples) + len(shard.bad)
    dropped = shard.dropped.total()
    # They may be parts of the file, or taken out of it and larger than it.
    held = max(info.size, sum(len(sample.image) for sample in shard.samples))
    return ShardSurvey(info, samples, held, counts, kinds, sorted(bad), dropped, shard.layout)
