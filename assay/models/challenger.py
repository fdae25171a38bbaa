"""From a snapshot to a fitted challenger with the evidence that its gate reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias, TypedDict

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from assay.contract import Contract
from assay.errors import ConfigError
from assay.evaluation import Evaluation, Interval, compare_on_holdout, evaluate
from assay.evaluation.importance import permutation_importance
from assay.evaluation.slices import SliceMetrics, by_slice
from assay.features import design_matrix
from assay.models.calibration import (
    Calibrator,
    cost_threshold,
    empirical_threshold,
    logistic_calibration,
)
from assay.models.cross_validation import cross_validated_auc
from assay.models.estimators import (
    DEFAULTS,
    TEXT_ALGORITHMS,
    Algorithm,
    Parameters,
    bounded_threads,
    fitted_on_matrix,
    log_odds_of_matrix,
    plain_algorithm,
    unfitted_pipeline,
)
from assay.models.fitted import Fitted
from assay.models.search import Progress, Search, searched_parameters
from assay.models.split import Rows, Split, event_times, split_rows
from assay.networks.parameters import KINDS
from assay.networks.watching import Watch

Floats: TypeAlias = NDArray[np.float64]


def fit_challenger(
    frame: pd.DataFrame,
    contract: Contract,
    *,
    algorithm: Algorithm = "boosting",
    seed: int = 0,
    holdout_share: float = 0.2,
    calibration_share: float = 0.15,
    search_trials: int = 0,
    search_minutes: float = 0.0,
    parameters: Parameters | None = None,
    n_resamples: int = 1000,
    folds: int = 5,
    watch: Watch | None = None,
    progress: Progress | None = None,
) -> Fitted:
    """Fit, calibrate and measure a challenger; the same input gives the same bits.

    Parameters
    ----------
    frame : DataFrame
        Typed rows, as the quality gate leaves them; it is not changed.
    contract : Contract
        Fields, costs and gates.
    algorithm : str
        What is fitted; one of `ALGORITHMS`.
    seed : int
        Of every random choice.
    holdout_share, calibration_share : float in (0, 1)
        See `split_rows`.
    search_trials, search_minutes
        Budget of the search; both 0 for the defaults. A budget in minutes makes the
        result depend on the machine's speed; the number of trials done is reported.
    parameters : dict, optional
        Take the place of the algorithm's defaults, key by key; not with a search.
    n_resamples : int
        Of the intervals.
    folds : int
        Of the cross-validated AUC; 0 for none. A text has none.
    watch : Watch, optional
        Who hears of a network's training, and where it leaves checkpoints.
    progress : callable, optional
        Called with a stage's name and the share of it that is done.

    Raises
    ------
    ConfigError
        If an argument is out of range.
    DataError
        If the data cannot support training: too few rows or bad outcomes, one outcome
        in a part, or a model that ranks the wrong way round.
    """
    shares = {"holdout_share": holdout_share, "calibration_share": calibration_share}
    split = split_rows(frame, contract, seed=seed, **shares)
    recipe = _Recipe(algorithm, seed, n_resamples, progress or _silent, watch)
    with bounded_threads(len(frame) * len(contract.features)):
        parts = _Parts(frame, contract, split)
        search, used = _chosen(parts, recipe, search_trials, search_minutes, parameters)
        model = _fitted_model(parts, algorithm, used, recipe)
        found = _measured(model, parts, recipe)
        folded = _folded(frame, contract, recipe, used, folds)
    return Fitted(
        contract=contract,
        algorithm=algorithm,
        parameters=used,
        seed=seed,
        pipeline=model.pipeline,
        calibrator=model.calibrator,
        threshold=cost_threshold(contract.decision.costs),
        empirical_threshold=_empirical_threshold(model, parts),
        split=split,
        holdout_labels=parts.holdout[1],
        cross_validated_auc=folded,
        search=search,
        **found,
    )


def _chosen(
    parts: _Parts,
    recipe: _Recipe,
    trials: int,
    minutes: float,
    parameters: Parameters | None,
) -> tuple[Search | None, Parameters]:
    """Return the search and what the estimator is made with."""
    search = _search(parts, recipe, trials, minutes)
    chosen = search.parameters if search else parameters or {}
    return search, {**DEFAULTS[recipe.algorithm], **chosen}


@dataclass(frozen=True, slots=True)
class _Recipe:
    algorithm: Algorithm
    seed: int
    n_resamples: int
    tell: Progress
    watch: Watch | None = None


@dataclass(frozen=True, slots=True)
class _Model:
    pipeline: Pipeline
    calibrator: Calibrator

    def probabilities(self, matrix: Floats) -> Floats:
        return self.calibrator.probabilities(log_odds_of_matrix(self.pipeline, matrix))


class _OnHoldout(TypedDict):
    """What `Fitted` holds of the holdout."""

    holdout_probabilities: Floats
    evaluation: Evaluation
    baseline: Evaluation
    over_baseline: dict[str, Interval]
    slices: tuple[SliceMetrics, ...]
    importance: dict[str, Interval]


class _Parts:
    """Design matrix and labels of each part of a split."""

    def __init__(self, frame: pd.DataFrame, contract: Contract, split: Split) -> None:
        self.contract = contract
        self.names = [field.name for field in contract.features]
        times = event_times(frame, contract)
        self.train_times = None if times is None else times[split.train]
        labels = frame[contract.label.field].to_numpy(np.float64, na_value=np.nan)

        def part(rows: Rows) -> tuple[Floats, Floats]:
            return design_matrix(frame.iloc[rows], contract)[0], labels[rows]

        self.train = part(split.train)
        self.calibration = part(split.calibration)
        self.holdout = part(split.holdout)
        protected = [field.name for field in contract.with_role("protected")]
        known = [name for name in protected if name in frame.columns]
        self.holdout_protected = frame[known].iloc[split.holdout]


def _fitted_model(
    parts: _Parts, algorithm: Algorithm, parameters: Parameters, recipe: _Recipe
) -> _Model:
    recipe.tell("fit", 0.0)
    pipeline = unfitted_pipeline(
        algorithm, parts.contract, parameters, seed=recipe.seed, watch=recipe.watch
    )
    fitted_on_matrix(pipeline, *parts.train)
    matrix, labels = parts.calibration
    calibrator = logistic_calibration(log_odds_of_matrix(pipeline, matrix), labels)
    recipe.tell("fit", 1.0)
    return _Model(pipeline, calibrator)


def _empirical_threshold(model: _Model, parts: _Parts) -> float:
    matrix, labels = parts.calibration
    costs = parts.contract.decision.costs
    return empirical_threshold(model.probabilities(matrix), labels, costs)[0]


def _search(parts: _Parts, recipe: _Recipe, trials: int, minutes: float) -> Search | None:
    if not (trials or minutes):
        return None
    if recipe.algorithm in (*KINDS, *TEXT_ALGORITHMS):
        raise ConfigError(
            f"{recipe.algorithm} has no search; set its parameters, or leave "
            "search_trials and search_minutes at 0"
        )
    return searched_parameters(
        *parts.train,
        parts.train_times,
        parts.contract,
        algorithm=recipe.algorithm,
        seed=recipe.seed,
        trials=trials,
        minutes=minutes,
        progress=recipe.tell,
    )


def _folded(
    frame: pd.DataFrame,
    contract: Contract,
    recipe: _Recipe,
    parameters: Parameters,
    folds: int,
) -> Interval | None:
    if not folds or contract.free_text is not None:  # folds part equal texts
        return None
    return cross_validated_auc(
        frame,
        contract,
        folds=folds,
        seed=recipe.seed,
        algorithm=recipe.algorithm,
        parameters=parameters,
        progress=recipe.tell,
    )


def _measured(model: _Model, parts: _Parts, recipe: _Recipe) -> _OnHoldout:
    threshold = cost_threshold(parts.contract.decision.costs)
    matrix, labels = parts.holdout
    baseline = model
    simple = plain_algorithm(parts.contract)
    if recipe.algorithm != simple:
        plain = _Recipe(simple, recipe.seed, recipe.n_resamples, _silent)
        baseline = _fitted_model(parts, simple, DEFAULTS[simple], plain)
    ours, theirs = model.probabilities(matrix), baseline.probabilities(matrix)
    recipe.tell("baseline", 1.0)
    shared: dict[str, Any] = {
        "costs": parts.contract.decision.costs,
        "n_resamples": recipe.n_resamples,
    }

    def stream(number: int) -> np.random.Generator:
        return np.random.default_rng([recipe.seed, number])

    found = _OnHoldout(
        holdout_probabilities=ours,
        evaluation=evaluate(labels, ours, threshold=threshold, rng=stream(1), **shared),
        baseline=evaluate(labels, theirs, threshold=threshold, rng=stream(1), **shared),
        over_baseline=compare_on_holdout(
            labels,
            theirs,
            ours,
            champion_threshold=threshold,
            challenger_threshold=threshold,
            rng=stream(2),
            **shared,
        ),
        slices=by_slice(
            labels, ours, parts.holdout_protected, parts.contract, threshold=threshold
        ),
        importance=permutation_importance(
            labels, matrix, parts.names, model.probabilities, rng=stream(3)
        ),
    )
    recipe.tell("evaluation", 1.0)
    return found


def _silent(stage: str, share: float) -> None:
    """Report to nobody."""
