"""Performance before labels are known, and when nothing can be told."""

from assay.monitoring.estimation.performance import (
    Estimate,
    estimate_performance,
    expected_auc,
)
from assay.monitoring.estimation.recalibration import Recalibration, fit_recalibration

__all__ = [
    "Estimate",
    "Recalibration",
    "estimate_performance",
    "expected_auc",
    "fit_recalibration",
]
