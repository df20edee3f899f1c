"""Speed on a GPU: draw, gather and mix beside a copy on the device, CuPy and torch.

Read by ``gpu_check.py``. Times are of the device: the stream is held up while the host runs ahead,
so that two events enclose the work of the device alone. What the host needs until it has launched
everything is given beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np

from blockmix import BlockMixer, Key
from blockmix.bench import peers

IMAGES, SIDE = 50_000, 192
BLOCKS = {4: 96, 16: 48, 64: 24, 256: 12, 1024: 6}
BATCHES = (32, 64, 128, 256)
REPEATS = 15
HOLD_CYCLES = 50_000_000  # about 25 to 40 ms


def measure(work: Callable[[], Any], repeats: int = REPEATS) -> dict[str, float]:
    """Milliseconds of the device, and of the host until everything is launched: medians.

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
        began = perf_counter()
        work()
        host.append((perf_counter() - began) * 1e3)
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


def table(images: int = IMAGES) -> Iterator[dict[str, Any]]:
    """A row for each number of blocks: the large set."""
    import torch

    shape = (images, SIDE, SIDE, 3)
    pixels = torch.empty(shape, dtype=torch.uint8, device="cuda")
    pixels.random_(0, 256)
    out = torch.empty_like(pixels)
    labels = np.arange(images) % 2
    for blocks, block in BLOCKS.items():
        mixer = BlockMixer(block=block, key=Key.from_seed(0))
        three = BlockMixer(block=block, rounds=3, key=Key.from_seed(0))
        plan = mixer.plan(labels, SIDE, SIDE, like=pixels)
        sources = torch.from_numpy(plan.sources.astype(np.int64)).cuda()
        works: dict[str, Callable[[], Any]] = {
            "copy": lambda: out.copy_(pixels),
            "draw": lambda mixer=mixer: mixer.plan(labels, SIDE, SIDE, like=pixels),
            "gather": lambda plan=plan: plan.apply(pixels, out),
            "mix": lambda mixer=mixer: mixer(pixels, labels, out=out),
            "mix rounds=3": lambda three=three: three(pixels, labels, out=out),
            "torch": lambda sources=sources: peers.mix_in_torch(pixels, sources, out),
            "torch lines": lambda sources=sources: peers.take_lines_in_torch(pixels, sources, out),
            "cupy lines": lambda sources=sources: _take_lines_in_cupy(pixels, sources, out),
        }
        row: dict[str, Any] = {"images": images, "blocks": blocks}
        for name, work in works.items():
            peer = name in ("torch", "torch lines", "cupy lines")
            with torch.device("cuda"):  # where the peers make their indices
                row[name] = measure(work, 5 if peer else REPEATS)
            torch.cuda.empty_cache()
        yield row


def batches() -> Iterator[dict[str, Any]]:
    """A row for each size of a batch, at 64 blocks: latency."""
    import torch

    for images in BATCHES:
        pixels = torch.empty((images, SIDE, SIDE, 3), dtype=torch.uint8, device="cuda")
        pixels.random_(0, 256)
        out = torch.empty_like(pixels)
        labels = np.arange(images) % 2
        mixer = BlockMixer(block=24, key=Key.from_seed(0))
        plan = mixer.plan(labels, SIDE, SIDE, like=pixels)
        works: dict[str, Callable[[], Any]] = {
            "copy": lambda out=out, pixels=pixels: out.copy_(pixels),
            "gather": lambda plan=plan, pixels=pixels, out=out: plan.apply(pixels, out),
            "mix": lambda mixer=mixer, pixels=pixels, labels=labels, out=out: mixer(
                pixels, labels, out=out
            ),
        }
        yield {"images": images, "blocks": 64} | {
            name: measure(work, 50) for name, work in works.items()
        }


def from_the_host(images: int = 20_000) -> dict[str, float]:
    """Seconds to mix images that lie on the host: through the GPU, and on the CPU."""
    pixels = np.zeros((images, SIDE, SIDE, 3), np.uint8)
    out, labels = np.zeros_like(pixels), np.arange(images) % 2
    mixer = BlockMixer(block=24, key=Key.from_seed(0))
    seconds = {}
    for device in ("cuda", "cpu"):
        mixer(pixels, labels, out=out, device=device)
        times = []
        for _ in range(3):
            began = perf_counter()
            mixer(pixels, labels, out=out, device=device)
            times.append(perf_counter() - began)
        seconds[device] = median(times)
    return {"images": images, **seconds}


def _take_lines_in_cupy(pixels: Any, sources: Any, out: Any) -> None:
    import cupy

    images, into, index = map(cupy.asarray, (pixels, out, sources))
    shape = peers.blocks_shape(images.shape, index.shape)
    lines = images.reshape(-1, shape[-1])
    numbers = peers.line_numbers(cupy, index, shape)
    cupy.take(lines, numbers, axis=0, out=into.reshape(lines.shape))
