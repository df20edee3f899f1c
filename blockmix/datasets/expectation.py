"""The privacy that a run is expected to give, for its summary and its record."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from blockmix.forecasting.forecast import MOST_ROUNDS, forecast, group_kept, own_kept
from blockmix.forecasting.sampling import shares_of_sizes
from blockmix.mixer import BlockMixer
from blockmix.probability import for_pool

# A forecast must not hold up a finished run. With three rounds it took up to 3 ms for 1,024 blocks
# and 0.2 s for 65,536 (AMD EPYC); for more blocks none is made.
_MOST_BLOCKS = 65_536


def expectation(
    mixer: BlockMixer,
    blocks: int,
    cohort_sizes: Sequence[int],
    group_sizes: Sequence[Sequence[int]] | None = None,
) -> dict[str, Any]:
    """Return the mean forecast over the images of a run.

    Parameters
    ----------
    mixer : BlockMixer
        The mixer of the run.
    blocks : int
        Blocks of one image.
    cohort_sizes : sequence of int
        Number of images of each cohort.
    group_sizes : sequence of sequence of int, optional
        For each cohort the number of images of each of its groups, if the run knows groups.

    Returns
    -------
    dict
        ``own_kept`` and ``linked`` as in `Forecast`, rounded to four decimals. ``linked`` is None
        for more rounds or blocks than are forecast. With groups also ``groups``: ``own_share`` and
        ``linked`` as in `PersonForecast`. They are those of groups that all have as many images as
        the image's own, which is an estimate if sizes differ and there are several rounds.
    """
    of_cohorts = zip(
        cohort_sizes, group_sizes or [[1] * size for size in cohort_sizes], strict=True
    )
    shares = shares_of_sizes(
        (size, group) for size, groups in of_cohorts for group in groups for _ in range(group)
    )
    can_forecast = mixer.rounds <= MOST_ROUNDS and blocks <= _MOST_BLOCKS
    means = dict.fromkeys(("own_kept", "own_share", "linked", "group_linked"), 0.0)
    for (size, group_size), share in shares.items():
        probability = for_pool(mixer.probability, min(mixer.sources, size - group_size))
        means["own_kept"] += share * own_kept(size, probability, mixer.rounds, group_size)
        means["own_share"] += share * group_kept(size, probability, mixer.rounds, group_size)
        if not can_forecast:
            continue
        forecast_of_size = forecast(
            size,
            sources=mixer.sources,
            rounds=mixer.rounds,
            probability=probability,
            blocks=blocks,
            group_size=group_size,
        )
        means["linked"] += share * forecast_of_size.linked
        if group_sizes is not None:
            means["group_linked"] += share * forecast_of_size.persons.linked
    # Rounded, as the last digits of logarithms differ from one machine to another.
    rounded = {name: round(mean, 4) for name, mean in means.items()}
    linked, group_linked = (
        rounded[name] if can_forecast else None for name in ("linked", "group_linked")
    )
    expected: dict[str, Any] = {"own_kept": rounded["own_kept"], "linked": linked}
    if group_sizes is not None:
        expected["groups"] = {"own_share": rounded["own_share"], "linked": group_linked}
    return expected


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
        if "groups" in expected:
            line += f", and the right group of {_percent(expected['groups']['linked'])}"
    return f"{line}: see 'blockmix forecast'"


def _percent(share: float) -> str:
    return f"{share:.0%}" if share >= 0.1 else f"{share:.1%}"
