"""Cross-validated AUC of a contract's data, by time where there is one."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from assay.contract import Contract
from assay.evaluation import Interval
from assay.evaluation.folds import mean_fold_auc
from assay.features import design_matrix
from assay.models.estimators import (
    Algorithm,
    fitted_on_matrix,
    log_odds_of_matrix,
    unfitted_pipeline,
)
from assay.models.search import Progress
from assay.models.split import event_times, folds_of, labelled_rows


def cross_validated_auc(
    frame: pd.DataFrame,
    contract: Contract,
    *,
    folds: int = 5,
    seed: int = 0,
    algorithm: Algorithm = "boosting",
    parameters: Mapping[str, float | int | str] | None = None,
    progress: Progress | None = None,
) -> Interval:
    """Return the mean AUC over folds of all labelled rows, with its interval.

    Without an event time folds are stratified and shuffled by `seed`, equal to
    scikit-learn's ``StratifiedKFold(folds, shuffle=True, random_state=seed)``. With one
    each fold trains on the rows before those that it tests, so the first trains on less
    data than the model itself: the figure is lower for it.

    Parameters
    ----------
    frame : DataFrame
        Typed rows; those without a label are left out.
    contract : Contract
        Names features, label and time.
    folds : int
        Number of folds, at least 2.
    seed : int
        Of folds and fits.
    algorithm, parameters
        What is fitted; the defaults where None.
    progress : callable, optional
        Called with "cross-validation" and the share done.

    Raises
    ------
    DataError
        If there are too few rows, or a fold lacks an outcome.
    """
    rows, labels = labelled_rows(frame, contract)
    times = event_times(frame, contract)
    sorted_times = None if times is None else times[rows]
    matrix, _ = design_matrix(frame.iloc[rows], contract)
    scored = []
    for train, test in folds_of(labels, sorted_times, folds, seed):
        pipeline = unfitted_pipeline(algorithm, contract, parameters, seed=seed)
        fitted_on_matrix(pipeline, matrix[train], labels[train])
        scored.append((labels[test], log_odds_of_matrix(pipeline, matrix[test])))
        if progress is not None:
            progress("cross-validation", len(scored) / folds)
    return mean_fold_auc(scored)
