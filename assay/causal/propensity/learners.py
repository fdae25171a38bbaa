"""Outcome and treatment models for cross-fitting, the same for any order of the rows."""

from __future__ import annotations

from typing import Any, Literal, Protocol, TypeAlias

import numpy as np

from assay.causal.rows import Bools, Floats, Positions
from assay.errors import DataError


class Learner(Protocol):
    """What is asked of a scikit-learn regressor or classifier."""

    def fit(self, x: Any, y: Any) -> Any:  # noqa: ANN401 # scikit-learn is untyped
        """Learn from rows."""

    def predict(self, x: Any) -> Any:  # noqa: ANN401 # scikit-learn is untyped
        """Predict rows."""


OutcomeModel: TypeAlias = Learner | Literal["linear"]


def make_folds(treated: Bools, n_folds: int, seed: int) -> Positions:
    """Return the fold of every row, each fold with its share of treated rows.

    Parameters
    ----------
    treated : ndarray of shape (n_rows,), bool
        Of rows in an order that depends on their content only.
    n_folds : int
        At least 1; 1 puts every row into one fold.
    seed : int

    Raises
    ------
    DataError
        If an arm has fewer rows than folds.
    """
    if n_folds < 1:
        raise ValueError(f"n_folds must be at least 1, got {n_folds}")
    smallest = int(min(treated.sum(), (~treated).sum()))
    if smallest < n_folds:
        raise DataError(
            f"{n_folds} folds need {n_folds} rows in each arm, and one has {smallest}; "
            "use fewer folds or more rows"
        )
    rng = np.random.default_rng(seed)
    folds = np.empty(treated.size, dtype=np.intp)
    for arm in (treated, ~treated):
        rows = np.flatnonzero(arm)
        folds[rng.permutation(rows)] = np.arange(rows.size) % n_folds
    return folds


def fitted_values(
    model: OutcomeModel, train_x: Floats, train_y: Floats, x: Floats
) -> Floats:
    """Return predictions at `x` of a fresh model that learned from the training rows.

    Parameters
    ----------
    model : "linear" or scikit-learn estimator
        The estimator is cloned; a classifier answers with the probability of 1.
    train_x : ndarray of shape (n_train, 1 + n_covariates)
        First column ones, which an estimator does not get to see.
    train_y : ndarray of shape (n_train,)
    x : ndarray of shape (n_rows, 1 + n_covariates)

    Returns
    -------
    ndarray of shape (n_rows,)
    """
    if model == "linear":
        return np.asarray(x @ np.linalg.lstsq(train_x, train_y, rcond=None)[0])
    from sklearn.base import clone

    learner: Any = clone(model)
    learner.fit(train_x[:, 1:], train_y)
    if hasattr(learner, "predict_proba"):
        return _probability(learner, x[:, 1:])
    return np.asarray(learner.predict(x[:, 1:]), dtype=np.float64)


def boosted_propensity(
    design: Floats, treated: Bools, *, n_folds: int = 5, seed: int = 0
) -> Floats:
    """Return cross-fitted propensities of small boosted trees.

    Parameters
    ----------
    design : ndarray of shape (n_rows, 1 + n_covariates)
        First column ones.
    treated : ndarray of shape (n_rows,), bool
    n_folds : int, default=5
        Every row's propensity comes from trees that did not see it.
    seed : int, default=0

    Returns
    -------
    ndarray of shape (n_rows,)
        In [0.001, 0.999]: trees never say how sure they are beyond that.

    Raises
    ------
    DataError
        If there is no covariate, or an arm has fewer rows than folds.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier

    if design.shape[1] < 2:
        raise DataError("boosting needs at least one covariate; list some")
    if n_folds < 2:
        raise ValueError(f"boosting is cross-fitted: n_folds must be >= 2, got {n_folds}")
    model = HistGradientBoostingClassifier(
        learning_rate=0.05,
        max_iter=150,
        max_leaf_nodes=8,
        min_samples_leaf=20,
        l2_regularization=1.0,
        early_stopping=False,
        random_state=0,
    )
    folds = make_folds(treated, n_folds, seed)
    found = np.empty(treated.size)
    for fold in range(n_folds):
        held = folds == fold
        found[held] = fitted_values(
            model, design[~held], treated[~held].astype(np.float64), design[held]
        )
    return np.clip(found, 0.001, 0.999)


def _probability(learner: Any, x: Floats) -> Floats:  # noqa: ANN401 # untyped library
    classes = list(learner.classes_)
    table = np.asarray(learner.predict_proba(x), dtype=np.float64)
    if len(classes) == 1:
        return np.full(len(x), float(classes[0]))
    if classes != [0, 1]:
        raise DataError(
            f"a classifier as outcome model needs an outcome of 0 and 1, and it has "
            f"{len(classes)} classes; give a regressor"
        )
    return table[:, 1]
