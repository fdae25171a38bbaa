"""What may be read of a withheld result without learning its number."""

from __future__ import annotations

import dataclasses
import re

import numpy as np

from assay.causal.assumptions import Assumption
from assay.causal.estimate import CausalResult

DISCREET_FIGURES = ("balance", "overlap", "first_stage", "density")
"""Figures that say why a number is withheld and nothing of the number."""

DISCREET_DIAGNOSTICS = frozenset(
    {
        "autocorrelation_p_value", "block_autocorrelation", "carryover_p_value",
        "classical_f",
        "covariate_balance_p_value", "critical_f", "curvature_p_value",
        "degrees_of_freedom", "density_p_value", "design_effect", "discrimination",
        "donor_noise_share",
        "donors_used", "effective_donors", "effective_f", "effective_matches",
        "effective_share", "effective_treated", "effective_untreated",
        "first_autocorrelation", "intra_cluster_correlation", "lags",
        "largest_difference_adjusted", "largest_difference_raw", "largest_distance",
        "largest_weight_share", "left_out_share", "negative_weight_share",
        "overlap_share", "partial_r_squared", "placebo_significant_share", "pre_trend_f",
        "pre_trend_p_value", "pre_trend_slope_p_value", "rmspe_pre",
        "smallest_cohort", "variance_removed_share",
    }
)  # fmt: skip
"""Diagnostics that may be read without learning the number, besides the counts."""

_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")


def discreet_diagnostics(result: CausalResult) -> dict[str, float]:
    """Return the counts and the diagnostics that do not repeat the number."""
    return {
        name: float(value)
        for name, value in result.diagnostics.items()
        if name.startswith("n_") or name in DISCREET_DIAGNOSTICS
    }


def discreet_assumptions(result: CausalResult) -> tuple[Assumption, ...]:
    """Return the assumptions, number and interval blotted out of what they say."""
    estimate = result.estimate
    secrets = [estimate.value, estimate.standard_error, *estimate.interval]

    def blot(match: re.Match[str]) -> str:
        return "(withheld)" if tells(match.group(), secrets) else match.group()

    # What an untestable one advises tells how strong a hidden cause would have to be,
    # and from that the number can be had.
    return tuple(
        dataclasses.replace(
            one,
            finding=_NUMBER.sub(blot, one.finding),
            advice=_NUMBER.sub(blot, one.advice) if one.tested else "",
        )
        for one in result.assumptions
    )


def tells(text: str, secrets: list[float]) -> bool:
    """Tell whether a number is one of the secrets, rounded to at least three digits."""
    digits = len(text.lower().partition("e")[0].replace(".", "").strip("+-").lstrip("0"))
    if digits < 3:
        return False
    value = abs(float(text))
    return any(
        np.isfinite(secret) and value == abs(float(f"{secret:.{digits}g}"))
        for secret in secrets
    )
