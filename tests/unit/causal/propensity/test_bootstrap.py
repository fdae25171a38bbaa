"""Resamples by counts against resamples by rows, and against themselves."""

import numpy as np
import pytest

from assay.causal.propensity.bootstrap import STATISTICS, resampled_effects
from assay.causal.propensity.doubly_robust import cross_fit, doubly_robust_difference
from assay.causal.propensity.logistic import logistic_optimum
from assay.causal.propensity.matching import matched_difference
from assay.causal.propensity.weights import weighted_difference
from assay.causal.rows import observe
from assay.errors import DataError


def by_rows(frame, names, draw, penalty):
    """Return every statistic of one resample the long way."""
    rows = observe(frame.iloc[draw], **names)
    fit = logistic_optimum(
        rows.design, np.ones(rows.n_rows), rows.treated.astype(float), penalty=penalty
    )
    found = {
        name: weighted_difference(
            rows.outcome, rows.treated, fit.propensity, estimand=name
        ).value
        for name in ("ate", "att", "atc", "ato")
    }
    found["matched_att"] = matched_difference(
        rows.outcome, rows.treated, fit.propensity
    ).value
    nuisances = cross_fit(
        rows.outcome, rows.treated, rows.design, penalty=penalty, n_folds=1
    )
    found["aipw_ate"] = doubly_robust_difference(
        rows.outcome, rows.treated, nuisances
    ).value
    return found


@pytest.mark.parametrize("penalty", [0.0, 1.0])
@pytest.mark.parametrize("rounded", [True, False])
def test_counts_of_cells_give_the_numbers_of_copied_rows(
    simulated, names, penalty, rounded
):
    frame = simulated(n=400)
    if rounded:
        frame = frame.round({"a": 0, "b": 0})
    rng = np.random.default_rng(5)
    draws = [rng.integers(0, 400, size=400) for _ in range(4)]
    found = resampled_effects(
        observe(frame, **names), statistics=STATISTICS, penalty=penalty, draws=draws
    )
    for values, draw in zip(found.values, draws, strict=True):
        expected = by_rows(frame, names, draw, penalty)
        for name, value in zip(found.names, values, strict=True):
            assert value == pytest.approx(expected[name], abs=1e-9), name


def test_blocks_computed_apart_join_to_the_same_bytes(simulated, names):
    rows = observe(simulated(n=200), **names)
    whole = resampled_effects(rows, n_resamples=12, seed=3).values
    parts = [
        resampled_effects(rows, n_resamples=4, seed=3, first=first).values
        for first in (0, 4, 8)
    ]
    assert np.concatenate(parts).tobytes() == whole.tobytes()


def test_the_bootstrap_error_agrees_with_the_influence_function(simulated, names):
    rows = observe(simulated(n=1_000).round({"a": 1, "b": 1}), **names)
    found = resampled_effects(rows, n_resamples=300, seed=1)
    fit = logistic_optimum(rows.design, np.ones(1_000), rows.treated.astype(float))
    exact = weighted_difference(
        rows.outcome, rows.treated, fit.propensity, fit=fit, design=rows.design
    ).standard_error
    assert found.standard_error("ate") == pytest.approx(exact, rel=0.15)
    low, high = found.interval("ate")
    assert high - low == pytest.approx(3.92 * exact, rel=0.2)


def test_a_resample_without_an_optimum_is_an_error_and_not_a_number(names, simulated):
    frame = simulated(n=40).assign(rare=lambda f: np.arange(40) == f["t"].idxmax())
    frame.loc[frame.index[frame["t"] == 0][0], "rare"] = True
    wide = {**names, "covariates": ["rare"]}
    with pytest.raises(DataError, match=r"in resample \d+ the covariates separate"):
        resampled_effects(observe(frame, **wide), n_resamples=30)


def test_an_unknown_statistic_lists_the_known_ones(simulated, names):
    with pytest.raises(ValueError, match="matched_att"):
        resampled_effects(observe(simulated(n=50), **names), statistics=("late",))
