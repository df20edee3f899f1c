"""What is timed on a case. Each row does its preparations untimed, and returns the timed work."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from blockmix import BlockMixer, Key, SourceMap
from blockmix.bench.common.paper import PROBABILITY, SOURCES
from blockmix.bench.speed import peers
from blockmix.bench.speed.cases import Case

Work = Callable[[], object]


@dataclass(frozen=True)
class PreparedCase:
    """A case with its arrays, on the host or a CUDA device, and its threads."""

    case: Case
    images: Any
    out: Any
    pool: ThreadPoolExecutor
    threads: int

    def mixer(self, rounds: int = 1) -> BlockMixer:
        return BlockMixer(
            block=self.case.block,
            sources=SOURCES,
            rounds=rounds,
            probability=PROBABILITY,
            key=Key.from_seed(0),
            layout=self.case.layout,
        )

    def plan(self) -> SourceMap:
        labels, size = self.case.label_array(), self.case.height_and_width
        return self.mixer().plan(labels, *size, like=self.images)


def copy(prepared_case: PreparedCase) -> Work:
    if not isinstance(prepared_case.images, np.ndarray):
        return partial(prepared_case.out.__setitem__, ..., prepared_case.images)
    return partial(
        peers.copy_in_threads,
        prepared_case.images,
        prepared_case.out,
        prepared_case.pool,
        prepared_case.threads,
    )


def draw(prepared_case: PreparedCase) -> Work:
    mixer, labels, size = (
        prepared_case.mixer(),
        prepared_case.case.label_array(),
        prepared_case.case.height_and_width,
    )
    return lambda: mixer.plan(labels, *size, like=prepared_case.images)


def gather(prepared_case: PreparedCase) -> Work:
    plan = prepared_case.plan()
    return lambda: plan.apply(
        prepared_case.images, prepared_case.out, layout=prepared_case.case.layout
    )


def mix(prepared_case: PreparedCase, rounds: int = 1) -> Work:
    mixer, labels = prepared_case.mixer(rounds), prepared_case.case.label_array()
    return lambda: mixer(prepared_case.images, labels, out=prepared_case.out)


def in_numpy(prepared_case: PreparedCase, peer: Callable[..., None]) -> Work:
    sources = prepared_case.plan().sources  # before timing: each access makes a new array
    return partial(peer, prepared_case.images, sources, prepared_case.out)


def in_torch(prepared_case: PreparedCase, peer: Callable[..., None]) -> Work:
    import torch

    sources = prepared_case.plan().sources
    arrays = (prepared_case.images, sources.astype(np.int64), prepared_case.out)
    return partial(peer, *map(torch.from_numpy, arrays))


class Timing(NamedTuple):
    """How a row is prepared_case, and how often it runs untimed, then timed."""

    prepare: Callable[[PreparedCase], Work]
    warmups: int = 1
    repeats: int = 9


# Much slower than the copy: the median of three is enough, even where the first is slower.
slow_timing = partial(Timing, warmups=0, repeats=3)

ROWS = {
    "copy": Timing(copy),  # timed beside itself: how far noise moves a share from 1
    "draw": Timing(draw),
    "gather": Timing(gather),
    "mix": Timing(mix),
    "mix rounds=3": Timing(partial(mix, rounds=3)),
    "numpy": slow_timing(partial(in_numpy, peer=peers.mix_in_numpy)),
    "numpy lines": slow_timing(partial(in_numpy, peer=peers.take_lines_in_numpy)),
    "torch": slow_timing(partial(in_torch, peer=peers.mix_in_torch)),
    "torch lines": slow_timing(partial(in_torch, peer=peers.take_lines_in_torch)),
}
