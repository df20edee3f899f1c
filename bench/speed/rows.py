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
class Setting:
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


def copy(setting: Setting) -> Work:
    if not isinstance(setting.images, np.ndarray):
        return partial(setting.out.__setitem__, ..., setting.images)
    return partial(
        peers.copy_in_threads, setting.images, setting.out, setting.pool, setting.threads
    )


def draw(setting: Setting) -> Work:
    mixer, labels, size = setting.mixer(), setting.case.label_array(), setting.case.height_and_width
    return lambda: mixer.plan(labels, *size, like=setting.images)


def gather(setting: Setting) -> Work:
    plan = setting.plan()
    return lambda: plan.apply(setting.images, setting.out, layout=setting.case.layout)


def mix(setting: Setting, rounds: int = 1) -> Work:
    mixer, labels = setting.mixer(rounds), setting.case.label_array()
    return lambda: mixer(setting.images, labels, out=setting.out)


def in_numpy(setting: Setting, peer: Callable[..., None]) -> Work:
    sources = setting.plan().sources  # before timing: each access makes a new array
    return partial(peer, setting.images, sources, setting.out)


def in_torch(setting: Setting, peer: Callable[..., None]) -> Work:
    import torch

    sources = setting.plan().sources
    arrays = (setting.images, sources.astype(np.int64), setting.out)
    return partial(peer, *map(torch.from_numpy, arrays))


class Row(NamedTuple):
    """How a row is prepared, and how often it runs untimed, then timed."""

    prepare: Callable[[Setting], Work]
    warmups: int = 1
    repeats: int = 9


# Much slower than the copy: the median of three is enough, even where the first is slower.
slow_row = partial(Row, warmups=0, repeats=3)

ROWS = {
    "copy": Row(copy),  # timed beside itself: how far noise moves a share from 1
    "draw": Row(draw),
    "gather": Row(gather),
    "mix": Row(mix),
    "mix rounds=3": Row(partial(mix, rounds=3)),
    "numpy": slow_row(partial(in_numpy, peer=peers.mix_in_numpy)),
    "numpy lines": slow_row(partial(in_numpy, peer=peers.take_lines_in_numpy)),
    "torch": slow_row(partial(in_torch, peer=peers.mix_in_torch)),
    "torch lines": slow_row(partial(in_torch, peer=peers.take_lines_in_torch)),
}
