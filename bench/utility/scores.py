"""What is said of a trained model, from its logits."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Logits = npt.NDArray[np.float64]  # (N, classes)
Labels = npt.NDArray[np.int64]
Losses = npt.NDArray[np.float64]

BINS = 15
FALSE_POSITIVES = (0.001, 0.01)


def losses(logits: Logits, labels: Labels) -> Losses:
    """Return the cross-entropy of each image in nats.

    Examples
    --------
    >>> losses(np.array([[0.0, 0.0]]), np.array([1])).round(4)
    array([0.6931])
    """
    return -_log_probabilities(logits)[np.arange(len(labels)), labels]


def accuracy(logits: Logits, labels: Labels) -> float:
    """Return the share of images whose label has the largest logit.

    Examples
    --------
    >>> accuracy(np.array([[2.0, 1.0], [0.0, 1.0]]), np.array([0, 0]))
    0.5
    """
    return float((logits.argmax(axis=1) == labels).mean())


def calibration_error(logits: Logits, labels: Labels) -> float:
    """Return the expected calibration error, in `BINS` bins of equal width.

    The mean difference between how sure the model is and how often it is right.

    Examples
    --------
    >>> calibration_error(np.array([[9.0, -9.0]] * 4), np.array([0, 0, 1, 1])).__round__(3)
    0.5
    """
    probabilities = np.exp(_log_probabilities(logits))
    sure = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    bins = np.minimum((sure * BINS).astype(int), BINS - 1)
    gaps = np.bincount(bins, sure - right, minlength=BINS)
    return float(np.abs(gaps).sum() / len(labels))


def by_group(logits: Logits, labels: Labels, groups: Sequence[str] | None) -> dict[str, float]:
    """Return the accuracy on the images of each group; nothing without groups.

    Examples
    --------
    >>> by_group(np.array([[2.0, 1.0], [2.0, 1.0]]), np.array([0, 1]), ("a", "b"))
    {'a': 1.0, 'b': 0.0}
    """
    group_of = np.array(groups or (), str)
    return {
        str(name): accuracy(logits[group_of == name], labels[group_of == name])
        for name in np.unique(group_of)
    }


def membership(members: Losses, strangers: Losses) -> dict[str, float]:
    """Return how well a threshold on the loss separates training images from others.

    ``auc`` is the chance that a member has the lower loss, ties counting half; ``tpr_at_...`` is
    the share of members that are found where that share of strangers is taken for one. A weak
    attack: what it does not find, a stronger one may.

    Examples
    --------
    >>> membership(np.array([0.0, 1.0]), np.array([2.0, 0.5]))
    {'auc': 0.75, 'tpr_at_0.001': 0.5, 'tpr_at_0.01': 0.5}
    """
    ordered = np.sort(strangers)
    above = len(ordered) - np.searchsorted(ordered, members, side="right")
    level = np.searchsorted(ordered, members, side="right") - np.searchsorted(ordered, members)
    auc = float((above + level / 2).mean() / len(ordered))
    # At most this many strangers have a loss below the threshold.
    thresholds = {rate: ordered[int(rate * len(ordered))] for rate in FALSE_POSITIVES}
    return {
        "auc": auc,
        **{
            f"tpr_at_{rate}": float((members < threshold).mean())
            for rate, threshold in thresholds.items()
        },
    }


def _log_probabilities(logits: Logits) -> Logits:
    shifted = logits - logits.max(axis=1, keepdims=True)
    logs: Logits = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return logs
