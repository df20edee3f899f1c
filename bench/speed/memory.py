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
    """How far mixing raises the peak of this process, which should be a fresh one.

    Parameters
    ----------
    images : int
        How many there are, of two labels.
    side : int
        Height and width of an image of three channels, in pixels.
    block : int
        Height and width of a block in pixels.
    rounds : int
        How often the set is mixed.

    Returns
    -------
    float
        As a share of the bytes of input and output.
    """
    mixer = BlockMixer(block=block, rounds=rounds)
    # Compiled, and the threads started, before anything is counted.
    mixer(np.zeros((30, side, side, 3), np.uint8), np.arange(30) % 2)
    pixels = np.random.default_rng(0).integers(0, 256, (images, side, side, 3), np.uint8)
    out = np.ones_like(pixels)  # ones, not zeros: written, so that every page is there
    labels = np.arange(images) % 2
    (PROCESS / "clear_refs").write_text("5")  # the peak is what there is now
    before = _peak()
    mixer(pixels, labels, out=out)
    return (_peak() - before) / (pixels.nbytes + out.nbytes)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description="Show how far mixing raises the peak of a process's memory. Linux only."
    )
    parser.add_argument("--images", type=int, default=5000)
    parser.add_argument("--side", type=int, default=192, help="of an image, in pixels")
    parser.add_argument("--block", type=int, default=24, help="side of a block, in pixels")
    parser.add_argument("--rounds", type=int, default=1)
    given = parser.parse_args()
    share = growth(given.images, given.side, given.block, given.rounds)
    Console(highlight=False).print(
        f"{given.images} images of {given.side}x{given.side}x3, block {given.block}, "
        f"rounds {given.rounds}: the peak grew by {share:.2%} of input and output",
        soft_wrap=True,
    )


def _peak() -> int:
    """The most memory that this process held, in bytes."""
    status = (PROCESS / "status").read_text()
    found = re.search(r"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE)
    assert found, "no VmHWM in /proc/self/status"
    return int(found[1]) * 1024


if __name__ == "__main__":
    main()
