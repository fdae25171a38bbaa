"""Did it cause that? Designs, the assumptions they rest on, and a verdict on each.

Each design lives in its own sub-package and is imported from there, so that a caller
pays only for the libraries of the design in use::

    from assay.causal.differences import two_by_two
    from assay.causal.synthetic import synthetic_control
    from assay.causal.discontinuity import sharp_jump

This module holds only what every design shares.
"""

from assay.causal.assumptions import THRESHOLDS, Assumption, Threshold, Verdict, verdict
from assay.causal.estimate import (
    CausalResult,
    Estimate,
    normal_estimate,
    student_estimate,
)
from assay.causal.panel import Panel, read_panel

__all__ = [
    "THRESHOLDS",
    "Assumption",
    "CausalResult",
    "Estimate",
    "Panel",
    "Threshold",
    "Verdict",
    "normal_estimate",
    "read_panel",
    "student_estimate",
    "verdict",
]
