"""The gate's weights, learned from questions that the index answers or not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from assay.errors import DataError
from assay.retrieval.search.evidence import GATE_FEATURES
from assay.retrieval.search.gate import Gate, gate_design

Floats = NDArray[np.float64]

_GENERAL = frozenset(
    [
        "dense_best",
        "dense_first",
        "lexical_best",
        "lexical_first",
        "coverage_best",
        "coverage_first",
        "coverage_together",
        "coverage_sentence",
        "pairs_best",
        "seen_share",
    ]
)
# Only general features may count, and none against an answer.
_BOUNDS = [(None, None)] + [
    (0.0, None if name in _GENERAL else 0.0) for name in GATE_FEATURES
]


def fit_gate(
    features: ArrayLike,
    answerable: ArrayLike,
    *,
    styles: ArrayLike | None = None,
    sample_weight: ArrayLike | None = None,
    general_weight: ArrayLike | None = None,
    penalty: float = 10.0,
    false_refusals: float = 0.05,
) -> Gate:
    """Learn the gate from judged questions.

    Parameters
    ----------
    features : array-like of shape (n_questions, len(GATE_FEATURES))
        See `gate_features`.
    answerable : array-like of bool of shape (n_questions,)
        Whether the index answers the question.
    styles : array-like of shape (n_questions,), optional
        Name of the index or style that each question belongs to; one style if None.
    sample_weight : array-like of shape (n_questions,), optional
        Weights with mean 1; the same for all if None.
    general_weight : array-like of shape (n_questions,), optional
        Weights with mean 1 in the regression for any style, whose questions are best
        those that differ in nothing but whether the index holds their documents;
        `sample_weight` if None.
    penalty : float
        Ridge penalty on the weights, intercept apart, per question weight.
    false_refusals : float
        Share of the answerable questions, by `sample_weight`, that the threshold refuses.

    Raises
    ------
    DataError
        If a kind of question is missing.
    """
    rows = np.asarray(features, dtype=np.float64)
    label = np.asarray(answerable, dtype=np.float64)
    if not 0 < label.sum() < label.size:
        raise DataError(
            f"{int(label.sum())} of {label.size} questions are answerable; calibration "
            "needs both kinds"
        )
    weight = np.ones(label.size) if sample_weight is None else np.asarray(sample_weight)
    general = weight if general_weight is None else np.asarray(general_weight)
    style = np.zeros(label.size) if styles is None else np.asarray(styles)
    centre, spread = _centre_and_spread(rows)
    design = gate_design((rows - centre) / spread)
    centres, precisions = _styles(rows, style)
    gate = Gate(
        centre=centre,
        spread=spread,
        weights=logistic_weights(design, label, weight, penalty, None),
        general=logistic_weights(
            design[:, : rows.shape[1] + 1], label, general, penalty, _BOUNDS
        ),
        style_centres=centres,
        style_precisions=precisions,
        threshold=0.5,
    )
    yes = label == 1
    passing = gate.probability(rows[yes])
    return replace(
        gate, threshold=weighted_quantile(passing, weight[yes], false_refusals)
    )


def _styles(rows: Floats, style: NDArray[Any]) -> tuple[Floats, Floats]:
    known = [rows[style == name] for name in np.unique(style)]
    # A trace of the whole spread keeps the inverse of a thin style finite.
    ridge = 1e-4 * np.diag(rows.var(axis=0) + 1e-9)
    precisions = [np.linalg.inv(np.cov(one, rowvar=False) + ridge) for one in known]
    return np.stack([one.mean(axis=0) for one in known]), np.stack(precisions)


def weighted_quantile(values: Floats, weight: Floats, share: float) -> float:
    """Return the least value below which at most a share of the weight lies."""
    order = np.argsort(values)
    below = np.cumsum(weight[order]) - weight[order]
    at = np.searchsorted(below, share * weight.sum(), side="right") - 1
    return float(values[order[max(int(at), 0)]])


def _centre_and_spread(rows: Floats) -> tuple[Floats, Floats]:
    spread = rows.std(axis=0)
    return rows.mean(axis=0), np.where(spread > 1e-9, spread, 1.0)


def logistic_weights(
    design: Floats,
    label: Floats,
    weight: Floats,
    penalty: float,
    bounds: Sequence[tuple[float | None, float | None]] | None = None,
    prior: Floats | None = None,
) -> Floats:
    """Return the weights of a logistic regression with a ridge.

    Parameters
    ----------
    design : ndarray of shape (n_questions, n_weights)
        See `gate_design`; the first column is the intercept, which has no ridge unless
        there is a `prior`.
    label, weight : ndarray of shape (n_questions,)
        1 for answerable, else 0; weight of each question.
    penalty : float
        Half of the ridge on the squared distance to `prior`.
    bounds : sequence of (low, high), optional
        Of each weight.
    prior : ndarray of shape (n_weights,), optional
        Weights that the ridge pulls to; 0 if None.
    """
    from scipy.optimize import minimize

    aim = np.zeros(design.shape[1]) if prior is None else prior
    ridge = np.full(design.shape[1], penalty)
    ridge[0] = 0.0 if prior is None else 0.1

    def loss(weights: Floats) -> tuple[float, Floats]:
        logits = design @ weights
        value = weight @ (np.logaddexp(0, logits) - label * logits)
        error = weight * (1 / (1 + np.exp(-np.clip(logits, -30, 30))) - label)
        slope = design.T @ error + ridge * (weights - aim)
        return float(value + 0.5 * ridge @ (weights - aim) ** 2), slope

    found = minimize(
        loss,
        aim.copy(),
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options={"maxiter": 500},
    )
    return np.asarray(found.x, dtype=np.float64)
