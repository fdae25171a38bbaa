"""The gate: how probably the evidence answers, and why not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from assay.errors import ConfigError
from assay.retrieval.search.evidence import GATE_FEATURES, gate_features
from assay.retrieval.search.features import Candidates
from assay.retrieval.words.tokens import words

Floats = NDArray[np.float64]

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
        Intercept, features and products of two features in the order of `gate_design`.
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
        design = gate_design((rows - self.centre) / self.spread)
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
        squared = ((away @ self.style_precisions) * away).sum(axis=2)
        return np.asarray(squared.min(axis=0))

    def decide(
        self,
        found: Candidates,
        order: Sequence[int],
        scores: ArrayLike,
        said: Iterable[str],
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
        said : iterable of str
            Texts, titles and headings of the leading evidence, for the check that the
            periods asked about occur in it; read no further than one of them is found.
        """
        probability = float(self.probability(gate_features(found, order, scores))[0])
        refusals: list[Refusal] = []
        asked = {str(year) for year in found.asked.years}
        # Whole words: the 19 of "$1,197" is no evidence about 2019.
        found_there = not asked or any(asked & set(words(text)) for text in said)
        missing = [] if found_there else sorted(asked)
        if missing:
            refusals.append(Refusal.PERIOD_NOT_IN_DOCUMENTS)
        if probability < self.threshold:
            refusals.append(Refusal.WEAK_EVIDENCE)
        return GateDecision(probability, self.threshold, tuple(refusals), tuple(missing))


def gate_design(rows: Floats) -> Floats:
    """Return intercept, features and products of two features, one row a question.

    Parameters
    ----------
    rows : ndarray of shape (n_questions, n)
        Standardised features.

    Returns
    -------
    ndarray of shape (n_questions, 1 + n + n (n + 1) / 2)
    """
    # Cut at four deviations: a product of two far values would decide alone.
    rows = np.clip(rows, -4, 4)
    first, second = _pairs(rows.shape[1])
    return np.concatenate(
        [np.ones((rows.shape[0], 1)), rows, rows[:, first] * rows[:, second]], axis=1
    )


@cache
def _pairs(n: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    first, second = np.triu_indices(n)
    return first, second
