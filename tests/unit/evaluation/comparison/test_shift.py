"""The PSI of two scores by hand, its bounds, and its interval."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.api import GLM, add_constant, families

from assay.errors import DataError
from assay.evaluation.comparison import at_the_outcomes, score_shift
from assay.evaluation.comparison.shift import _psi


def rng():
    return np.random.default_rng(0)


def test_two_bins_by_hand():
    joint = np.array([[[30, 10], [20, 40]]])
    old, new = np.array([40.5, 60.5]) / 101, np.array([50.5, 50.5]) / 101
    expected = np.sum((new - old) * np.log(new / old))
    assert _psi(joint)[0] == pytest.approx(expected, abs=1e-15)


@given(seed=st.integers(0, 1000), scale=st.floats(0.1, 3.0))
def test_it_is_never_negative_and_does_not_change_with_a_rising_map(seed, scale):
    draw = np.random.default_rng(seed)
    old, new = draw.normal(size=(2, 200))
    found = score_shift(old, scale * new, rng=rng(), n_resamples=100)
    again = score_shift(np.exp(old), np.exp(scale * new), rng=rng(), n_resamples=100)
    assert found.value >= 0
    assert 0 <= found.low <= found.high
    assert again.value == pytest.approx(found.value, abs=1e-12)


def test_the_same_score_has_not_moved():
    score = np.linspace(0, 1, 1000)
    assert score_shift(score, score, rng=rng()).value == 0.0


def test_a_shift_by_one_standard_deviation_is_about_one_nat():
    # For normals of one spread the divergence is the squared shift; bins lose a little.
    draw = np.random.default_rng(1)
    old, new = draw.normal(size=20_000), draw.normal(1, 1, size=20_000)
    found = score_shift(old, new, rng=rng())
    assert found.low < found.value < found.high
    assert found.value == pytest.approx(0.95, abs=0.05)


def test_a_constant_score_has_one_bin_more_than_edges():
    assert score_shift(np.full(50, 0.5), np.full(50, 0.5), rng=rng()).value == 0.0


def worlds(n_rows, seed):
    """Return labels of a world that grew worse, and what both worlds' laws say."""
    draw = np.random.default_rng(seed)
    log_odds = draw.normal(-2, 1, size=n_rows)
    calm, worse = (1 / (1 + np.exp(-(log_odds + shift))) for shift in (0.0, 1.2))
    return (draw.random(n_rows) < worse).astype(float), calm, worse


def test_a_shift_that_the_outcomes_explain_is_none():
    labels, calm, worse = worlds(20_000, 3)
    assert score_shift(calm, worse, rng=rng()).low > 1.0
    explained = score_shift(at_the_outcomes(labels, calm), worse, rng=rng())
    assert explained.high < 0.02


def test_a_shift_against_the_outcomes_counts_in_full():
    labels, calm, worse = worlds(20_000, 4)
    assert score_shift(at_the_outcomes(labels, worse), calm, rng=rng()).low > 1.0


def test_scores_at_the_outcomes_are_those_of_a_logistic_regression():
    labels, calm, _ = worlds(3_000, 5)
    log_odds = np.log(calm / (1 - calm))
    fit = GLM(labels, add_constant(log_odds), family=families.Binomial()).fit()
    found = at_the_outcomes(labels, calm)
    assert found == pytest.approx(fit.fittedvalues, abs=1e-7)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ([], [], "at least one"),
        ([0.1, 0.2], [0.1], "two 1-D arrays"),
        ([0.1, np.nan], [0.1, 0.2], "1 of 2 rows have a score that is not finite"),
        ([0.1, 0.2], [np.inf, 0.2], "1 of 2 rows"),
    ],
)
def test_scores_that_cannot_be_compared_are_refused(old, new, said):
    with pytest.raises(DataError, match=said):
        score_shift(old, new, rng=rng())
