"""Memory of mixing beside its input and output: ``python -m blockmix.bench.speed.memory``."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import numpy as np
from rich.console import Console

from blockmix import BlockMixer

PROCESS = Path("/proc/self")


def growth(images: int, side: int, block: int, rounds: int) -> float:
    """How far mixing raises the memory peak of this process, which should be a new one.

    Parameters
    ----------
    images : int
        Number of images, of two labels.
    side : int
        Height and width of an image of three channels, in pixels.
    block : int
        Height and width of a block in pixels.
    rounds : int
        How often the whole set is mixed.

    Returns
    -------
    float
        The rise, as a share of the bytes of input and output.
    """
    mixer = BlockMixer(block=block, rounds=rounds)
    # Compile, and start the threads, before the measurement.
    mixer(np.zeros((30, side, side, 3), np.uint8), np.arange(30) % 2)
    pixels = np.random.default_rng(0).integers(0, 256, (images, side, side, 3), np.uint8)
    out = np.ones_like(pixels)  # ones, not zeros: written, so that every page is allocated
    labels = np.arange(images) % 2
    (PROCESS / "clear_refs").write_text("5")  # reset the peak to the present size
    before = _peak()
    mixer(pixels, labels, out=out)
    return (_peak() - before) / (pixels.nbytes + out.nbytes)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description="Show how far mixing raises the memory peak of a process. Linux only."
    )
    parser.add_argument("--images", type=int, default=5000)
    parser.add_argument("--side", type=int, default=192, help="of an image, in pixels")
    parser.add_argument("--block", type=int, default=24, help="side of a block, in pixels")
    parser.add_argument("--rounds", type=int, default=1)
    options = parser.parse_args()
    share = growth(options.images, options.side, options.block, options.rounds)
    Console(highlight=False).print(
        f"{options.images} images of {options.side}x{options.side}x3, block {options.block}, "
        f"rounds {options.rounds}: the peak grew by {share:.2%} of input and output",
        soft_wrap=True,
    )


def _peak() -> int:
    """The largest memory of this process so far, in bytes."""
    status = (PROCESS / "status").read_text()
    peak = re.search(r"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE)
    assert peak, "no VmHWM in /proc/self/status"
    return int(peak[1]) * 1024


if __name__ == "__main__":
    main()
