"""Matching on predictors, by hand and against equal importance."""

import numpy as np
import pytest

from assay.causal.synthetic import (
    predictor_fit,
    read_cells,
    read_series,
)
from assay.errors import DataError


@pytest.fixture(scope="module")
def series(simulate, columns):
    return read_series(read_cells(simulate(3), **columns))


def test_predictors_with_given_importance_are_matched_by_hand():
    outcomes = np.array([[0.0, 4.0], [0.0, 4.0]])
    fit = predictor_fit(
        np.array([1.0, 1.0]),
        outcomes,
        np.array([1.0]),
        np.array([[0.0, 4.0]]),
        importance=np.ones(1),
    )
    assert fit.donor_weights == pytest.approx([0.75, 0.25])
    assert fit.mspe_pre == pytest.approx(0, abs=1e-20)
    assert fit.predictors_synthetic == pytest.approx([1.0])


def test_the_search_is_no_worse_than_equal_importance_and_repeats(series):
    pre, target = series.donors[: series.n_pre], series.treated[: series.n_pre]
    rng = np.random.default_rng(0)
    table = np.vstack([np.append(target[k], pre[k]) for k in (3, 15, 29)])
    table = np.vstack([table, rng.normal(size=13)])
    spec = (target, pre, table[:, 0], table[:, 1:])
    equal = predictor_fit(*spec, importance=np.ones(4))
    found = predictor_fit(*spec, n_starts=1, seed=2)
    assert found.mspe_pre <= equal.mspe_pre
    assert found.importance.sum() == pytest.approx(1)
    again = predictor_fit(*spec, n_starts=1, seed=2)
    assert np.array_equal(found.donor_weights, again.donor_weights)


def test_predictors_that_are_missing_or_constant_are_refused(series):
    pre, target = series.donors[: series.n_pre], series.treated[: series.n_pre]
    with pytest.raises(DataError, match="missing for some unit"):
        predictor_fit(target, pre, np.array([np.nan]), pre[:1])
    with pytest.raises(DataError, match="same for all units"):
        predictor_fit(target, pre, np.ones(1), np.ones((1, 12)))
