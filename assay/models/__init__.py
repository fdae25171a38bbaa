"""Fit a challenger, calibrate it, write it as a graph and prove that graph."""

from assay.models.calibration import (
    Calibrator,
    cost_threshold,
    decisions,
    empirical_threshold,
    logistic_calibration,
)
from assay.models.challenger import fit_challenger
from assay.models.cross_validation import cross_validated_auc
from assay.models.estimators import ALGORITHMS, DEFAULTS, Algorithm, unfitted_pipeline
from assay.models.fitted import Fitted
from assay.models.golden import golden_rows
from assay.models.graph import onnx_graph
from assay.models.parity import Parity, check_parity
from assay.models.search import Search
from assay.models.split import Split, split_rows

__all__ = [
    "ALGORITHMS",
    "DEFAULTS",
    "Algorithm",
    "Calibrator",
    "Fitted",
    "Parity",
    "Search",
    "Split",
    "check_parity",
    "cost_threshold",
    "cross_validated_auc",
    "decisions",
    "empirical_threshold",
    "fit_challenger",
    "golden_rows",
    "logistic_calibration",
    "onnx_graph",
    "split_rows",
    "unfitted_pipeline",
]
