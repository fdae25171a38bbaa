"""Search for parameters inside the training part, within a budget."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from assay.contract import Contract
from assay.errors import ConfigError
from assay.models.estimators import (
    DEFAULTS,
    Algorithm,
    Parameters,
    fitted_on_matrix,
    log_odds_of_matrix,
    unfitted_pipeline,
)
from assay.models.split import Rows, folds_of

Floats: TypeAlias = NDArray[np.float64]
Progress: TypeAlias = Callable[[str, float], None]

N_FOLDS = 3


@dataclass(frozen=True, slots=True)
class Search:
    """What a search tried and what it found.

    Attributes
    ----------
    parameters : dict
        Of the least log loss.
    n_trials : int
        Trials done. The same number, seed and data give the same parameters.
    log_losses : tuple of float
        Mean log loss over the folds, in nats, one a trial; the first is the defaults'.
    stopped_by : {"trials", "minutes"}
        Which end of the budget came first.
    """

    parameters: Parameters
    n_trials: int
    log_losses: tuple[float, ...]
    stopped_by: str


def searched_parameters(
    matrix: Floats,
    labels: Floats,
    times: Rows | None,
    contract: Contract,
    *,
    algorithm: Algorithm,
    seed: int,
    trials: int = 0,
    minutes: float = 0.0,
    progress: Progress | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Search:
    """Return the parameters of least log loss in folds of the training part.

    Parameters
    ----------
    matrix, labels : ndarray of shape (n_rows, n_features), (n_rows,)
        The training part alone, in order of time where there is one.
    times : ndarray of shape (n_rows,) or None
        Sorted event times; None for stratified folds.
    contract : Contract
        Names the features.
    algorithm, seed
        What is fitted, and the seed of draws, folds and fits.
    trials : int
        Most trials; 0 for no limit of trials.
    minutes : float
        No trial starts after so many; 0 for no limit of time.
    progress : callable, optional
        Called with "search" and the share of the budget that is used.
    clock : callable
        Seconds.

    Raises
    ------
    ConfigError
        If neither limit is given, or one is negative.

    Notes
    -----
    Trial 0 is the defaults; trial k draws from its own generator, seeded by (seed, k),
    so that a search that was stopped by the clock repeats as one of as many trials.
    Log loss, not AUC: it is proper and less noisy on few rows.

    References
    ----------
    J. Bergstra, Y. Bengio, "Random search for hyper-parameter optimization", Journal of
    Machine Learning Research, 2012.
    """
    if trials < 0 or minutes < 0 or not (trials or minutes):
        raise ConfigError(
            f"a search needs a budget; got trials={trials} and minutes={minutes:g}: give "
            "at least one above 0 and none below"
        )
    start = clock()
    tried: list[Parameters] = []
    losses: list[float] = []
    stopped_by = "trials"
    while not trials or len(tried) < trials:
        spent = (clock() - start) / 60
        if minutes and tried and spent >= minutes:
            stopped_by = "minutes"
            break
        parameters = drawn_parameters(algorithm, seed, len(tried))
        losses.append(
            _fold_log_loss(matrix, labels, times, contract, algorithm, parameters, seed)
        )
        tried.append(parameters)
        if progress is not None:
            shares = [len(tried) / trials if trials else 0.0]
            shares.append((clock() - start) / 60 / minutes if minutes else 0.0)
            progress("search", min(1.0, max(shares)))
    best = int(np.argmin(losses))
    return Search(tried[best], len(tried), tuple(losses), stopped_by)


def drawn_parameters(algorithm: Algorithm, seed: int, trial: int) -> Parameters:
    """Return the parameters of one trial; trial 0 is the defaults."""
    if trial == 0:
        return dict(DEFAULTS[algorithm])
    rng = np.random.default_rng([seed, trial])
    if algorithm == "logistic":
        return {"C": _log_uniform(rng, 1e-3, 1e2)}
    rate = _log_uniform(rng, 0.02, 0.15)
    # Rate times rounds decides how far boosting goes; it is what is drawn.
    reach = _log_uniform(rng, 5.0, 25.0)
    return {
        "learning_rate": rate,
        "max_iter": round(min(600.0, max(50.0, reach / rate))),
        "max_depth": int(rng.integers(2, 5)),
        "min_samples_leaf": int(rng.choice([10, 20, 50, 100, 200])),
        "l2_regularization": _log_uniform(rng, 0.3, 100.0),
        "max_features": float(rng.choice([0.2, 0.3, 0.5, 0.75, 1.0])),
    }


def _log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    return math.exp(rng.uniform(math.log(low), math.log(high)))


def _fold_log_loss(
    matrix: Floats,
    labels: Floats,
    times: Rows | None,
    contract: Contract,
    algorithm: Algorithm,
    parameters: Parameters,
    seed: int,
) -> float:
    losses = []
    for train, test in folds_of(labels, times, N_FOLDS, seed):
        pipeline = unfitted_pipeline(algorithm, contract, parameters, seed=seed)
        fitted_on_matrix(pipeline, matrix[train], labels[train])
        scores = log_odds_of_matrix(pipeline, matrix[test])
        losses.append(np.mean(np.logaddexp(0, scores) - labels[test] * scores))
    return float(np.mean(losses))
