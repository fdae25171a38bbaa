"""Pipelines clean as they say and repeat to the bit."""

import numpy as np
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from threadpoolctl import threadpool_limits

from assay.errors import ConfigError
from assay.models import estimators, unfitted_pipeline
from assay.models.estimators import LinearColumns, fitted_on_matrix, log_odds_of_matrix

CATEGORIES = (None, (0.0, 1.0, 2.0), None, (12.0, 24.0))


def sample(n_rows=500, seed=0):
    rng = np.random.default_rng(seed)
    matrix = np.column_stack(
        [
            rng.normal(5, 3, n_rows),
            rng.integers(-1, 3, n_rows).astype(float),
            rng.lognormal(0, 1, n_rows),
            rng.choice([12.0, 24.0], n_rows),
        ]
    )
    matrix[rng.random(n_rows) < 0.2, 2] = np.nan
    return matrix


def test_linear_columns_are_those_of_scikit_learns_own_steps():
    matrix = sample()
    numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    words = OneHotEncoder(
        categories=[[0.0, 1.0, 2.0], [12.0, 24.0]],
        handle_unknown="ignore",
        sparse_output=False,
    )
    oracle = ColumnTransformer([("numbers", numbers, [0, 2]), ("words", words, [1, 3])])
    expected = oracle.fit_transform(matrix)
    found = LinearColumns(CATEGORIES).fit(matrix).transform(matrix)
    np.testing.assert_allclose(np.delete(found, 2, axis=1), expected, atol=1e-12)
    np.testing.assert_array_equal(found[:, 2], np.isnan(matrix[:, 2]))


def test_linear_columns_bear_constant_and_empty_columns():
    matrix = np.column_stack([np.full(10, 7.0), np.full(10, np.nan)])
    found = LinearColumns((None, None)).fit(matrix).transform(matrix)
    assert np.isfinite(found).all()
    np.testing.assert_array_equal(found[:, :2], 0)


@pytest.mark.parametrize("algorithm", ["boosting", "logistic"])
def test_the_number_of_threads_changes_no_bit(contract, algorithm, monkeypatch):
    monkeypatch.setattr(estimators, "PARALLEL_CELLS", 0)
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(6_000, len(contract.features)))
    labels = (matrix[:, 0] + rng.normal(size=6_000) > 0).astype(float)
    matrix[rng.random(matrix.shape) < 0.1] = np.nan
    found = []
    for n_threads in (1, 3):
        with threadpool_limits(n_threads):
            pipeline = unfitted_pipeline(algorithm, contract, seed=1)
            fitted_on_matrix(pipeline, matrix, labels)
            found.append(log_odds_of_matrix(pipeline, matrix))
    np.testing.assert_array_equal(*found)


def test_unknown_algorithms_and_parameters_are_refused_with_those_known(contract):
    with pytest.raises(ConfigError, match="no algorithm 'svm'; there are: boosting, log"):
        unfitted_pipeline("svm", contract)
    with pytest.raises(ConfigError, match="boosting has no parameter depth; it has: lea"):
        unfitted_pipeline("boosting", contract, {"depth": 3})
