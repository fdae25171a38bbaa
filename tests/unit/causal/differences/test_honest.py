"""Honest intervals against the linear programme and the optimisation they replace."""

import numpy as np
import pytest
from scipy import optimize, stats

from assay.causal.differences import honest_intervals
from assay.causal.differences.honest_magnitude import (
    _rays,
    first_stage_draws,
    magnitude_interval,
)
from assay.causal.differences.honest_smoothness import (
    folded_critical_value,
    smoothness_interval,
)
from assay.errors import DataError


def study(n_pre=3, n_post=2, seed=0, scale=0.05):
    rng = np.random.default_rng(seed)
    n = n_pre + n_post
    root = rng.normal(size=(n, n)) * 0.3 + np.eye(n)
    beta = np.concatenate([rng.normal(0, 0.05, n_pre), rng.normal(0.5, 0.1, n_post)])
    return beta, scale**2 * root @ root.T


@pytest.mark.parametrize("target", [[1.0, 0, 0], [0.2, 0.3, 0.5], [0, -1.0, 2.0]])
def test_rays_in_closed_form_are_the_optimum_of_the_linear_programme(target):
    target = np.asarray(target)
    moves = np.eye(3) - np.eye(3, k=-1)
    rows = np.vstack([moves, -moves])
    rest = np.linalg.svd(target[None, :])[2][1:]
    rng = np.random.default_rng(1)
    rays = _rays(target)
    assert np.abs(rays @ rows @ rest.T).max() < 1e-12
    for _ in range(50):
        y, scale = rng.normal(size=6), rng.uniform(0.5, 2, 6)
        equalities = np.vstack([(rows @ rest.T).T, scale])
        programme = optimize.linprog(-y, A_eq=equalities, b_eq=[0, 0, 1])
        ours = np.max(rays @ y / (rays @ scale))
        assert ours == pytest.approx(-programme.fun, abs=1e-9)


@pytest.mark.parametrize("bias", [0.0, 0.1, 1.0, 5.0, 40.0])
def test_the_folded_critical_value_solves_its_equation(bias):
    critical = folded_critical_value(bias, 0.05)
    covered = stats.norm.cdf(critical - bias) - stats.norm.cdf(-critical - bias)
    assert covered == pytest.approx(0.95, abs=1e-10)


@pytest.mark.parametrize("bound", [0.01, 0.05, 0.3])
def test_no_other_weights_give_a_shorter_smoothness_interval(bound):
    beta, sigma = study(n_pre=2, n_post=1)
    low, high = smoothness_interval(beta, sigma, 2, np.ones(1), 0.05, bound)

    def half(first):
        # Weights w on times -2, -1 with 2 w_2 + w_1 = 1 cancel a linear trend.
        w = np.array([first, 1 - 2 * first, 1.0])
        deviation = np.sqrt(w @ sigma @ w)
        loads = np.array([2 * w[0] + w[1], w[0]])
        bias = bound * np.abs(loads).sum()
        return deviation * folded_critical_value(bias / deviation, 0.05)

    best = min(half(first) for first in np.linspace(-3, 3, 20_001))
    assert (high - low) / 2 == pytest.approx(best, rel=1e-6)
    assert (high - low) / 2 <= best + 1e-12


@pytest.mark.parametrize("restriction", ["relative_magnitude", "smoothness"])
def test_intervals_widen_with_the_bound_and_break_down_where_said(restriction):
    beta, sigma = study()
    bounds = [0, 0.05, 0.2, 1.0, 3.0]
    found = honest_intervals(beta, sigma, n_pre=3, restriction=restriction, bounds=bounds)
    assert (np.diff(found.intervals[:, 0]) <= 1e-9).all()
    assert (np.diff(found.intervals[:, 1]) >= -1e-9).all()
    at = honest_intervals(
        beta, sigma, n_pre=3, restriction=restriction,
        bounds=[0.99 * found.breakdown, 1.01 * found.breakdown],
    )  # fmt: skip
    assert at.intervals[0, 0] > 0 > at.intervals[1, 0]


def test_relative_magnitude_covers_a_violation_within_its_bound():
    _, sigma = study()
    root = np.linalg.cholesky(sigma)
    # Trends part by 0.1 a period before and after; the effect is 1.
    truth = np.array([0.3, 0.2, 0.1, 1 - 0.1, 1 - 0.2])
    rng = np.random.default_rng(5)
    covered = 0
    normal = first_stage_draws(sigma, 0)[:, :20_000]
    target = np.array([1.0, 0.0])
    for _ in range(60):
        draw = truth + root @ rng.normal(size=5)
        low, high = magnitude_interval(draw, sigma, 3, target, 0.05, normal, 1.0)
        covered += low <= 1 <= high
    assert covered >= 53


def test_a_null_effect_has_no_breakdown():
    beta, sigma = study()
    beta[3:] = 0.0
    assert honest_intervals(beta, sigma, n_pre=3, bounds=[0.5]).breakdown == 0


def test_the_target_may_be_a_mean_and_one_period_may_be_all_there_is():
    beta, sigma = study()
    mean = honest_intervals(beta, sigma, n_pre=3, bounds=[0.5], target=[0.5, 0.5])
    assert mean.original[0] < beta[3:].mean() < mean.original[1]
    beta, sigma = study(n_pre=1, n_post=1)
    for restriction in ("relative_magnitude", "smoothness"):
        found = honest_intervals(
            beta, sigma, n_pre=1, restriction=restriction, bounds=[0.5]
        )
        assert np.isfinite(found.intervals).all()


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"n_pre": 0}, DataError, "at least one coefficient before"),
        ({"n_pre": 5}, DataError, "at least one coefficient before"),
        ({"n_pre": 3, "target": [1.0]}, DataError, "target must weight 2 periods"),
        ({"n_pre": 3, "bounds": [-1]}, ValueError, "bounds must be at least 0"),
        ({"n_pre": 3, "restriction": "no"}, ValueError, "restriction must be"),
    ],
)
def test_requests_that_make_no_sense_are_refused(options, error, message):
    beta, sigma = study()
    with pytest.raises(error, match=message):
        honest_intervals(beta, sigma, **options)


def test_a_singular_covariance_is_refused():
    beta, sigma = study()
    with pytest.raises(DataError, match="singular"):
        honest_intervals(beta, np.ones_like(sigma), n_pre=3)
