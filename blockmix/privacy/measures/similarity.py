"""SSIM as in the paper's Table IV, and PSNR, each with its floor."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt

from blockmix.privacy.measures.statistics import mean_with_interval
from blockmix.privacy.sets.pair import Indices, Pair
from blockmix.support.extras import load
from blockmix.support.pixels import Pixels
from blockmix.support.progress import Progress

# Wang et al. (2004), cited by the paper: Gaussian weights of 1.5 pixels, K1 0.01, K2 0.03.
SSIM = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 255}
WINDOW = 11  # height and width of these weights in pixels
_MAX_PSNR = 100.0  # the PSNR of two equal images, in dB


def similarity(
    pair: Pair, match: Indices, chosen: Indices, seed: int, progress: Progress
) -> dict[str, Any]:
    """Measure the mean SSIM and PSNR of mixed images and their originals.

    Parameters
    ----------
    pair : Pair
        The sets.
    match : (N,) int64
        The original of each mixed image.
    chosen : (M,) int64
        The mixed images to measure.
    seed : int
        Seed of the random choice of other images.
    progress : callable
        Called as ``progress("similarity", done, total)``.

    Returns
    -------
    dict
        ``ssim`` and ``psnr`` as mean and 95 % interval, and for each its ``floor``: the same
        between an original and another random original of its label. A mixed image at the floor is
        as unlike its original as a stranger.
    """
    rng = np.random.default_rng(seed)
    scores = np.empty((len(chosen), len(_MAXIMA)))
    with ThreadPoolExecutor() as pool:
        triples = _triples(pair, match, chosen, rng)
        for index, row in enumerate(pool.map(lambda triple: _score(*triple), triples)):
            scores[index] = row
            progress("similarity", index + 1, len(chosen))
    estimates = {
        name: mean_with_interval(column, maximum=maximum)
        for (name, maximum), column in zip(_MAXIMA.items(), scores.T, strict=True)
    }
    return {"images": len(chosen), **estimates}


_MAXIMA = {"ssim": 1.0, "ssim_floor": 1.0, "psnr": _MAX_PSNR, "psnr_floor": _MAX_PSNR}


def load_skimage() -> Any:
    """Return scikit-image's function for SSIM, or raise an error that says how to install it."""
    skimage = load("skimage.metrics", "SSIM comes from scikit-image", "report")
    return skimage.metrics.structural_similarity


def _triples(
    pair: Pair, match: Indices, chosen: Indices, rng: np.random.Generator
) -> Iterator[tuple[Pixels, Pixels, Pixels]]:
    """Yield an original, its mixed image, and another original of the label."""
    for image in chosen:
        original = match[image]
        label_originals = np.flatnonzero(pair.labels == pair.labels[original])
        other = (
            rng.choice(label_originals[label_originals != original])
            if len(label_originals) > 1
            else original
        )
        yield pair.originals[original], pair.mixed[image], pair.originals[other]


def _score(original: Pixels, mixed: Pixels, other: Pixels) -> tuple[float, float, float, float]:
    """Return the scores in the order of `_MAXIMA`."""
    return (
        ssim(original, mixed),
        ssim(original, other),
        psnr(original, mixed),
        psnr(original, other),
    )


def ssim(first: Pixels, second: Pixels) -> float:
    """Return the structural similarity of two images, (H, W, C), mean over channels; 1 if equal."""
    return float(load_skimage()(first, second, channel_axis=-1, **SSIM))


def psnr(first: Pixels, second: Pixels) -> float:
    """Return the peak signal-to-noise ratio of two images in dB, at most 100.

    Examples
    --------
    >>> black = np.zeros((4, 4, 3), np.uint8)
    >>> round(psnr(black, black + 255), 6), psnr(black, black)
    (0.0, 100.0)
    """
    squared_error: npt.NDArray[np.float64] = (first.astype(np.float64) - second) ** 2
    mean = float(squared_error.mean())
    return min(_MAX_PSNR, 10 * float(np.log10(255**2 / mean))) if mean else _MAX_PSNR
