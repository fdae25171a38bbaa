"""Groups compared in what is decided about them, and what would treat them closer."""

from assay.evaluation.fairness.alternative import Effect, alternative_effect
from assay.evaluation.fairness.disparity import GroupDisparity, disparities

__all__ = ["Effect", "GroupDisparity", "alternative_effect", "disparities"]
