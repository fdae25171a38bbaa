"""Difference in means of a randomised experiment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import comb
from typing import TYPE_CHECKING

import pandas as pd

from assay.causal.assumptions import Assumption
from assay.causal.estimate import Estimate, student_estimate
from assay.causal.experiments.arms import (
    Arms,
    no_interference,
    planned_assignment,
    read_arms,
)
from assay.causal.experiments.randomisation import randomisation_p
from assay.causal.panel import binary, numeric, refuse_constant

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, slots=True)
class MeanDifference:
    """Result of :func:`mean_difference`.

    Attributes
    ----------
    estimate : Estimate
        ATE with Welch's error and Satterthwaite's degrees of freedom.
    diagnostics : mapping of str to float
        Means, relative change, and the p value of randomisation inference.
    assumptions : tuple of Assumption
        Assignment as planned, no interference.
    arms : Arms
        What it was computed from.
    """

    estimate: Estimate
    diagnostics: Mapping[str, float]
    assumptions: tuple[Assumption, ...]
    arms: Arms

    def plots(self) -> dict[str, Figure]:
        """Draw both means with their intervals."""
        from assay.causal.experiments.plots import arm_figures

        return arm_figures(self.arms, self.estimate)


def mean_difference(
    frame: pd.DataFrame,
    *,
    outcome: str,
    treated: str,
    treated_share: float | None = None,
    n_draws: int = 0,
    seed: int = 0,
    level: float = 0.95,
    unit: str = "",
) -> MeanDifference:
    """Estimate the ATE of a treatment assigned unit by unit.

    Parameters
    ----------
    frame : DataFrame
        One row a unit. Not changed.
    outcome, treated : str
        Numeric outcome and 0/1 assignment (not take-up).
    treated_share : float, optional
        Planned share of treatment; with it the assignment is checked.
    n_draws : int, default=0
        Re-assignments for randomisation inference; all are enumerated where there
        are no more than that. Zero leaves it out.
    seed : int
        Batch b of re-assignments takes stream b.
    level, unit
        As in :class:`~assay.causal.estimate.Estimate`.

    Raises
    ------
    DataError
        If an arm has fewer than two rows or a column is not usable.

    References
    ----------
    .. [1] G. W. Imbens and D. B. Rubin, *Causal Inference for Statistics, Social, and
       Biomedical Sciences*, 2015, ch. 5 to 7.
    """
    refuse_constant(frame, outcome)
    arms = read_arms(frame, outcome, treated)
    estimate = student_estimate(
        "ate", arms.difference, arms.standard_error, arms.degrees,
        n=int(arms.counts.sum()), level=level, unit=unit,
        method="difference in means, Welch",
    )  # fmt: skip
    diagnostics = {
        "mean_control": float(arms.means[0]),
        "mean_treated": float(arms.means[1]),
        "relative_change": arms.difference / float(arms.means[0])
        if arms.means[0]
        else float("nan"),
        "degrees_of_freedom": arms.degrees,
    }
    if n_draws:
        y, arm = numeric(frame, outcome), binary(frame, treated)
        diagnostics["randomisation_p_value"] = randomisation_p(
            y, arm, n_draws=n_draws, seed=seed
        )
        n, n_treated = int(arms.counts.sum()), int(arms.counts[1])
        diagnostics["randomisation_enumerated"] = float(comb(n, n_treated) <= n_draws)
    assignment = planned_assignment(arms.counts, treated_share)
    return MeanDifference(estimate, diagnostics, (assignment, no_interference()), arms)
