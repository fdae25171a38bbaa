"""Effects of what people chose or were given by visible rules: propensity designs."""

from assay.causal.propensity.bootstrap import Resamples, resampled_effects
from assay.causal.propensity.effects import (
    doubly_robust_effect,
    matched_effect,
    weighted_effect,
)
from assay.causal.propensity.overlap import crump_edge
from assay.causal.propensity.result import PropensityResult
from assay.causal.propensity.sensitivity import (
    EValue,
    OsterDelta,
    RosenbaumBounds,
    e_value,
    e_value_of_difference,
    oster_delta,
    rosenbaum_bounds,
)

__all__ = [
    "EValue",
    "OsterDelta",
    "PropensityResult",
    "Resamples",
    "RosenbaumBounds",
    "crump_edge",
    "doubly_robust_effect",
    "e_value",
    "e_value_of_difference",
    "matched_effect",
    "oster_delta",
    "resampled_effects",
    "rosenbaum_bounds",
    "weighted_effect",
]
