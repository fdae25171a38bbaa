"""Effects that differ between rows, and whether their ranking holds."""

from assay.causal.heterogeneity.effect import HeterogeneityResult, heterogeneous_effects
from assay.causal.heterogeneity.learners import effects_of_rows
from assay.causal.heterogeneity.ranking import (
    QiniCurve,
    calibration_slope,
    qini_curve,
    uplift_by_group,
)

__all__ = [
    "HeterogeneityResult",
    "QiniCurve",
    "calibration_slope",
    "effects_of_rows",
    "heterogeneous_effects",
    "qini_curve",
    "uplift_by_group",
]
