"""Difference-in-differences: two groups, staggered cohorts, and how far to trust them."""

from assay.causal.differences.bacon import Decomposition, bacon_decomposition
from assay.causal.differences.event_study import EventStudy, event_study
from assay.causal.differences.fixed_effects import FixedEffects, fixed_effects
from assay.causal.differences.group_time import GroupTime, group_time_effects
from assay.causal.differences.honest import (
    Honest,
    honest_event_study,
    honest_intervals,
)
from assay.causal.differences.imputation import Imputation, imputed_effects
from assay.causal.differences.interaction import (
    InteractionWeighted,
    interaction_weighted,
)
from assay.causal.differences.two_by_two import TwoByTwo, two_by_two
from assay.causal.differences.wild import WildBootstrap, wild_bootstrap

__all__ = [
    "Decomposition",
    "EventStudy",
    "FixedEffects",
    "GroupTime",
    "Honest",
    "Imputation",
    "InteractionWeighted",
    "TwoByTwo",
    "WildBootstrap",
    "bacon_decomposition",
    "event_study",
    "fixed_effects",
    "group_time_effects",
    "honest_event_study",
    "honest_intervals",
    "imputed_effects",
    "interaction_weighted",
    "two_by_two",
    "wild_bootstrap",
]
