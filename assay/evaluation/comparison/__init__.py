"""Two scores on the same rows: AUC by DeLong, shift by PSI; and single features."""

from assay.evaluation.comparison.cost import cost_saved
from assay.evaluation.comparison.delong import auc_gain
from assay.evaluation.comparison.shift import at_the_outcomes, score_shift
from assay.evaluation.comparison.single import feature_auc, shuffled_error

__all__ = [
    "at_the_outcomes",
    "auc_gain",
    "cost_saved",
    "feature_auc",
    "score_shift",
    "shuffled_error",
]
