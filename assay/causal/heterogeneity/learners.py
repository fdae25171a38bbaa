"""Effects of each row, learned from the other rows: T-, X- and DR-learner."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import numpy as np

from assay.causal.propensity.doubly_robust import cross_fit, doubly_robust_scores
from assay.causal.propensity.learners import OutcomeModel, fitted_values, make_folds
from assay.causal.rows import Bools, Floats

MetaLearner: TypeAlias = Literal["t", "x", "dr"]
META_LEARNERS: tuple[MetaLearner, ...] = ("t", "x", "dr")


def default_regressor() -> Any:  # noqa: ANN401 # scikit-learn is untyped
    """Return the regressor that learns effects unless another is given."""
    from sklearn.ensemble import HistGradientBoostingRegressor

    return HistGradientBoostingRegressor(
        learning_rate=0.05,
        max_iter=100,
        max_leaf_nodes=8,
        min_samples_leaf=40,
        early_stopping=False,
        random_state=0,
    )


def effects_of_rows(
    outcome: Floats,
    treated: Bools,
    design: Floats,
    propensity: Floats,
    *,
    learner: MetaLearner = "dr",
    model: OutcomeModel = "linear",
    n_folds: int = 5,
    seed: int = 0,
) -> Floats:
    """Return each row's effect as a model of the other folds predicts it.

    Parameters
    ----------
    outcome, treated, propensity : ndarray of shape (n_rows,)
        Of rows in an order that depends on their content only.
    design : ndarray of shape (n_rows, 1 + n_covariates)
        First column ones.
    learner : {"t", "x", "dr"}, default="dr"
        Difference of two outcome models; the same, with imputed effects learned anew
        in each arm [1]_; or doubly robust scores learned directly [2]_.
    model : "linear" or scikit-learn regressor, default="linear"
        Learns outcomes and effects; cloned for every fit.
    n_folds : int, default=5
    seed : int, default=0

    Raises
    ------
    DataError
        If an arm has fewer rows than folds.

    References
    ----------
    .. [1] S. R. Künzel, J. S. Sekhon, P. J. Bickel and B. Yu, "Metalearners for
       estimating heterogeneous treatment effects using machine learning", PNAS 116,
       2019.
    .. [2] E. H. Kennedy, "Towards optimal doubly robust estimation of heterogeneous
       causal effects", Electronic Journal of Statistics 17, 2023.
    """
    learners = {"t": _t_learner, "x": _x_learner, "dr": _dr_learner}
    if learner not in learners:
        raise ValueError(f"learner must be one of {META_LEARNERS}, got {learner!r}")
    if n_folds < 2:
        raise ValueError(f"effects are cross-fitted: n_folds must be >= 2, got {n_folds}")
    folds = make_folds(treated, n_folds, seed)
    found = np.empty(treated.size)
    for fold in range(n_folds):
        held = folds == fold
        train = ~held
        found[held] = learners[learner](
            outcome[train],
            treated[train],
            design[train],
            propensity[train],
            design[held],
            propensity[held],
            model,
        )
    return found


def _t_learner(
    y: Floats,
    t: Bools,
    x: Floats,
    _: Floats,
    new: Floats,
    __: Floats,
    model: OutcomeModel,
) -> Floats:
    return fitted_values(model, x[t], y[t], new) - fitted_values(model, x[~t], y[~t], new)


def _x_learner(
    y: Floats,
    t: Bools,
    x: Floats,
    _: Floats,
    new: Floats,
    propensity: Floats,
    model: OutcomeModel,
) -> Floats:
    gain_treated = y[t] - fitted_values(model, x[~t], y[~t], x[t])
    gain_untreated = fitted_values(model, x[t], y[t], x[~t]) - y[~t]
    by_treated = fitted_values(model, x[t], gain_treated, new)
    by_untreated = fitted_values(model, x[~t], gain_untreated, new)
    return propensity * by_untreated + (1 - propensity) * by_treated


def _dr_learner(
    y: Floats,
    t: Bools,
    x: Floats,
    propensity: Floats,
    new: Floats,
    _: Floats,
    model: OutcomeModel,
) -> Floats:
    nuisances = cross_fit(
        y, t, x, outcome_model=model, propensity=propensity, n_folds=2, seed=1
    )
    return fitted_values(model, x, doubly_robust_scores(y, t, nuisances), new)
