"""Files decoded, resized and encoded, and nothing else: as blockmix does it, and by Pillow alone.

The first is the ceiling of a run on files, whose mixing and bookkeeping come on top. It would
become slower with the code that it calls, and hide that; the second would not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from io import FileIO
from pathlib import Path
from tempfile import TemporaryFile
from time import perf_counter

from PIL import Image

from blockmix.bench.common.paper import SIDE
from blockmix.bench.curves.algorithm1 import JPEG
from blockmix.datasets.decode import decode, resized
from blockmix.datasets.encode import Encoder

Recode = Callable[[Path, FileIO], None]  # from a file into an empty one

# A JPEG is decoded at a fraction of its size if that is at least so many times the target size. A
# copy of the rule in `blockmix.datasets.decode`, so that Pillow does no needless work either.
DRAFT = 3
_ENCODER = Encoder.choose("jpeg", JPEG["quality"], all_jpeg=True)
_TASK = 16  # images handed to a thread at once, as in a run


def recode(path: Path, file: FileIO) -> None:
    """Decode, resize and encode an image by the functions that a run calls."""
    size = SIDE, SIDE
    pixels = decode(str(path), size, resize=True, grey=False)
    _ENCODER.save(resized(pixels, size), file)


def recode_by_pillow(path: Path, file: FileIO) -> None:
    """Do the same with Pillow alone."""
    # It releases the interpreter's lock only if it writes to a file descriptor.
    read_resized_fast(path).save(file, **JPEG)


def read_resized_fast(path: Path) -> Image.Image:
    """Open an image in colour, in the paper's size, with no needless copy and no needless pixel."""
    with Image.open(path) as image:
        for scale in (8, 4, 2):
            smallest = DRAFT * scale * SIDE
            if min(image.size) >= smallest and not (image.width % scale or image.height % scale):
                image.draft(None, (image.width // scale, image.height // scale))
                break
        colour = image if image.mode == "RGB" else image.convert("RGB")
        return colour.resize((SIDE, SIDE), Image.Resampling.LANCZOS)


def time_recoding(one: Recode, paths: Sequence[Path], threads: int) -> float:
    """Seconds to recode images on some threads."""
    tasks = [paths[begin : begin + _TASK] for begin in range(0, len(paths), _TASK)]
    with ThreadPoolExecutor(threads) as pool:
        started = perf_counter()
        for future in [pool.submit(_recode_all, one, task) for task in tasks]:
            future.result()
        return perf_counter() - started


def _recode_all(one: Recode, paths: Sequence[Path]) -> None:
    with TemporaryFile(buffering=0) as file:  # a new file for each image would count as writing
        for path in paths:
            file.seek(0)
            file.truncate()
            one(path, file)
