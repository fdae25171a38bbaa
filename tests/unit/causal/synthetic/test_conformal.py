"""Permutation inference against a loop, and its coverage."""

import numpy as np
import pytest

from assay.causal.synthetic import (
    conformal_interval,
    conformal_p_values,
    read_cells,
    read_series,
    simplex_fit,
)


def by_loop(series, effect):
    treated = series.treated.copy()
    treated[series.n_pre :] -= effect
    weights = simplex_fit(
        series.donors.T @ series.donors, series.donors.T @ treated
    ).weights
    residuals = treated - series.donors @ weights
    sizes = [
        abs(np.roll(residuals, -shift)[series.n_pre :].mean())
        for shift in range(series.n_periods)
    ]
    return np.mean(np.array(sizes) >= sizes[0] - 1e-9)


def test_p_values_are_those_of_a_loop_over_shifts(simulate, columns):
    series = read_series(read_cells(simulate(1), **columns))
    effects = np.array([-1.0, 0.0, 0.9, 1.0, 3.0])
    ours = conformal_p_values(series, effects)
    assert ours == pytest.approx([by_loop(series, effect) for effect in effects])


def test_the_interval_holds_what_is_not_rejected(simulate, columns):
    series = read_series(read_cells(simulate(2), **columns))
    low, high = conformal_interval(series, 1.0, level=0.9)
    inner = conformal_p_values(series, np.array([low + 1e-3, high - 1e-3]))
    outer = conformal_p_values(series, np.array([low - 1e-2, high + 1e-2]))
    assert (inner > 0.1).all()
    assert (outer <= 0.1).all()


def test_intervals_cover_the_effect(simulate, columns):
    covered = 0
    for seed in range(60):
        series = read_series(read_cells(simulate(500 + seed), **columns))
        covered += conformal_p_values(series, np.ones(1))[0] > 0.05
    # Binomial standard error of 60 runs is 2.8 points; three of them.
    assert covered >= 52
