"""A fitted model with the evidence about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from assay.bundle.tokens import TOLERANCES
from assay.contract import Contract
from assay.evaluation import Evaluation, Interval
from assay.evaluation.slices import SliceMetrics
from assay.features import design_matrix
from assay.models.calibration import Calibrator, decisions
from assay.models.estimators import Algorithm, Parameters, log_odds_of_matrix
from assay.models.graph import onnx_graph
from assay.models.parity import LIMIT
from assay.models.search import Search
from assay.models.split import Split
from assay.networks.parameters import KINDS

Floats: TypeAlias = NDArray[np.float64]

LEARNED_READERS = ("text_encoder", "text_decoder")
"""What computes in float32, in torch and in its graph."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """A fitted model and the evidence about it. Made by `fit_challenger`.

    Attributes
    ----------
    contract : Contract
        What it was fitted under.
    algorithm : str
        One of `ALGORITHMS`.
    parameters : dict
        What its estimator was made with.
    seed : int
        Of every random choice.
    pipeline : Pipeline
        From a typed frame to log-odds.
    calibrator : Calibrator
        From log-odds to probabilities.
    threshold : float in (0, 1)
        Of least cost for calibrated probabilities.
    empirical_threshold : float
        Of least cost on the calibration rows, for comparison.
    split : Split
        Row positions by use.
    holdout_labels, holdout_probabilities : ndarray of shape (n_holdout,)
        In the order of ``split.holdout``.
    evaluation, baseline : Evaluation
        On the holdout: this model, and a logistic regression on the same split.
    over_baseline : dict of str to Interval
        This model minus the baseline, paired.
    cross_validated_auc : Interval or None
        Over folds of all labelled rows; None where no folds were asked for.
    slices : tuple of SliceMetrics
        Groups of protected fields on the holdout.
    importance : dict of str to Interval
        AUC lost by each feature on the holdout, largest first.
    search : Search or None
        What was tried, where a budget was given.
    """

    contract: Contract
    algorithm: Algorithm
    parameters: Parameters
    seed: int
    pipeline: Pipeline
    calibrator: Calibrator
    threshold: float
    empirical_threshold: float
    split: Split
    holdout_labels: Floats
    holdout_probabilities: Floats
    evaluation: Evaluation
    baseline: Evaluation
    over_baseline: dict[str, Interval]
    cross_validated_auc: Interval | None
    slices: tuple[SliceMetrics, ...]
    importance: dict[str, Interval]
    search: Search | None

    def probabilities(self, frame: pd.DataFrame) -> Floats:
        """Return calibrated probabilities of label 1 for typed rows, (n_rows,)."""
        matrix, _ = design_matrix(frame, self.contract)
        log_odds = log_odds_of_matrix(self.pipeline, matrix)
        return self.calibrator.probabilities(log_odds)

    def decisions(self, frame: pd.DataFrame) -> NDArray[np.bool_]:
        """Return True where the contract's positive action is taken, (n_rows,)."""
        return decisions(self.probabilities(frame), self.threshold)

    @property
    def more_libraries(self) -> tuple[str, ...]:
        """Libraries that shaped it beyond those that shape every model."""
        if self.algorithm in LEARNED_READERS:
            return ("torch", "transformers", "tokenizers")
        if self.algorithm == "words":
            return ("tokenizers",)
        return ("torch",) if self.algorithm in KINDS else ()

    @property
    def parity_limit(self) -> float:
        """How far its graph may be from it, in probability: an encoder has float32."""
        return TOLERANCES["float32"] if self.algorithm in LEARNED_READERS else LIMIT

    def graph(self) -> bytes:
        """Return the model as an ONNX graph, see `onnx_graph`."""
        return onnx_graph(self.pipeline, self.calibrator, self.contract)
