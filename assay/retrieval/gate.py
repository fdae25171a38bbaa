"""The gate: how probably the evidence answers, and why not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from assay.errors import ConfigError, DataError
from assay.retrieval.evidence import GATE_FEATURES, gate_features
from assay.retrieval.features import Candidates

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
_GENERAL_SHARE = 0.3
# Squared distances of known styles have mean 20, one for each feature.
_STRANGE, _STRANGE_STEP = 40.0, 4.0


class Refusal(StrEnum):
    """Why no answer is given."""

    WEAK_EVIDENCE = "weak_evidence"
    ENTITY_NOT_IN_DOCUMENTS = "entity_not_in_documents"
    PERIOD_NOT_IN_DOCUMENTS = "period_not_in_documents"
    UNSUPPORTED_ANSWER = "unsupported_answer"
    UNSAFE_QUESTION = "unsafe_question"


@dataclass(frozen=True, slots=True)
class GateDecision:
    """Whether the evidence answers the question.

    Attributes
    ----------
    probability : float
        Calibrated probability that the evidence answers, in [0, 1].
    threshold : float
        Least probability that passes.
    refusals : tuple of Refusal
        Every reason against an answer; empty if it passes.
    missing : tuple of str
        Names and periods that the question asks about and the evidence lacks.
    """

    probability: float
    threshold: float
    refusals: tuple[Refusal, ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def passes(self) -> bool:
        """True when nothing speaks against an answer."""
        return not self.refusals


@dataclass(frozen=True, slots=True)
class Gate:
    """Two logistic regressions: one for known styles of questions, one for any.

    The first has all features and their products and is sharp where a question is like
    those that it was calibrated on. The second has few features, none of which may count
    against an answer, and takes over as a question leaves the known styles.

    Attributes
    ----------
    centre, spread : ndarray of shape (len(GATE_FEATURES),)
        Mean and standard deviation of each feature in calibration.
    weights : ndarray of shape (1 + n + n (n + 1) / 2,)
        Intercept, features and products of two features in the order of `_design`.
    general : ndarray of shape (1 + n,)
        Intercept and features of the regression for any style.
    style_centres : ndarray of shape (n_styles, n)
        Mean of each style that the gate was calibrated on.
    style_precisions : ndarray of shape (n_styles, n, n)
        Inverse covariance of each style.
    threshold : float
        Least probability that passes.
    """

    centre: Floats
    spread: Floats
    weights: Floats
    general: Floats
    style_centres: Floats
    style_precisions: Floats
    threshold: float

    def __post_init__(self) -> None:
        n = len(GATE_FEATURES)
        if self.centre.shape != (n,) or self.weights.size != 1 + n + n * (n + 1) // 2:
            raise ConfigError(
                f"the gate was fitted to {self.centre.size} features, not {n}; "
                "calibrate it again with this version"
            )

    def probability(self, features: ArrayLike) -> Floats:
        """Return the probability of an answer for rows of gate features."""
        rows = np.atleast_2d(np.asarray(features, dtype=np.float64))
        design = _design((rows - self.centre) / self.spread)
        strange = 1 / (1 + np.exp(-(self.strangeness(rows) - _STRANGE) / _STRANGE_STEP))
        # A little of the general regression always: it never errs by much.
        share = (_GENERAL_SHARE + strange) / (1 + _GENERAL_SHARE)
        known = np.clip(design @ self.weights, -14, 14)
        logits = (1 - share) * known + share * (
            design[:, : rows.shape[1] + 1] @ self.general
        )
        return np.asarray(1 / (1 + np.exp(-np.clip(logits, -30, 30))))

    def strangeness(self, features: ArrayLike) -> Floats:
        """Return the squared Mahalanobis distance to the nearest known style.

        About the number of features for a question of a known style.
        """
        rows = np.atleast_2d(np.asarray(features, dtype=np.float64))
        away = rows[None] - self.style_centres[:, None]
        squared = np.einsum("sij,sjk,sik->si", away, self.style_precisions, away)
        return np.asarray(squared.min(axis=0))

    def decide(
        self, found: Candidates, order: Sequence[int], scores: ArrayLike, text: str
    ) -> GateDecision:
        """Judge the evidence of one question.

        Parameters
        ----------
        found : Candidates
            What the search brought up.
        order : sequence of int
            Its candidates, best first.
        scores : array-like of shape (n_candidates,)
            The reranker's scores.
        text : str
            Text, titles and headings of the leading evidence, for the check that the
            periods asked about occur in it.
        """
        probability = float(self.probability(gate_features(found, order, scores))[0])
        refusals: list[Refusal] = []
        missing = [str(year) for year in sorted(found.asked.years)]
        missing = [year for year in missing if year not in text and year[2:] not in text]
        if found.asked.years and len(missing) == len(found.asked.years):
            refusals.append(Refusal.PERIOD_NOT_IN_DOCUMENTS)
        else:
            missing = []
        if probability < self.threshold:
            refusals.append(Refusal.WEAK_EVIDENCE)
        return GateDecision(probability, self.threshold, tuple(refusals), tuple(missing))


def fit_gate(
    features: ArrayLike,
    answerable: ArrayLike,
    *,
    styles: ArrayLike | None = None,
    sample_weight: ArrayLike | None = None,
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
    penalty : float
        Ridge penalty on the weights, intercept apart, per question weight.
    false_refusals : float
        Share of the answerable questions that the threshold refuses.

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
    style = np.zeros(label.size) if styles is None else np.asarray(styles)
    centre, spread = _centre_and_spread(rows)
    design = _design((rows - centre) / spread)
    linear = design[:, : rows.shape[1] + 1]
    bounds = [(None, None)] + [
        (0.0, None if name in _GENERAL else 0.0) for name in GATE_FEATURES
    ]
    known = [rows[style == name] for name in np.unique(style)]
    # A trace of the whole spread keeps the inverse of a thin style finite.
    ridge = 1e-4 * np.diag(rows.var(axis=0) + 1e-9)
    gate = Gate(
        centre=centre,
        spread=spread,
        weights=_logistic(design, label, weight, penalty, None),
        general=_logistic(linear, label, weight, penalty, bounds),
        style_centres=np.stack([one.mean(axis=0) for one in known]),
        style_precisions=np.stack(
            [np.linalg.inv(np.cov(one, rowvar=False) + ridge) for one in known]
        ),
        threshold=0.5,
    )
    passing = np.sort(gate.probability(rows[label == 1]))
    return replace(gate, threshold=float(passing[int(false_refusals * passing.size)]))


def _centre_and_spread(rows: Floats) -> tuple[Floats, Floats]:
    spread = rows.std(axis=0)
    return rows.mean(axis=0), np.where(spread > 1e-9, spread, 1.0)


def _logistic(
    design: Floats,
    label: Floats,
    weight: Floats,
    penalty: float,
    bounds: Sequence[tuple[float | None, float | None]] | None,
) -> Floats:
    from scipy.optimize import minimize

    ridge = np.full(design.shape[1], penalty)
    ridge[0] = 0.0

    def loss(weights: Floats) -> tuple[float, Floats]:
        logits = design @ weights
        value = weight @ (np.logaddexp(0, logits) - label * logits)
        error = weight * (1 / (1 + np.exp(-np.clip(logits, -30, 30))) - label)
        slope = design.T @ error + ridge * weights
        return float(value + 0.5 * ridge @ weights**2), slope

    found = minimize(
        loss,
        np.zeros(design.shape[1]),
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options={"maxiter": 500},
    )
    return np.asarray(found.x, dtype=np.float64)


def _design(rows: Floats) -> Floats:
    # Cut at four deviations: a product of two far values would decide alone.
    rows = np.clip(rows, -4, 4)
    first, second = np.triu_indices(rows.shape[1])
    return np.concatenate(
        [np.ones((rows.shape[0], 1)), rows, rows[:, first] * rows[:, second]], axis=1
    )
