"""The privacy that a run is expected to give, for its summary and its record."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from blockmix.forecasting.forecast import MOST_ROUNDS, forecast, own_kept
from blockmix.mixer import BlockMixer
from blockmix.probability import for_pool

# A forecast must not hold up a finished run. With three rounds it took up to 3 ms for 1,024 blocks
# and 0.2 s for 65,536 (AMD EPYC); for more blocks none is made.
_MOST_BLOCKS = 65_536
# Of more cohort sizes than this a sample is forecast: 16 of them take up to 3 s.
_MOST_SIZES = 16


def expectation(mixer: BlockMixer, blocks: int, cohort_sizes: Sequence[int]) -> dict[str, Any]:
    """Return the mean forecast over the images of a run.

    Parameters
    ----------
    mixer : BlockMixer
        The mixer of the run.
    blocks : int
        Blocks of one image.
    cohort_sizes : sequence of int
        Number of images of each cohort.

    Returns
    -------
    dict
        ``own_kept`` and ``linked`` as in `Forecast`, rounded to four decimals. ``linked`` is None
        for more rounds or blocks than are forecast.
    """
    size_of_image = sorted(size for size in cohort_sizes for _ in range(size))
    if len(set(size_of_image)) > _MOST_SIZES:
        step = len(size_of_image) / _MOST_SIZES
        size_of_image = [size_of_image[int((i + 0.5) * step)] for i in range(_MOST_SIZES)]
    can_forecast = mixer.rounds <= MOST_ROUNDS and blocks <= _MOST_BLOCKS
    own_blocks = linked = 0.0
    for size in set(size_of_image):
        share = size_of_image.count(size) / len(size_of_image)
        probability = for_pool(mixer.probability, min(mixer.sources, size - 1))
        own_blocks += share * own_kept(size, probability, mixer.rounds)
        if can_forecast:
            forecast_of_size = forecast(
                size,
                sources=mixer.sources,
                rounds=mixer.rounds,
                probability=probability,
                blocks=blocks,
            )
            linked += share * forecast_of_size.linked
    # Rounded, as the last digits of logarithms differ from one machine to another.
    return {"own_kept": round(own_blocks, 4), "linked": round(linked, 4) if can_forecast else None}


def describe(expected: dict[str, Any]) -> str:
    """Return an expectation as a line for people.

    Examples
    --------
    >>> describe({"own_kept": 0.5, "linked": None})
    "expect: about 50% of every image's blocks stay its own: see 'blockmix forecast'"
    """
    line = f"expect: about {_percent(expected['own_kept'])} of every image's blocks stay its own"
    if expected["linked"] is not None:
        line += (
            "; whoever holds the originals links about "
            f"{_percent(expected['linked'])} of the images"
        )
    return f"{line}: see 'blockmix forecast'"


def _percent(share: float) -> str:
    return f"{share:.0%}" if share >= 0.1 else f"{share:.1%}"
