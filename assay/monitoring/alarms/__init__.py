"""Alarms calibrated for the rows of a window, the reference and the features."""

from assay.monitoring.alarms.null import psi_p_value, psi_quantile
from assay.monitoring.alarms.policy import (
    Alarm,
    AlarmPolicy,
    customary_band,
    decide_alarms,
    rejected,
)

__all__ = [
    "Alarm",
    "AlarmPolicy",
    "customary_band",
    "decide_alarms",
    "psi_p_value",
    "psi_quantile",
    "rejected",
]
