"""Tests before the start: of all coefficients and of their drift, against formulas."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from assay.causal.differences import (
    event_study,
    group_time_effects,
    interaction_weighted,
)
from assay.causal.differences.trends import drift_test, joint_test, leads_assumption

N_CLUSTERS, PATH = 40, np.array([-6.0, -5.0, -4.0, -3.0, -2.0])
NOISE = 0.5 * np.eye(5) + 0.5  # one reference period is in all of them


def sample(rng, drift=0.0):
    """Return the mean of clusters' coefficients, and its covariance as they tell it."""
    draws = rng.multivariate_normal(drift * PATH, NOISE, size=N_CLUSTERS)
    return draws.mean(axis=0), np.cov(draws.T) / N_CLUSTERS


def test_the_drift_is_generalised_least_squares():
    mean, covariance = sample(np.random.default_rng(1), drift=0.2)
    inverse = np.linalg.inv(covariance)
    by_hand = (PATH @ inverse @ mean) / (PATH @ inverse @ PATH)
    assert drift_test(mean, covariance, PATH, N_CLUSTERS)[0] == pytest.approx(by_hand)


def test_with_one_coefficient_it_is_the_t_test_and_the_joint_test():
    value, variance = np.array([0.4]), np.array([[0.04]])
    _, p_value = drift_test(value, variance, np.array([-2.0]), N_CLUSTERS)
    assert p_value == pytest.approx(2 * stats.t(N_CLUSTERS - 1).sf(2.0))
    assert p_value == pytest.approx(joint_test(value, variance, N_CLUSTERS)[1])


def test_p_values_of_no_drift_are_uniform_and_a_drift_is_found_more_often():
    rng, n_runs = np.random.default_rng(2), 4_000
    none = np.array(
        [drift_test(*sample(rng), PATH, N_CLUSTERS)[1] for _ in range(n_runs)]
    )
    # Kolmogorov's distance passes 1.63 / sqrt(n) once in a hundred times.
    assert stats.kstest(none, "uniform").statistic < 1.63 / np.sqrt(n_runs)
    steady = [sample(rng, drift=0.08) for _ in range(500)]
    by_drift = np.mean([drift_test(*one, PATH, N_CLUSTERS)[1] < 0.05 for one in steady])
    jointly = np.mean([joint_test(*one, N_CLUSTERS)[1] < 0.05 for one in steady])
    assert by_drift > jointly + 0.1


def test_of_the_two_the_smaller_counts_twice_and_both_are_told():
    diagnostics = {}
    mean, covariance = sample(np.random.default_rng(3), drift=0.12)
    found = leads_assumption(
        mean, covariance, PATH, N_CLUSTERS, diagnostics, "the 5 coefficients"
    )
    steadily = drift_test(mean, covariance, PATH, N_CLUSTERS)[1]
    jointly = joint_test(mean, covariance, N_CLUSTERS)[1]
    assert steadily < jointly
    assert found.p_value == diagnostics["pre_trend_p_value"]
    assert found.p_value == pytest.approx(2 * steadily)
    assert diagnostics["pre_trend_slope_p_value"] == pytest.approx(steadily)
    assert found.finding.startswith("the 5 coefficients are jointly zero with p")
    one = leads_assumption(
        mean[:1], covariance[:1, :1], PATH[:1], N_CLUSTERS, {}, "the coefficient"
    )
    assert one.p_value == joint_test(mean[:1], covariance[:1, :1], N_CLUSTERS)[1]
    assert "drift" not in one.finding


@pytest.mark.parametrize(("value", "p_value"), [(0.0, 1.0), (0.3, 0.0)])
def test_without_noise_coefficients_are_zero_or_they_are_not(value, p_value):
    still = np.full(2, value)
    found = leads_assumption(
        still, np.zeros((2, 2)), PATH[:2], N_CLUSTERS, {}, "the leads"
    )
    assert found.p_value == p_value


DESIGNS = pytest.mark.parametrize(
    ("design", "options"),
    [
        (event_study, {"reference_time": -1}),
        (event_study, {"reference_time": -2}),
        (interaction_weighted, {}),
        (group_time_effects, {"base_period": "varying"}),
        (group_time_effects, {"base_period": "universal"}),
    ],
)


@DESIGNS
def test_the_drift_of_each_design_is_a_slope_a_period(design, options):
    drift, n_units, n_periods = 0.25, 60, 12
    rng = np.random.default_rng(4)
    unit = np.repeat(np.arange(n_units), n_periods)
    week = np.tile(np.arange(n_periods), n_units)
    is_treated = unit < n_units // 2
    noise = 0.1 * rng.normal(size=unit.size)
    frame = pd.DataFrame(
        {
            "unit": unit,
            "week": week,
            "cohort": np.where(is_treated, 8, 0),
            "y": 0.3 * unit + drift * week * is_treated + noise,
        }
    )
    found = design(
        frame, outcome="y", unit_column="unit", period="week", cohort="cohort", **options
    )
    # The slope's own error is some .006 here.
    assert found.diagnostics["pre_trend_slope"] == pytest.approx(drift, abs=0.03)
    assert found.diagnostics["pre_trend_slope_p_value"] < 1e-6
