"""Synthetic control and its relatives: donors weighted to stand in for the treated."""

from assay.causal.synthetic.augmented import Augmented, augmented_control
from assay.causal.synthetic.bootstrap import bootstrap_interval, resampled_atts
from assay.causal.synthetic.conformal import conformal_interval, conformal_p_values
from assay.causal.synthetic.control import (
    SyntheticControl,
    fit_weights,
    synthetic_control,
)
from assay.causal.synthetic.panel_design import synthetic_difference_in_differences
from assay.causal.synthetic.penalised import Penalised, penalised_control
from assay.causal.synthetic.placebo import (
    LeftOut,
    SpacePlacebos,
    leave_one_out,
    placebo_in_space,
    placebo_in_time,
)
from assay.causal.synthetic.predictors import PredictorFit, predictor_fit
from assay.causal.synthetic.series import Cells, Series, read_cells, read_series
from assay.causal.synthetic.simplex import (
    SimplexBatch,
    SimplexFit,
    simplex_batch,
    simplex_fit,
)
from assay.causal.synthetic.tuned import TunedControl, TunedWeights
from assay.causal.synthetic.weighted_differences import (
    WeightedDifferences,
    synthetic_differences,
)

__all__ = [
    "Augmented",
    "Cells",
    "LeftOut",
    "Penalised",
    "PredictorFit",
    "Series",
    "SimplexBatch",
    "SimplexFit",
    "SpacePlacebos",
    "SyntheticControl",
    "TunedControl",
    "TunedWeights",
    "WeightedDifferences",
    "augmented_control",
    "bootstrap_interval",
    "conformal_interval",
    "conformal_p_values",
    "fit_weights",
    "leave_one_out",
    "penalised_control",
    "placebo_in_space",
    "placebo_in_time",
    "predictor_fit",
    "read_cells",
    "read_series",
    "resampled_atts",
    "simplex_batch",
    "simplex_fit",
    "synthetic_control",
    "synthetic_difference_in_differences",
    "synthetic_differences",
]
