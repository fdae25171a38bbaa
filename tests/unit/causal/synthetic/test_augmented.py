"""Augmented weights against pysyncon, and their sum and fit."""

from dataclasses import replace

import numpy as np
import pytest

from assay.causal.synthetic import (
    augmented_control,
    read_cells,
    read_series,
)
from assay.errors import DataError


@pytest.fixture(scope="module")
def series(simulate, columns):
    return read_series(read_cells(simulate(3), **columns))


@pytest.mark.filterwarnings("ignore::Warning")
def test_augmented_weights_are_those_of_pysyncon(series, simulate):
    from pysyncon import AugSynth, Dataprep

    prepared = Dataprep(
        foo=simulate(3),
        predictors=[],
        predictors_op="mean",
        dependent="y",
        unit_variable="unit",
        time_variable="period",
        treatment_identifier=0,
        controls_identifier=list(range(1, 13)),
        time_predictors_prior=range(30),
        time_optimize_ssr=range(30),
    )
    for penalty in (0.5, 20.0):
        theirs = AugSynth()
        theirs.fit(prepared, lambda_=penalty, use_covariates=False)
        ours = augmented_control(series, penalty=penalty)
        assert ours.donor_weights == pytest.approx(theirs.W, abs=2e-4)


def test_augmented_weights_sum_to_one_and_fit_no_worse(series):
    found = augmented_control(series)
    assert found.donor_weights.sum() == pytest.approx(1, abs=1e-9)
    plain = series.treated - series.donors @ found.simplex_weights
    assert found.rmspe_pre <= np.sqrt(np.mean(plain[: series.n_pre] ** 2)) + 1e-12
    with pytest.raises(ValueError, match="positive"):
        augmented_control(series, penalty=0.0)


def test_the_interval_holds_the_effects_whose_refitted_residuals_look_alike(series):
    found = augmented_control(series, penalty=5.0, level=0.9).estimate
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
    residuals = augmented_control(whole, penalty=5.0).gaps[:n]
    sizes = [abs(np.roll(residuals, -k)[series.n_pre :].mean()) for k in range(n)]
    return np.mean(np.array(sizes) >= sizes[0] - 1e-9)


def test_the_interval_covers_the_effect(simulate, columns):
    n_runs, covered = 30, 0
    for seed in range(n_runs):
        one = read_series(read_cells(simulate(900 + seed), **columns))
        low, high = augmented_control(one).estimate.interval
        covered += low <= 1 <= high
    # Binomial standard error of 30 runs is 4 points.
    assert covered >= 25


def test_too_few_periods_for_the_level_are_refused(simulate, columns):
    short = simulate(1, n_pre=10, n_post=5)
    one = read_series(read_cells(short, **{**columns, "treatment_start": 10}))
    with pytest.raises(DataError, match="15 periods give p values no smaller"):
        augmented_control(one)
    assert augmented_control(one, level=0.9).estimate.level == 0.9
