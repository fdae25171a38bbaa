"""The estimators on offer, each a pipeline with its cleaning inside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from assay.contract import Contract
from assay.errors import ConfigError
from assay.features import DesignMatrix

Algorithm: TypeAlias = Literal["boosting", "logistic"]
Floats: TypeAlias = NDArray[np.float64]
Parameters: TypeAlias = dict[str, float | int]

ALGORITHMS: tuple[Algorithm, ...] = ("boosting", "logistic")

PARALLEL_CELLS = 5_000_000
"""Rows times features from which boosting uses all cores."""

DEFAULTS: dict[Algorithm, Parameters] = {
    # Chosen by measurement: docs/methods/training.md.
    "boosting": {
        "learning_rate": 0.05,
        "max_iter": 250,
        "max_depth": 4,
        "min_samples_leaf": 20,
        "l2_regularization": 10.0,
        "max_features": 0.3,
    },
    "logistic": {"C": 1.0},
}


class LinearColumns(TransformerMixin, BaseEstimator):  # type: ignore[misc] # untyped base
    """What a linear model needs of a design matrix, learned from training rows.

    Numbers: missing becomes the median, then centred and scaled to unit variance.
    Categories: one indicator each, none for unseen and missing. A column that lacked
    values in training gets an indicator of that.

    Parameters
    ----------
    categories : tuple of (tuple of float or None), length n_features
        Code numbers of each column; None for a number.

    Attributes
    ----------
    numeric_, flagged_, coded_ : ndarray of int
        Columns of the numbers, of the indicators of missing values and, repeated for
        each of its codes, of the categories.
    medians_, means_, scales_ : ndarray of shape (n_numeric,)
        Of the numbers; scales above 0.
    codes_ : ndarray
        Code that each indicator of a category stands for; as long as `coded_`.
    """

    def __init__(self, categories: tuple[tuple[float, ...] | None, ...]) -> None:
        self.categories = categories

    def fit(self, matrix: Floats, y: object = None) -> Self:  # noqa: ARG002 # API
        """Learn medians, means and scales from `matrix`, shape (n_rows, n_features)."""
        is_number = np.array([codes is None for codes in self.categories], dtype=bool)
        self.numeric_ = np.flatnonzero(is_number)
        self.flagged_ = np.flatnonzero(np.isnan(matrix).any(axis=0))
        pairs = [
            (column, code)
            for column, codes in enumerate(self.categories)
            for code in codes or ()
        ]
        self.coded_ = np.array([column for column, _ in pairs], dtype=np.int64)
        self.codes_ = np.array([code for _, code in pairs], dtype=np.float64)
        self.medians_, self.means_, self.scales_ = _moments(matrix[:, self.numeric_])
        return self

    def transform(self, matrix: Floats) -> Floats:
        """Return numbers, then indicators of missing values, then of categories."""
        numbers = matrix[:, self.numeric_]
        numbers = np.where(np.isnan(numbers), self.medians_, numbers)
        return np.hstack(
            (
                (numbers - self.means_) / self.scales_,
                np.isnan(matrix[:, self.flagged_]),
                matrix[:, self.coded_] == self.codes_,
            )
        ).astype(np.float64, copy=False)


def unfitted_pipeline(
    algorithm: Algorithm,
    contract: Contract,
    parameters: Mapping[str, float | int] | None = None,
    *,
    seed: int = 0,
) -> Pipeline:
    """Return the pipeline from a typed frame to log-odds and probabilities.

    Parameters
    ----------
    algorithm : {"boosting", "logistic"}
        Boosting is scikit-learn's HistGradientBoostingClassifier without early stopping
        (its validation rows would be a shuffled part, also where rows have a time).
    contract : Contract
        Names the features.
    parameters : mapping, optional
        Take the place of the algorithm's `DEFAULTS`, key by key.
    seed : int
        Of the sampled features and bins of boosting.

    Raises
    ------
    ConfigError
        If the algorithm or a parameter's name is not known.
    """
    known = DEFAULTS.get(algorithm)
    if known is None:
        raise ConfigError(
            f"no algorithm {algorithm!r}; there are: {', '.join(ALGORITHMS)}"
        )
    unknown = sorted(set(parameters or {}) - set(known))
    if unknown:
        raise ConfigError(
            f"{algorithm} has no parameter {', '.join(unknown)}; it has: "
            f"{', '.join(known)}"
        )
    chosen: dict[str, Any] = {**known, **(parameters or {})}
    matrix = ("matrix", DesignMatrix(contract))
    if algorithm == "boosting":
        classifier = HistGradientBoostingClassifier(
            **chosen, early_stopping=False, categorical_features=None, random_state=seed
        )
        return Pipeline([matrix, ("classifier", classifier)])
    return Pipeline(
        [
            matrix,
            ("columns", LinearColumns(_category_codes(contract))),
            ("classifier", LogisticRegression(solver="newton-cholesky", **chosen)),
        ]
    )


def fitted_on_matrix(pipeline: Pipeline, matrix: Floats, labels: Floats) -> Pipeline:
    """Fit the steps after the first on a design matrix; return the whole pipeline.

    Bit-identical for the same input whatever the number of threads: sums inside linear
    algebra run on one thread, boosting adds in an order that does not depend on it.
    """
    with bounded_threads(matrix.size):
        pipeline[1:].fit(matrix, labels)
    pipeline[0].fit(None)
    return pipeline


def bounded_threads(n_cells: int) -> threadpool_limits:
    """Return a context in which linear algebra, and boosting on few cells, use 1 thread.

    One thread makes linear algebra repeat to the bit. For boosting it is about speed:
    below some millions of cells more threads gain little, and on a busy machine they
    wait for each other so long that a fit of one second takes a minute.
    """
    few = {"openmp": 1} if n_cells < PARALLEL_CELLS else {}
    return threadpool_limits(limits={"blas": 1, **few})


def log_odds_of_matrix(pipeline: Pipeline, matrix: Floats) -> Floats:
    """Return the raw scores of a fitted pipeline for a design matrix, (n_rows,)."""
    with bounded_threads(matrix.size):
        scores = pipeline[1:].decision_function(matrix)
    return np.asarray(scores, dtype=np.float64)


def _category_codes(contract: Contract) -> tuple[tuple[float, ...] | None, ...]:
    return tuple(
        None
        if not field.categories
        else tuple(map(float, range(len(field.categories))))
        if field.has_text_categories
        else tuple(map(float, field.categories))
        for field in contract.features
    )


def _moments(numbers: Floats) -> tuple[Floats, Floats, Floats]:
    n_columns = numbers.shape[1]
    medians, means, scales = np.zeros(n_columns), np.zeros(n_columns), np.ones(n_columns)
    for column in range(n_columns):
        values = numbers[:, column]
        is_missing = np.isnan(values)
        if is_missing.all():
            continue
        medians[column] = np.median(values[~is_missing])
        filled = np.where(is_missing, medians[column], values)
        means[column] = filled.mean()
        scales[column] = filled.std() or 1.0
    return medians, means, scales
