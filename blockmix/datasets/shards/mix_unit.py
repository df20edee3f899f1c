"""One unit of work: some shards are read, mixed and written, and then its marker.

What it writes depends on its key and its shards alone, so that it can be done anywhere, in any
order, and again.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from math import prod
from typing import Any, NamedTuple

import numpy as np

from blockmix.compiler import threads_limited
from blockmix.datasets.cohorts import LOAD_BYTES, group_into_loads
from blockmix.datasets.decode import decode, resized
from blockmix.datasets.encode import Encoder
from blockmix.datasets.engines.carried_key import CarriedKey
from blockmix.datasets.interfaces import BadImageError
from blockmix.datasets.opaque_names import opaque_name
from blockmix.datasets.pillow_warnings import collecting
from blockmix.datasets.shards.container import Label, MixedSample
from blockmix.datasets.shards.formats import CONTAINERS, LIBRARIES
from blockmix.datasets.shards.grouping import sorted_labels
from blockmix.datasets.shards.state import check_going_on, marker_name
from blockmix.datasets.shards.storage import join, store_of
from blockmix.datasets.shards.urls import suffix_of
from blockmix.datasets.stage_seconds import StageSeconds
from blockmix.datasets.time_stamp import time_stamp
from blockmix.datasets.worker_check import Traits, check_traits
from blockmix.errors import WorkError
from blockmix.grid import BlockGrid
from blockmix.key import Key
from blockmix.key_file import KeyFile
from blockmix.labels import check_sizes
from blockmix.mixer import BlockMixer

# Images that a thread encodes at once: many small ones go together.
_CHUNK = 64


class RunJob(NamedTuple):
    """What all units of a run have in common."""

    run: str  # id
    dst: str
    label: str  # where labels are, see `Container.read`
    layout: dict[str, Any]  # see `Shard`
    size: tuple[int, int]
    resize: bool
    grey: bool
    grid: BlockGrid
    parameters: dict[str, Any]  # of the mixer, without key and block
    encoder: Encoder
    skip_bad: bool
    traits: Traits  # of the machine that asks
    threads: int  # that decode, mix and encode


class UnitJob(NamedTuple):
    """A unit of work, as it travels to a worker."""

    run: RunJob
    number: int
    urls: list[str]  # of its shards
    sizes: list[int]  # bytes of each
    bad: list[list[int]]  # positions in each of what the survey could not use
    outputs: list[str]  # names of the shards that it writes
    key: KeyFile | CarriedKey  # where the run's key is, or the unit's own


class UnitReport(NamedTuple):
    """What a unit has done; its marker says the same."""

    images: int
    bad: list[
        tuple[int, int, str]
    ]  # shard of the unit, position and reason, of what cannot be decoded
    lost: list[tuple[Label, int]]  # how many images of a label these are
    outputs: list[tuple[str, int, int, str]]  # name, images, bytes, SHA-256
    seconds: dict[str, float]  # by stage


class _Image(NamedTuple):
    """An image of a unit."""

    id: int  # position in the unit
    shard: int
    position: int
    label: Label
    data: memoryview


def unit_key(key: Key, run: str, number: int) -> Key:
    """Return the key of a unit, with which nobody can compute that of the run or of another."""
    return key.derive("unit", f"{run} {number}".encode())


def mix_unit(job: UnitJob) -> UnitReport:
    """Do a unit of work, from its shards to its marker."""
    run = job.run
    suffix = suffix_of(job.urls[0])
    with ThreadPoolExecutor(run.threads, "blockmix") as pool, threads_limited(run.threads):
        each = pool.map if run.threads > 1 else map
        check_traits(run.traits, run.encoder, LIBRARIES[suffix])
        key = job.key.read()
        if isinstance(job.key, KeyFile):
            key = unit_key(key, run.run, job.number)
        work = _Work(run, key, each)
        samples = work.mix(job)
        outputs = work.write(samples, job.outputs, suffix)
    report = UnitReport(
        images=len(samples),
        bad=work.bad,
        lost=sorted_labels(work.lost),
        outputs=outputs,
        seconds=dict(work.seconds),
    )
    check_going_on(run.dst, run.run)
    marker = json.dumps(report._asdict() | {"run": run.run}).encode()
    name = marker_name(job.number)
    store_of(run.dst).write(join(run.dst, name), marker, time_stamp(run.run))
    return report


class _Work:
    """The work on one unit."""

    def __init__(self, run: RunJob, key: Key, each: Callable[..., Iterable[Any]]) -> None:
        self.bad: list[tuple[int, int, str]] = []
        self.lost: Counter[Label] = Counter()
        self.seconds = StageSeconds("read", "decode", "draw", "gather", "encode", "write")
        self._run = run
        self._key = key
        self._each = each
        self._mixer = BlockMixer(block=run.grid, key=key, **run.parameters)

    def mix(self, job: UnitJob) -> list[MixedSample]:
        """Return the mixed images of a unit, sorted by their opaque names."""
        run = self._run
        with self.seconds.measure("read"):
            images = list(self._read(job))
        by_label: dict[Label, list[_Image]] = {}
        for image in images:
            by_label.setdefault(image.label, []).append(image)
        cohorts = [by_label[label] for label, _ in sorted_labels(dict.fromkeys(by_label, 0))]
        del images, by_label
        largest = LOAD_BYTES // (prod(run.size) * (1 if run.grey else 3))
        mixed: list[MixedSample] = []
        with collecting():
            for load in group_into_loads(cohorts, largest, len):
                mixed += self._mix_load([image for cohort in load for image in cohort])
        return sorted(mixed)

    def write(
        self, samples: Sequence[MixedSample], names: Sequence[str], suffix: str
    ) -> list[tuple[str, int, int, str]]:
        """Write the shards of a unit, all of nearly equal size."""
        run = self._run
        store, container = store_of(run.dst), CONTAINERS[suffix]
        outputs = []
        bounds = [len(samples) * number // len(names) for number in range(len(names) + 1)]
        with self.seconds.measure("write"):
            for name, (begin, end) in zip(names, pairwise(bounds), strict=True):
                part = samples[begin:end]
                data = container.write(part, run.label, run.layout, run.encoder.suffix)
                check_going_on(run.dst, run.run)
                store.write(join(run.dst, name), data, time_stamp(run.run))
                outputs.append((name, len(part), len(data), hashlib.sha256(data).hexdigest()))
        return outputs

    def _read(self, job: UnitJob) -> Iterator[_Image]:
        """Yield the images of all shards of a unit."""
        first = 0
        files = zip(job.urls, job.sizes, job.bad, strict=True)
        for shard, (url, size, bad) in enumerate(files):
            data = store_of(url).read(url, size)
            content = CONTAINERS[suffix_of(url)].read(data, self._run.label)
            for position, label, image in content.samples:
                if position not in bad:
                    yield _Image(first + position, shard, position, label, image)
            first += len(content.samples) + len(content.bad)

    def _mix_load(self, images: list[_Image]) -> list[MixedSample]:
        """Decode, mix and encode the images of some labels."""
        run = self._run
        pixels = np.empty((len(images), *run.size, *(() if run.grey else (3,))), np.uint8)
        with self.seconds.measure("decode"):
            reasons = list(
                self._each(
                    lambda index: self._decode(images[index], pixels, index), range(len(images))
                )
            )
        good = [index for index, reason in enumerate(reasons) if reason is None]
        if len(good) < len(images):
            self._leave_out(images, reasons)
            for target, index in enumerate(good):
                pixels[target] = pixels[index]
            images, pixels = [images[index] for index in good], pixels[: len(good)]
        numbers: dict[Label, int] = {}
        cohorts = [numbers.setdefault(image.label, len(numbers)) for image in images]
        mixer = self._mixer
        sizes = np.bincount(cohorts, minlength=len(numbers)).tolist()
        check_sizes(list(numbers), sizes, mixer.sources, mixer.small_classes)
        ids = np.array([image.id for image in images], np.int64)
        with self.seconds.measure("draw"):
            source_map = mixer.plan(cohorts, *run.size, ids=ids)
        with self.seconds.measure("gather"):
            mixed = source_map.apply(pixels)
        with self.seconds.measure("encode"):
            files = self._encode(mixed)
        return [
            MixedSample(opaque_name(self._key, image.id), image.label, file)
            for image, file in zip(images, files, strict=True)
        ]

    def _decode(self, image: _Image, pixels: np.ndarray[Any, Any], index: int) -> str | None:
        """Decode and resize an image; return why that cannot be done."""
        run = self._run
        try:
            decoded = decode(
                "an image", run.size, resize=run.resize, grey=run.grey, data=bytes(image.data)
            )
        except BadImageError as error:
            return error.reason
        pixels[index] = resized(decoded, run.size)
        return None

    def _leave_out(self, images: list[_Image], reasons: Sequence[str | None]) -> None:
        bad = [
            (image.shard, image.position, reason)
            for image, reason in zip(images, reasons, strict=True)
            if reason is not None
        ]
        if not self._run.skip_bad:
            shard, position, reason = bad[0]
            raise WorkError(f"sample {position} of its shard {shard}: {reason}")
        self.bad += bad
        self.lost += Counter(
            image.label for image, reason in zip(images, reasons, strict=True) if reason is not None
        )

    def _encode(self, mixed: np.ndarray[Any, Any]) -> list[bytes]:
        encoder = self._run.encoder
        chunks = [
            range(begin, min(begin + _CHUNK, len(mixed))) for begin in range(0, len(mixed), _CHUNK)
        ]

        def encode(chunk: range) -> list[bytes]:
            small = encoder.encode_small(mixed, chunk)
            return [encoder.encode(mixed[index]) for index in chunk] if small is None else small

        return [file for files in self._each(encode, chunks) for file in files]
