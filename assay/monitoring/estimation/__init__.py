"""Performance before labels are known, and when nothing can be told."""

from assay.monitoring.estimation.performance import (
    Estimate,
    estimate_performance,
    expected_auc,
)
from assay.monitoring.estimation.recalibration import (
    CALIBRATION,
    Recalibration,
    fit_recalibration,
    read_recalibration,
    recalibration_bytes,
)

__all__ = [
    "CALIBRATION",
    "Estimate",
    "Recalibration",
    "estimate_performance",
    "expected_auc",
    "fit_recalibration",
    "read_recalibration",
    "recalibration_bytes",
]
