"""Penalised weights against a general solver."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import minimize

from assay.causal.synthetic import (
    penalised_control,
    read_cells,
    read_series,
)
from assay.errors import DataError


@pytest.fixture(scope="module")
def series(simulate, columns):
    return read_series(read_cells(simulate(3), **columns))


def test_penalised_weights_minimise_the_papers_objective(series):
    pre, target = series.donors[: series.n_pre], series.treated[: series.n_pre]
    distance = np.sum((pre - target[:, None]) ** 2, axis=0)

    def objective(weights, penalty):
        return np.sum((target - pre @ weights) ** 2) + penalty * weights @ distance

    for penalty in (0.05, 1.0):
        found = penalised_control(series, penalty=penalty)
        theirs = minimize(
            objective,
            np.full(12, 1 / 12),
            args=(penalty,),
            bounds=[(0, 1)] * 12,
            constraints={"type": "eq", "fun": lambda w: w.sum() - 1},
            method="SLSQP",
            options={"ftol": 1e-12, "maxiter": 500},
        )
        assert objective(found.donor_weights, penalty) <= theirs.fun + 1e-6
    nearest = penalised_control(series, penalty=1e6)
    assert np.argmax(nearest.donor_weights) == np.argmin(distance)
    assert nearest.donor_weights.max() == pytest.approx(1)


def test_the_interval_holds_the_effects_whose_refitted_residuals_look_alike(series):
    found = penalised_control(series, penalty=0.05, level=0.9).estimate
    low, high = found.interval
    assert low < found.value < high
    inside, outside = (by_loop(series, low + step) for step in (1e-3, -1e-2))
    assert inside > 0.1
    assert outside <= 0.1
    assert found.p_value == pytest.approx(by_loop(series, 0.0))


def by_loop(series, effect):
    """Return the p value from one fit of the estimator itself on all periods."""
    treated = series.treated.copy()
    treated[series.n_pre :] -= effect
    n = series.n_periods
    # Periods repeated as "after" let the estimator be fitted on all of them.
    whole = replace(
        series, n_pre=n, periods=np.arange(2.0 * n), treated=np.tile(treated, 2),
        donors=np.tile(series.donors, (2, 1)),
        treated_units=np.tile(series.treated_units, (2, 1)),
    )  # fmt: skip
    residuals = penalised_control(whole, penalty=0.05).gaps[:n]
    sizes = [abs(np.roll(residuals, -k)[series.n_pre :].mean()) for k in range(n)]
    return np.mean(np.array(sizes) >= sizes[0] - 1e-9)


def test_the_interval_covers_the_effect(simulate, columns):
    n_runs, covered = 30, 0
    for seed in range(n_runs):
        one = read_series(read_cells(simulate(900 + seed), **columns))
        low, high = penalised_control(one).estimate.interval
        covered += low <= 1 <= high
    # Binomial standard error of 30 runs is 4 points.
    assert covered >= 25


def test_too_few_periods_for_the_level_are_refused(simulate, columns):
    short = simulate(1, n_pre=10, n_post=5)
    one = read_series(read_cells(short, **{**columns, "treatment_start": 10}))
    with pytest.raises(DataError, match="15 periods give p values no smaller"):
        penalised_control(one)
    assert penalised_control(one, level=0.9).estimate.level == 0.9
