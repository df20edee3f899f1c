"""Linkage and own share by person, where persons are in several originals."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from blockmix.privacy.measures.nearest import UNKNOWN, Nearest
from blockmix.privacy.measures.shares import HALF, shares
from blockmix.privacy.measures.statistics import mean_with_interval, share_with_interval
from blockmix.privacy.sets.pair import Indices, Pair


def persons(
    pair: Pair, sources: Indices, match: Indices | None, nearest: Nearest, part: float = HALF
) -> dict[str, Any] | None:
    """Measure by person what linkage, own blocks and the largest share measure by image.

    Parameters
    ----------
    pair : Pair
        The sets, with ``groups``.
    sources : (N, rows, cols) int64
        The original that each block comes from, or `UNKNOWN`.
    match : (N,) int64 or None
        The original of each mixed image, if it is known.
    nearest : Nearest
        Whom the holder of the originals takes each mixed image for.
    part : float
        See `shares`.

    Returns
    -------
    dict or None
        ``persons``, their number; ``shares``, see `shares`, with all originals of a person
        together. As value and 95 % interval, None without a match: ``own_share``, the share of an
        image's known blocks that show its person, from whichever original; ``linkage``, the shares
        of mixed images whose person is found: ``by_blocks``, ``jointly`` and ``by_pixels`` take the
        person of the original that `linkage` takes, ``by_most_blocks`` the person who gives most
        blocks. ``chance``: the mean share of a person in the originals of their label, which
        is the chance level of all these. None without groups.
    """
    groups = pair.groups
    if groups is None:
        return None
    result: dict[str, Any] = {
        "persons": len(np.unique(groups)),
        "shares": shares(pair, sources, groups, part=part),
        "own_share": None,
        "linkage": None,
        "chance": None,
    }
    if match is None:
        return result
    shown = np.where(sources == UNKNOWN, UNKNOWN, groups[sources]).reshape(len(sources), -1)
    person, is_known = groups[match], shown != UNKNOWN
    is_own = (shown == person[:, None]).sum(axis=1)
    has_known = is_known.any(axis=1)
    guesses = {
        "by_blocks": groups[nearest.by_blocks],
        "jointly": groups[nearest.jointly],
        "by_pixels": groups[nearest.by_pixels],
        "by_most_blocks": _most_shown(shown),
    }
    own_share = is_own[has_known] / is_known[has_known].sum(axis=1)
    return result | {
        "own_share": mean_with_interval(own_share, 0, 1) if len(own_share) else None,
        "linkage": {
            name: share_with_interval(int((guess == person).sum()), len(person))
            for name, guess in guesses.items()
        },
        "chance": float(_shares_in_label(pair, groups, match).mean()),
    }


def _most_shown(shown: Indices) -> Indices:
    """Return the group with most known blocks of each image; among equals the lowest number."""
    return np.array([np.bincount(row[row != UNKNOWN], minlength=1).argmax() for row in shown])


def _shares_in_label(pair: Pair, groups: Indices, match: Indices) -> npt.NDArray[np.float64]:
    """Return for each mixed image the share of its person in the originals of its label."""
    label_shares = np.zeros(len(match))
    for _, label_originals, label_mixed in pair.classes():
        counts = np.bincount(groups[label_originals], minlength=int(groups.max()) + 1)
        label_shares[label_mixed] = counts[groups[match[label_mixed]]] / len(label_originals)
    return label_shares
