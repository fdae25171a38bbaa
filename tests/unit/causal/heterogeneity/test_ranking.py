"""Qini curve, groups and calibration of predicted effects, by hand."""

import numpy as np
import pytest

from assay.causal.heterogeneity import (
    calibration_slope,
    qini_curve,
    uplift_by_group,
)
from assay.errors import DataError


def test_the_qini_curve_by_hand():
    effects = np.array([4.0, 3, 2, 1])
    scores = np.array([8.0, 4, 0, -4])
    found = qini_curve(effects, scores, n_points=5)
    assert found.gain.tolist() == [0, 2, 3, 3, 2]
    assert found.random.tolist() == [0, 0.5, 1, 1.5, 2]
    # Trapezoids between the two: (1.5 + 2 + 1.5) / 4.
    assert found.qini.value == pytest.approx(1.25)
    assert found.area == pytest.approx(1.25 + 1.0)


def test_a_constant_prediction_ranks_nothing_and_says_so():
    scores = np.random.default_rng(0).normal(1, 1, size=50)
    flat = np.full(50, 3.0)
    found = qini_curve(flat, scores)
    assert found.qini.value == pytest.approx(0, abs=1e-15)
    assert found.gain == pytest.approx(found.random)
    slope = calibration_slope(flat, scores)
    assert (slope.value, slope.p_value) == (0.0, 1.0)


def test_groups_hold_all_rows_largest_prediction_first():
    scores = np.arange(25.0)
    table = uplift_by_group(scores, scores, n_groups=5)
    assert table["n"].tolist() == [5] * 5
    assert table["effect"].tolist() == [22, 17, 12, 7, 2]
    with pytest.raises(DataError, match="use fewer groups"):
        uplift_by_group(scores, scores, n_groups=13)


def test_the_slope_is_a_robust_regression():
    import statsmodels.api as sm

    rng = np.random.default_rng(2)
    effects = rng.normal(size=300)
    scores = 0.7 * effects + rng.normal(size=300) * (1 + np.abs(effects))
    found = calibration_slope(effects, scores)
    oracle = sm.OLS(scores, sm.add_constant(effects)).fit(cov_type="HC1")
    assert found.value == pytest.approx(oracle.params[1])
    assert found.standard_error == pytest.approx(oracle.bse[1])
