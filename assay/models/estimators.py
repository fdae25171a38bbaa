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
from assay.encoders.decoder_shape import DECODER_DEFAULTS
from assay.encoders.encoder import (
    SHIPPED_ENCODER,
    DecoderClassifier,
    EncoderClassifier,
)
from assay.encoders.shape import TEXT_DEFAULTS
from assay.encoders.words import WordClassifier
from assay.errors import ConfigError
from assay.features import DesignMatrix
from assay.networks.parameters import KINDS, NETWORK_DEFAULTS, Kind
from assay.networks.watching import Watch

Algorithm: TypeAlias = Literal[
    "boosting",
    "logistic",
    "residual_network",
    "network_ensemble",
    "expert_network",
    "words",
    "text_encoder",
    "text_decoder",
]
TextAlgorithm: TypeAlias = Literal["words", "text_encoder", "text_decoder"]
Floats: TypeAlias = NDArray[np.float64]
Parameters: TypeAlias = dict[str, float | int | str]

TEXT_ALGORITHMS: tuple[TextAlgorithm, ...] = ("words", "text_encoder", "text_decoder")
"""What reads the one text of a contract; all others read numbers and categories."""

ALGORITHMS: tuple[Algorithm, ...] = ("boosting", "logistic", *KINDS, *TEXT_ALGORITHMS)

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
    "residual_network": NETWORK_DEFAULTS["residual_network"],
    "network_ensemble": NETWORK_DEFAULTS["network_ensemble"],
    "expert_network": NETWORK_DEFAULTS["expert_network"],
    "words": {"strength": 10.0, "most_words": 2, "fewest_texts": 2},
    "text_encoder": {"encoder": SHIPPED_ENCODER, **TEXT_DEFAULTS},
    "text_decoder": DECODER_DEFAULTS,
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
    parameters: Mapping[str, float | int | str] | None = None,
    *,
    seed: int = 0,
    watch: Watch | None = None,
) -> Pipeline:
    """Return the pipeline from a typed frame to log-odds and probabilities.

    Parameters
    ----------
    algorithm : str
        One of `ALGORITHMS`. Boosting is scikit-learn's HistGradientBoostingClassifier
        without early stopping (its validation rows would be a shuffled part, also where
        rows have a time).
    contract : Contract
        Names the features.
    parameters : mapping, optional
        Take the place of the algorithm's `DEFAULTS`, key by key.
    seed : int
        Of the sampled features and bins of boosting, of all that a network draws.
    watch : Watch, optional
        Who hears of a network's training, and where it leaves checkpoints.

    Raises
    ------
    ConfigError
        If the algorithm or a parameter's name is not known, or the algorithm does not
        read what the contract's features are.
    """
    chosen = _checked(algorithm, contract, parameters or {})
    matrix = ("matrix", DesignMatrix(contract))
    if algorithm == "boosting":
        classifier = HistGradientBoostingClassifier(
            **chosen, early_stopping=False, categorical_features=None, random_state=seed
        )
        return Pipeline([matrix, ("classifier", classifier)])
    if algorithm == "words":
        return Pipeline([matrix, ("classifier", WordClassifier(**chosen))])
    if algorithm == "text_encoder":
        return Pipeline([matrix, ("classifier", EncoderClassifier(chosen, seed))])
    if algorithm == "text_decoder":
        return Pipeline([matrix, ("classifier", DecoderClassifier(chosen, seed))])
    if algorithm in KINDS:
        network = _network(algorithm, contract, chosen, seed)
        network.set_params(watch=watch)
        return Pipeline([matrix, ("classifier", network)])
    return Pipeline(
        [
            matrix,
            ("columns", LinearColumns(_category_codes(contract))),
            ("classifier", LogisticRegression(solver="newton-cholesky", **chosen)),
        ]
    )


def _checked(
    algorithm: Algorithm, contract: Contract, parameters: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what an estimator is made with, its defaults included."""
    known = DEFAULTS.get(algorithm)
    if known is None:
        raise ConfigError(
            f"no algorithm {algorithm!r}; there are: {', '.join(ALGORITHMS)}"
        )
    unknown = sorted(set(parameters) - set(known))
    if unknown:
        raise ConfigError(
            f"{algorithm} has no parameter {', '.join(unknown)}; it has: "
            f"{', '.join(known)}"
        )
    _check_reads(algorithm, contract)
    return {**known, **parameters}


def plain_algorithm(contract: Contract) -> Algorithm:
    """Return the plainest algorithm for a contract: the baseline of all others."""
    return "logistic" if contract.free_text is None else "words"


def _check_reads(algorithm: Algorithm, contract: Contract) -> None:
    reads_text = algorithm in TEXT_ALGORITHMS
    if reads_text != (contract.free_text is not None):
        able = [name for name in ALGORITHMS if (name in TEXT_ALGORITHMS) != reads_text]
        raise ConfigError(
            f"{algorithm} reads {'a text' if reads_text else 'numbers and categories'}, "
            f"the features of {contract.name!r} are others; use {', '.join(able)}"
        )


def _network(
    kind: Kind, contract: Contract, parameters: dict[str, Any], seed: int
) -> BaseEstimator:
    from assay.networks.classifier import NetworkClassifier

    return NetworkClassifier(
        kind,
        parameters,
        _category_codes(contract),
        in_time=contract.event_time is not None,
        seed=seed,
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
