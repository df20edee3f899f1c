"""Scores of logits, against independent computations."""

import numpy as np
import pytest
from scipy.special import log_softmax
from scipy.stats import mannwhitneyu

from blockmix.bench.utility import scores


@pytest.fixture
def logits():
    return np.random.default_rng(0).normal(0, 3, (400, 3))


@pytest.fixture
def labels(logits):
    """About half are the largest logit."""
    rng = np.random.default_rng(1)
    return np.where(rng.random(400) < 0.5, logits.argmax(1), rng.integers(0, 3, 400))


def test_losses(logits, labels):
    expected = -log_softmax(logits, axis=1)[np.arange(400), labels]
    assert scores.losses(logits, labels) == pytest.approx(expected, rel=1e-12)
    assert np.isfinite(scores.losses(logits * 1e4, labels)).all()


def test_calibration_error(logits, labels):
    probabilities = np.exp(log_softmax(logits, axis=1))
    sure, right = probabilities.max(1), probabilities.argmax(1) == labels
    expected = 0.0
    for index in range(scores.BINS):
        in_bin = (sure >= index / scores.BINS) & (sure < (index + 1) / scores.BINS)
        if in_bin.any():
            expected += in_bin.mean() * abs(sure[in_bin].mean() - right[in_bin].mean())
    assert scores.calibration_error(logits, labels) == pytest.approx(expected)
    assert scores.calibration_error(np.array([[0.0, 900.0]]), np.array([1])) == 0


def test_accuracy_by_group(logits, labels):
    groups = tuple("ab"[index % 2] for index in range(400))
    assert scores.by_group(logits, labels, groups) == {
        "a": scores.accuracy(logits[::2], labels[::2]),
        "b": scores.accuracy(logits[1::2], labels[1::2]),
    }
    assert scores.by_group(logits, labels, None) == {}


def test_membership():
    rng = np.random.default_rng(0)
    members, strangers = rng.normal(0, 1, 500).round(1), rng.normal(0.5, 1, 2000).round(1)
    found = scores.membership(members, strangers)
    statistic = mannwhitneyu(strangers, members).statistic
    assert found["auc"] == pytest.approx(statistic / (500 * 2000))
    for rate in scores.FALSE_POSITIVES:
        best = max(
            (members < threshold).mean()
            for threshold in strangers
            if (strangers < threshold).mean() <= rate
        )
        assert found[f"tpr_at_{rate}"] == best


def test_membership_where_all_losses_are_equal():
    assert scores.membership(np.ones(5), np.ones(7)) == {
        "auc": 0.5,
        "tpr_at_0.001": 0.0,
        "tpr_at_0.01": 0.0,
    }
