"""All decisions of a run on shards, taken before the first image is decoded."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any, NamedTuple

from blockmix.datasets.cohorts import LOAD_BYTES
from blockmix.datasets.encode import Encoder
from blockmix.datasets.expectation import expectation
from blockmix.datasets.interfaces import Header
from blockmix.datasets.options import RunOptions
from blockmix.datasets.plan import grid_record, mixing_parameters
from blockmix.datasets.shards.container import Label
from blockmix.datasets.shards.formats import LIBRARIES
from blockmix.datasets.shards.grouping import group_shards, shuffled, sorted_labels
from blockmix.datasets.shards.shard_survey import ShardSurvey
from blockmix.datasets.shards.storage import FileInfo, shown
from blockmix.datasets.worker_check import Traits, traits
from blockmix.errors import InputError, Setting
from blockmix.grid import BlockGrid, resolve_grid
from blockmix.key import Key
from blockmix.mixer import BlockMixer
from blockmix.support.sizes import show_memory
from blockmix.support.text import count

# Bytes of an image in memory beside its file and its pixels: names, positions, a map of two rounds.
_IMAGE_BYTES = 2048
# How many times smaller than its pixels a file is at least, as a rule, by whether it has a quality.
# Mixed faces of 192 x 192 take a sixth as JPEG of quality 95, and 43 % as PNG.
_SMALLER = {True: 3, False: 1}


@dataclass(frozen=True)
class SetFacts:
    """What a run knows of its shards, as the state keeps it: nothing that names an original."""

    fingerprints: list[str]  # keyed, of each shard: where it lies, and its version
    originals: str  # keyed digest of the names of all shards, wherever they lie
    sizes: list[int]  # bytes of each shard
    samples: list[int]  # of each shard, bad ones too
    held: list[int]  # bytes that each shard keeps in memory once it is read
    units: list[list[int]]  # shards of each unit
    kinds: list[Header]  # every header that occurs
    bad: list[tuple[int, int, str]]  # shard, position and reason of what cannot be used
    dropped: int  # other fields of samples, whose names may say something of people
    layout: dict[str, Any]  # see `Shard`
    labels: list[tuple[Label, int]]
    smallest: list[tuple[Label, int]]  # images of each label in the unit that has the fewest
    label_sizes: list[tuple[int, int]]  # images of a label in a unit, and how often
    largest_label: int  # images of a label in a unit

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> SetFacts:
        kinds = [Header(*kind) for kind in content["kinds"]]
        return cls(**content | {"kinds": kinds})


class ShardPlan(NamedTuple):
    """Which shards are mixed together, how, and to which files."""

    facts: SetFacts
    options: RunOptions
    label: str  # where labels are, see `Container.read`
    size: tuple[int, int]  # (height, width) of the mixed images
    grey: bool
    grid: BlockGrid
    encoder: Encoder
    traits: Traits
    memory: int  # bytes that the largest unit takes
    run: str  # id
    record: dict[str, Any]

    def outputs(self, key: Key) -> list[list[int]]:
        """Return the numbers of the shards that each unit writes, as the key decides."""
        facts = self.facts
        numbers = shuffled(key, "shard number", len(facts.fingerprints))
        ends = [0]
        for unit in facts.units:
            ends.append(ends[-1] + len(unit))
        return [numbers[begin:end] for begin, end in pairwise(ends)]


def combine(
    urls: Sequence[str], surveys: Sequence[ShardSurvey], mixer: BlockMixer, on_error: str
) -> SetFacts:
    """Form units, and refuse what cannot be mixed."""
    bad = [
        (shard, position, reason)
        for shard, survey in enumerate(surveys)
        for position, reason in survey.bad
    ]
    if bad and on_error == "error":
        shard, position, reason = bad[0]
        more = f" (and {len(bad) - 1} more)" if len(bad) > 1 else ""
        raise InputError(
            f"sample {position} of {shown(urls[shard])}: {reason}{more}; replace it and start "
            "anew, or leave such samples out with ",
            Setting("on_error", "skip"),
        )
    for url, survey in zip(urls, surveys, strict=True):
        if survey.layout != surveys[0].layout:
            raise InputError(
                f"{shown(url)} holds images and labels in another way than {shown(urls[0])}: "
                f"{survey.layout}, not {surveys[0].layout}. Mix those of each kind alone"
            )
    counts = [survey.counts for survey in surveys]
    labels = sum(counts, Counter[Label]())
    if not labels:
        raise InputError("the shards hold no image that can be used")
    twins = {label for label in labels if isinstance(label, int) and str(label) in labels}
    if twins:
        raise InputError(
            f"label {min(twins)} is a number in some samples and a text in others: write it in one "
            "way"
        )
    units = group_shards(counts, mixer)
    in_units = [sum((counts[shard] for shard in unit), Counter[Label]()) for unit in units]
    smallest = {
        label: min(count[label] for count in in_units if label in count) for label in labels
    }
    return SetFacts(
        fingerprints=fingerprints(mixer.key, urls, [survey.info for survey in surveys]),
        originals=mixer.key.digest("originals", json.dumps(_names(urls)).encode()).hex(),
        sizes=[survey.info.size for survey in surveys],
        samples=[survey.samples for survey in surveys],
        held=[survey.held for survey in surveys],
        units=units,
        kinds=sorted(set().union(*(survey.kinds for survey in surveys))),
        bad=bad,
        dropped=sum(survey.dropped for survey in surveys),
        layout=surveys[0].layout,
        labels=sorted_labels(labels),
        smallest=sorted_labels(smallest),
        label_sizes=sorted(Counter(size for unit in in_units for size in unit.values()).items()),
        largest_label=max(size for unit in in_units for size in unit.values()),
    )


def fingerprints(key: Key, urls: Sequence[str], infos: Sequence[FileInfo]) -> list[str]:
    """Return for each shard a digest of where it lies, its size and its version."""
    return [
        key.digest("shard file", json.dumps([url, *info]).encode()).hex()
        for url, info in zip(urls, infos, strict=True)
    ]


def _names(urls: Sequence[str]) -> list[str]:
    """Return the names of shards below the folder in which all lie."""
    folders = [url.rpartition("/")[0] + "/" for url in urls]
    folder = os.path.commonprefix(folders)  # noqa: RUF071 (cut at a slash below)
    return [url[folder.rfind("/") + 1 :] for url in urls]


def make_shard_plan(
    mixer: BlockMixer, options: RunOptions, label: str, suffix: str, facts: SetFacts
) -> ShardPlan:
    """Decide, and refuse what cannot be done. ``suffix`` is that of the shards."""
    height, width = options.size or _common_size(facts.kinds)
    grid = resolve_grid(mixer.block, height, width)
    encoder = Encoder.choose(
        options.format, options.quality, all(kind.jpeg for kind in facts.kinds)
    )
    encoder.check_size(height, width)
    grey = all(kind.grey for kind in facts.kinds)
    memory = _unit_memory(facts, height * width * (1 if grey else 3), grid.blocks, encoder)
    if memory > options.memory:
        raise InputError(
            f"the largest unit, of {count(max(map(len, facts.units)), 'shard')}, takes about "
            f"{show_memory(memory)}, but memory is {show_memory(options.memory)}: raise ",
            Setting("memory"),
            ", lower ",
            Setting("size"),
            ", or make smaller shards",
        )
    sizes = [size for size, count in facts.label_sizes for _ in range(count)]
    own_traits = traits(encoder, LIBRARIES[suffix])
    record: dict[str, Any] = {
        **own_traits,
        "originals": facts.originals,
        "private": mixer.key.is_private,
        "parameters": mixing_parameters(mixer) | {"groups": False},
        "grid": grid_record(grid),
        "files": {**encoder._asdict(), "names": "opaque", "grey": grey},
        "shards": {"format": suffix[1:], "label": label, "count": len(facts.sizes)},
        "cohorts": sum(count for _, count in facts.label_sizes),
        "units": len(facts.units),
        "labels": {str(name): count for name, count in facts.labels},
        "smallest_cohorts": {str(name): count for name, count in facts.smallest},
        "skipped": len(facts.bad),
        "dropped": facts.dropped,
        "expected": expectation(mixer, grid.blocks, sizes),
    }
    # Not where the shards lie, or since when: copies are mixed alike.
    identity = [record, facts.to_json() | {"fingerprints": None}]
    record["run"] = mixer.key.digest("run", json.dumps(identity, sort_keys=True).encode()).hex()
    return ShardPlan(
        facts=facts,
        options=options,
        label=label,
        size=(height, width),
        grey=grey,
        grid=grid,
        encoder=encoder,
        traits=own_traits,
        memory=memory,
        run=record["run"],
        record=record,
    )


def _common_size(kinds: Sequence[Header]) -> tuple[int, int]:
    sizes = sorted({kind[:2] for kind in kinds})
    if len(sizes) > 1:
        (height, width), (other_height, other_width) = sizes[0], sizes[-1]
        raise InputError(
            f"images differ in size: some are {height} x {width}, some {other_height} x "
            f"{other_width}; give the size to which all are resized"
        )
    return sizes[0]


def _unit_memory(facts: SetFacts, image_bytes: int, blocks: int, encoder: Encoder) -> int:
    """Return what the largest unit takes, in bytes.

    Its shards once they are read, and one file more; the mixed images as files, and again in the
    shard that is written; the pixels of one label before and after mixing.
    """
    files = max(sum(facts.held[shard] for shard in unit) for unit in facts.units)
    files += max(facts.sizes)
    samples = max(sum(facts.samples[shard] for shard in unit) for unit in facts.units)
    written = samples * image_bytes // _SMALLER[encoder.quality is not None]
    label = facts.largest_label * (2 * image_bytes + 8 * blocks)
    return files + 2 * written + max(label, 2 * LOAD_BYTES) + samples * _IMAGE_BYTES
