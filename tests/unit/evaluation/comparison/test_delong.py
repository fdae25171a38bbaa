"""DeLong's difference of two AUCs against its definition by pairs, and the truth."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from assay.contract import CostMatrix
from assay.errors import DataError
from assay.evaluation import compare_on_holdout, delong_interval
from assay.evaluation.comparison import auc_gain

COSTS = CostMatrix(unit="USD", false_positive=1, false_negative=5)


def by_pairs(labels, scores):
    """Return AUCs and their covariance as the paper defines them, pair by pair."""
    bad, good = np.flatnonzero(labels == 1), np.flatnonzero(labels == 0)
    aucs, v10, v01 = [], [], []
    for score in scores:
        wins = np.array(
            [
                [(score[i] > score[j]) + 0.5 * (score[i] == score[j]) for j in good]
                for i in bad
            ]
        )
        aucs.append(wins.mean())
        v10.append(wins.mean(axis=1))
        v01.append(wins.mean(axis=0))
    covariance = np.cov(v10, ddof=1) / len(bad) + np.cov(v01, ddof=1) / len(good)
    return np.array(aucs), covariance


@st.composite
def tables(draw):
    n_rows = draw(st.integers(5, 30))
    labels = draw(st.lists(st.integers(0, 1), min_size=n_rows, max_size=n_rows))
    labels[:4] = 0, 1, 0, 1
    levels = st.integers(0, 5).map(lambda k: k / 5)
    two = [draw(st.lists(levels, min_size=n_rows, max_size=n_rows)) for _ in range(2)]
    return np.array(labels, float), np.array(two, float)


@given(table=tables())
@settings(max_examples=60)
def test_the_difference_and_its_interval_are_those_of_the_paper(table):
    labels, scores = table
    found = auc_gain(labels, *scores)
    aucs, covariance = by_pairs(labels, scores)
    variance = covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]
    reach = norm.ppf(0.975) * np.sqrt(max(variance, 0.0))
    assert found.value == pytest.approx(aucs[1] - aucs[0], abs=1e-12)
    assert found.high - found.value == pytest.approx(reach, abs=1e-7)
    assert found.low == pytest.approx(found.value - reach, abs=1e-7)


def test_the_classic_example_by_hand():
    labels = [0, 0, 0, 1, 1]
    champion, challenger = [0.1, 0.2, 0.6, 0.5, 0.9], [0.1, 0.2, 0.3, 0.5, 0.9]
    found = auc_gain(labels, champion, challenger)
    # Bad rows beat 2 and 3 of 3 good ones, then 3 and 3: placements differ by 1/3 and 0
    # among the bad, by 0, 0 and 1/2 among the good.
    variance = np.var([1 / 3, 0], ddof=1) / 2 + np.var([0, 0, 0.5], ddof=1) / 3
    assert found.value == pytest.approx(1 / 6)
    assert found.high - found.low == pytest.approx(2 * norm.ppf(0.975) * variance**0.5)


def test_against_a_score_that_knows_nothing_it_is_the_auc_of_one():
    rng = np.random.default_rng(3)
    labels = (rng.random(200) < 0.3).astype(float)
    score = np.clip(0.3 * labels + 0.7 * rng.random(200), 0, 1)
    gain = auc_gain(labels, np.full(200, 0.5), score)
    alone = delong_interval(labels, score)
    assert gain.value + 0.5 == pytest.approx(alone.value)
    assert gain.low + 0.5 == pytest.approx(alone.low)


def test_a_score_of_the_same_order_gains_exactly_nothing():
    labels, score = [0, 1, 0, 1], [0.1, 0.2, 0.3, 0.4]
    found = auc_gain(labels, score, [x / 2 for x in score])
    assert (found.value, found.low, found.high) == (0.0, 0.0, 0.0)


def test_one_row_of_an_outcome_has_no_variance():
    with pytest.raises(DataError, match="two rows of each outcome"):
        auc_gain([0, 0, 1], [0.1, 0.2, 0.3], [0.1, 0.2, 0.3])


def world(rng, n_rows, loss):
    """Return outcomes and two scores; the second is noisier where `loss` is above 0."""
    truth = rng.normal(size=n_rows)
    labels = (rng.random(n_rows) < 1 / (1 + np.exp(1.2 - truth))).astype(float)
    noise = rng.normal(size=(2, n_rows))
    champion = truth + 0.7 * noise[0]
    challenger = truth + (0.7 + loss) * noise[1]
    return labels, norm.cdf(champion), norm.cdf(challenger)


@pytest.mark.slow
def test_the_paired_bootstrap_and_delong_refuse_and_pass_at_their_stated_rates():
    """Four binomial standard errors around 2.5 %, and agreement of both methods.

    The truth is a challenger of the champion's own quality. With a margin at the true
    difference a one-sided 2.5 % of challengers pass; with a margin far below nearly all
    do, and one that is worse than the margin nearly never does.
    """
    n_worlds, n_rows = 300, 600
    rng = np.random.default_rng(11)
    above, widths = {"bootstrap": 0, "delong": 0}, []
    for _ in range(n_worlds):
        labels, champion, challenger = world(rng, n_rows, 0.0)
        paired = compare_on_holdout(
            labels,
            champion,
            challenger,
            champion_threshold=0.5,
            challenger_threshold=0.5,
            costs=COSTS,
            rng=rng,
            n_resamples=200,
        )["auc"]
        checked = auc_gain(labels, champion, challenger)
        above["bootstrap"] += paired.low >= 0
        above["delong"] += checked.low >= 0
        widths.append((paired.high - paired.low) / (checked.high - checked.low))
    error = np.sqrt(0.025 * 0.975 / n_worlds)
    for rate in above.values():
        assert abs(rate / n_worlds - 0.025) <= 4 * error
    assert np.mean(widths) == pytest.approx(1.0, abs=0.03)


def test_a_challenger_worse_than_the_margin_is_refused_and_an_equal_one_passes():
    rng = np.random.default_rng(5)
    passed = {0.0: 0, 1.5: 0}
    for loss in passed:
        for _ in range(100):
            labels, champion, challenger = world(rng, 1500, loss)
            passed[loss] += auc_gain(labels, champion, challenger).low >= -0.06
    assert passed[0.0] >= 90
    assert passed[1.5] <= 2
