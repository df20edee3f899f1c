"""Speed on a GPU: draw, gather and mix beside a copy on the device, CuPy and torch.

Times are those of the device: the stream waits while the host runs ahead, so that two events
enclose the work of the device alone. The time of the host to launch all work is recorded, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np

from blockmix import BlockMixer, Key
from blockmix.bench.common.blocks import block_size
from blockmix.bench.common.paper import SIDE
from blockmix.bench.speed import peers

IMAGES = 50_000
BLOCKS = (4, 16, 64, 256, 1024)
BATCHES = (32, 64, 128, 256)
PEERS = ("torch", "torch lines", "cupy lines")
REPEATS = 15
HOLD_CYCLES = 50_000_000  # about 25 to 40 ms


def time_on_device(work: Callable[[], Any], repeats: int = REPEATS) -> dict[str, float]:
    """Milliseconds of the device, and of the host until all work is launched: medians.

    Returns
    -------
    dict
        ``device``, its quartiles ``low`` and ``high``, and ``host``.
    """
    import torch

    work()
    torch.cuda.synchronize()
    device, host = [], []
    for _ in range(repeats):
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        torch.cuda._sleep(HOLD_CYCLES)
        start.record()
        started = perf_counter()
        work()
        host.append((perf_counter() - started) * 1e3)
        end.record()
        torch.cuda.synchronize()
        device.append(start.elapsed_time(end))
    low, high = np.quantile(device, [0.25, 0.75])
    return {
        "device": median(device),
        "low": float(low),
        "high": float(high),
        "host": median(host),
    }


def work_by_row(
    pixels: Any, out: Any, labels: Any, block: tuple[int, int]
) -> dict[str, Callable[[], Any]]:
    """What is timed, by the name of its row."""
    import torch

    mixers = {
        rounds: BlockMixer(block=block, rounds=rounds, key=Key.from_seed(0)) for rounds in (1, 2, 3)
    }
    plan = mixers[1].plan(labels, SIDE, SIDE, like=pixels)
    sources = torch.from_numpy(plan.sources.astype(np.int64)).cuda()
    return {
        "copy": lambda: out.copy_(pixels),
        "draw": lambda: mixers[1].plan(labels, SIDE, SIDE, like=pixels),
        "gather": lambda: plan.apply(pixels, out),
        "mix": lambda: mixers[1](pixels, labels, out=out),
        "mix rounds=2": lambda: mixers[2](pixels, labels, out=out),
        "mix rounds=3": lambda: mixers[3](pixels, labels, out=out),
        # Indexing by blocks waits for the device, so its time is not that of the device alone.
        "torch": lambda: peers.mix_in_torch(pixels, sources, out),
        "torch lines": lambda: peers.take_lines_in_torch(pixels, sources, out),
        "cupy lines": lambda: _take_lines_in_cupy(pixels, sources, out),
    }


def measure_row(images: int, blocks: int, repeats: int) -> dict[str, Any]:
    """The times of all rows of `work_by_row`, for one set of images."""
    import torch

    pixels = torch.empty((images, SIDE, SIDE, 3), dtype=torch.uint8, device="cuda")
    pixels.random_(0, 256)
    out, labels = torch.empty_like(pixels), np.arange(images) % 2
    row: dict[str, Any] = {"images": images, "blocks": blocks}
    for name, work in work_by_row(pixels, out, labels, block_size(blocks)).items():
        if name in PEERS:
            with torch.device("cuda"):  # for the indices that they create
                row[name] = time_on_device(work, min(repeats, 5))
        else:
            row[name] = time_on_device(work, repeats)
        torch.cuda.empty_cache()
    return row


def large_set_rows(images: int = IMAGES) -> Iterator[dict[str, Any]]:
    """Times of a large set, for each number of blocks."""
    for blocks in BLOCKS:
        yield measure_row(images, blocks, REPEATS)


def batch_rows() -> Iterator[dict[str, Any]]:
    """Times of a batch at 64 blocks, for each size of a batch: latency."""
    for images in BATCHES:
        yield measure_row(images, 64, 50)


def host_mixing_seconds(images: int = 20_000) -> dict[str, float]:
    """Seconds to mix images in host memory, with the GPU and with the CPU."""
    pixels = np.zeros((images, SIDE, SIDE, 3), np.uint8)
    out, labels = np.zeros_like(pixels), np.arange(images) % 2
    mixer = BlockMixer(block=24, key=Key.from_seed(0))
    seconds = {}
    for device in ("cuda", "cpu"):
        mixer(pixels, labels, out=out, device=device)
        times = []
        for _ in range(3):
            started = perf_counter()
            mixer(pixels, labels, out=out, device=device)
            times.append(perf_counter() - started)
        seconds[device] = median(times)
    return {"images": images, **seconds}


def _take_lines_in_cupy(pixels: Any, sources: Any, out: Any) -> None:
    import cupy

    images, out, sources = map(cupy.asarray, (pixels, out, sources))
    shape = peers.blocks_shape(images.shape, sources.shape)
    lines = images.reshape(-1, shape[-1])
    numbers = peers.line_numbers(cupy, sources, shape)
    cupy.take(lines, numbers, axis=0, out=out.reshape(lines.shape))
