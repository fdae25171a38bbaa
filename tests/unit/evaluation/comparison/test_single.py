"""One feature alone, and chance alone."""

import numpy as np
import pytest
from scipy.stats import mannwhitneyu
from sklearn.metrics import roc_auc_score

from assay.evaluation.comparison import feature_auc, shuffled_error


def halves(values, labels):
    half = len(values) // 2
    return (values[:half], labels[:half]), (values[half:], labels[half:])


def test_a_feature_that_is_the_label_is_found_whatever_its_direction():
    labels = np.tile([0.0, 1.0], 200)
    for values in (labels, 1 - labels, 5 - 3 * labels):
        assert feature_auc(*halves(values, labels), is_category=False).value == 1.0
        assert feature_auc(*halves(values, labels), is_category=True).value == 1.0


def test_a_number_that_matters_in_the_middle_is_found_as_well():
    rng = np.random.default_rng(0)
    values = rng.normal(size=8000)
    labels = (np.abs(values) < 0.7).astype(float)
    assert roc_auc_score(labels, values) == pytest.approx(0.5, abs=0.03)
    assert feature_auc(*halves(values, labels), is_category=False).value > 0.97


def test_that_a_value_is_missing_may_tell_all():
    labels = np.tile([0.0, 1.0], 200)
    values = np.where(labels == 1, np.nan, 3.0)
    assert feature_auc(*halves(values, labels), is_category=False).value == 1.0
    nothing = np.full(400, np.nan)
    assert feature_auc(*halves(nothing, labels), is_category=False).value == 0.5


def test_categories_have_the_auc_of_their_bad_shares():
    rng = np.random.default_rng(1)
    values = rng.integers(0, 30, 6000).astype(float)
    labels = (rng.random(6000) < np.where(values % 3 == 0, 0.5, 0.2)).astype(float)
    seen, unseen = halves(values, labels)
    share = {
        v: (seen[1][seen[0] == v].sum() + seen[1].mean()) / ((seen[0] == v).sum() + 1)
        for v in range(30)
    }
    expected = roc_auc_score(unseen[1], [share[v] for v in unseen[0]])
    found = feature_auc(seen, unseen, is_category=True)
    assert found.value == pytest.approx(expected, abs=1e-12)
    never_seen = (np.full(100, 99.0), unseen[1][:100])
    assert feature_auc(seen, never_seen, is_category=True).value == 0.5


def test_noise_stays_at_one_half():
    rng = np.random.default_rng(2)
    labels = (rng.random(10_000) < 0.3).astype(float)
    found = feature_auc(*halves(rng.normal(size=10_000), labels), is_category=False)
    assert abs(found.value - 0.5) < 4 * shuffled_error(labels[5000:])


def test_the_error_of_chance_is_that_of_the_rank_test():
    labels = np.r_[np.ones(7), np.zeros(12)]
    # The asymptotic test's z is (U - mean) over n_1 n_0 times our standard error.
    scores = np.arange(19.0)
    test = mannwhitneyu(scores[:7], scores[7:], method="asymptotic", use_continuity=False)
    from scipy.stats import norm

    z = abs(test.statistic / (7 * 12) - 0.5) / shuffled_error(labels)
    assert 2 * norm.sf(z) == pytest.approx(test.pvalue)
