"""SSIM as in the paper's Table IV, and PSNR, each beside its floor."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt

from blockmix.privacy.measures.statistics import mean_with_interval
from blockmix.privacy.sets.pair import Pair, Pixels, Positions
from blockmix.support.extras import load
from blockmix.support.progress import Progress

# Wang et al. (2004), whom the paper cites: Gaussian weights of 1.5 pixels, K1 0.01, K2 0.03.
SSIM = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 255}
WINDOW = 11  # height and width of these weights in pixels
_MOST_PSNR = 100.0  # what the same image twice counts as, in dB


def similarity(
    pair: Pair, match: Positions, chosen: Positions, seed: int, progress: Progress
) -> dict[str, Any]:
    """Mean SSIM and PSNR of mixed images and their originals.

    Parameters
    ----------
    pair : Pair
        The sets.
    match : (N,) int64
        The original of each mixed image.
    chosen : (M,) int64
        The mixed images to measure.
    seed : int
        Of the choice of other images.
    progress : callable
        Called as ``progress("similarity", done, total)``.

    Returns
    -------
    dict
        ``ssim`` and ``psnr`` as mean and 95 % interval, and beside each its ``floor``: the same
        between an original and a random other one of its label. A mixed image that is as far from
        its original as a stranger is at the floor.
    """
    draw = np.random.default_rng(seed)
    measured = np.empty((len(chosen), 4))
    with ThreadPoolExecutor() as pool:
        pairs = _pairs(pair, match, chosen, draw)
        for number, four in enumerate(pool.map(lambda three: _measure(*three), pairs)):
            measured[number] = four
            progress("similarity", number + 1, len(chosen))
    names = ("ssim", "ssim_floor", "psnr", "psnr_floor")
    most = (1.0, 1.0, _MOST_PSNR, _MOST_PSNR)
    figures = {
        name: mean_with_interval(measured[:, at], most=most[at]) for at, name in enumerate(names)
    }
    return {"images": len(chosen), **figures}


def load_skimage() -> Any:
    """The function that scikit-image measures SSIM by, or an error that says how to get it."""
    skimage = load("skimage.metrics", "SSIM comes from scikit-image", "report")
    return skimage.metrics.structural_similarity


def _pairs(
    pair: Pair, match: Positions, chosen: Positions, draw: np.random.Generator
) -> Iterator[tuple[Pixels, Pixels, Pixels]]:
    """Original, mixed image, and another original of the label."""
    for image in chosen:
        original = match[image]
        of_label = np.flatnonzero(pair.labels == pair.labels[original])
        other = draw.choice(of_label[of_label != original]) if len(of_label) > 1 else original
        yield pair.originals[original], pair.mixed[image], pair.originals[other]


def _measure(original: Pixels, mixed: Pixels, other: Pixels) -> tuple[float, float, float, float]:
    return (
        ssim(original, mixed),
        ssim(original, other),
        psnr(original, mixed),
        psnr(original, other),
    )


def ssim(one: Pixels, other: Pixels) -> float:
    """Structural similarity of two images, (H, W, C), mean over channels; 1 if they are one."""
    return float(load_skimage()(one, other, channel_axis=-1, **SSIM))


def psnr(one: Pixels, other: Pixels) -> float:
    """Peak signal to noise ratio of two images in dB, at most 100.

    Examples
    --------
    >>> black = np.zeros((4, 4, 3), np.uint8)
    >>> round(psnr(black, black + 255), 6), psnr(black, black)
    (0.0, 100.0)
    """
    error: npt.NDArray[np.float64] = (one.astype(np.float64) - other) ** 2
    mean = float(error.mean())
    return min(_MOST_PSNR, 10 * float(np.log10(255**2 / mean))) if mean else _MOST_PSNR
