"""Regression discontinuity: a rule with a cutoff, and those just beside it."""

from assay.causal.discontinuity.bandwidth import Bandwidths, select_bandwidths
from assay.causal.discontinuity.cells import Sample, fold
from assay.causal.discontinuity.checks import Check
from assay.causal.discontinuity.contrast import Columns, Noise
from assay.causal.discontinuity.density import DensityJump, density_jump
from assay.causal.discontinuity.design import Discontinuity, fuzzy_jump, sharp_jump
from assay.causal.discontinuity.jump import Jump, LocalSpec, local_jump
from assay.causal.discontinuity.window import (
    WindowJump,
    bootstrap_interval,
    resampled_jumps,
    window_jump,
)

__all__ = [
    "Bandwidths",
    "Check",
    "Columns",
    "DensityJump",
    "Discontinuity",
    "Jump",
    "LocalSpec",
    "Noise",
    "Sample",
    "WindowJump",
    "bootstrap_interval",
    "density_jump",
    "fold",
    "fuzzy_jump",
    "local_jump",
    "resampled_jumps",
    "select_bandwidths",
    "sharp_jump",
    "window_jump",
]
