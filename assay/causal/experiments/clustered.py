"""Experiments that assign clusters: branches, dealers, sessions of one person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from assay.causal.assumptions import Assumption
from assay.causal.differences.cells import Cells, squeeze
from assay.causal.differences.cluster_algebra import grouped
from assay.causal.differences.clusters import judged_clusters
from assay.causal.estimate import Estimate, student_estimate
from assay.causal.experiments.arms import (
    Arms,
    no_interference,
    planned_assignment,
    satterthwaite,
)
from assay.causal.experiments.randomisation import randomisation_p
from assay.causal.panel import Codes, Floats, binary, present
from assay.errors import DataError

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, slots=True)
class ClusterDifference:
    """Result of :func:`cluster_difference`.

    Attributes
    ----------
    estimate : Estimate
        ATE over rows, with errors from the clusters.
    diagnostics : mapping of str to float
        Error if clusters were ignored, design effect, intra-cluster correlation,
        p value of randomisation inference over clusters.
    assumptions : tuple of Assumption
        Clusters, assignment, interference.
    arms : Arms
        Rows, means and squared errors times rows, by arm.
    """

    estimate: Estimate
    diagnostics: Mapping[str, float]
    assumptions: tuple[Assumption, ...]
    arms: Arms

    def plots(self) -> dict[str, Figure]:
        """Draw both means with their intervals."""
        from assay.causal.experiments.plots import arm_figures

        return arm_figures(self.arms, self.estimate)


def cluster_difference(
    frame: pd.DataFrame,
    *,
    outcome: str,
    treated: str,
    cluster: str,
    treated_share: float | None = None,
    n_draws: int = 0,
    seed: int = 0,
    level: float = 0.95,
    unit: str = "",
) -> ClusterDifference:
    """Estimate the ATE of a treatment assigned by cluster.

    Parameters
    ----------
    frame : DataFrame
        One row a unit. Not changed.
    outcome, treated, cluster : str
        Numeric outcome, 0/1 assignment, column of the clusters.
    treated_share : float, optional
        Planned share of clusters in treatment.
    n_draws, seed
        Randomisation inference over clusters, as in ``mean_difference``; it re-assigns
        cluster totals around the pooled mean.
    level, unit
        As in :class:`~assay.causal.estimate.Estimate`.

    Raises
    ------
    DataError
        If a cluster is in both arms, or an arm has fewer than two clusters.

    Notes
    -----
    Each arm's variance is the jackknife over its clusters; degrees of freedom are
    Satterthwaite's with clusters, not rows, as observations. With clusters of equal
    size this is Welch's test on cluster means.
    """
    cells = _cells(frame, outcome, treated, cluster)
    groups = cells.factors[cluster]
    arm = _arm_of_clusters(cells, treated, cluster)
    totals = grouped(np.column_stack([cells.counts, cells.counts * cells.means]), groups)
    sizes, sums = totals.T
    clusters = _clusters_by_arm(arm)
    by_arm = grouped(np.column_stack([sizes, sums]), arm)
    counts, means = by_arm[:, 0], by_arm[:, 1] / by_arm[:, 0]
    variances = _jackknife(arm, sizes, sums, by_arm)
    degrees = satterthwaite(variances, clusters - 1)
    error = float(np.sqrt(variances.sum()))
    estimate = student_estimate(
        "ate", float(means[1] - means[0]), error, degrees,
        n=cells.n_rows, level=level, unit=unit,
        method="difference in means, jackknife over clusters",
    )  # fmt: skip
    diagnostics = _diagnostics(cells, arm[groups], counts, means, error, sizes)
    diagnostics["n_clusters"] = float(clusters.sum())
    diagnostics["degrees_of_freedom"] = degrees
    if n_draws:
        diagnostics["randomisation_p_value"] = randomisation_p(
            _centred(sizes, sums), arm.astype(np.float64), n_draws=n_draws, seed=seed
        )
    assignment = planned_assignment(clusters, treated_share, "clusters")
    enough = judged_clusters(int(clusters.sum()), int(clusters[1]), int(clusters[0]))
    assumptions = (enough, assignment, no_interference())
    arms = Arms(counts, means, variances * counts)
    return ClusterDifference(estimate, diagnostics, assumptions, arms)


def _cells(frame: pd.DataFrame, outcome: str, treated: str, cluster: str) -> Cells:
    present(frame, [outcome, treated, cluster], varies=outcome)
    columns = {treated: binary(frame, treated)}
    return squeeze(frame, outcome, columns=columns, factors=[cluster])


def _arm_of_clusters(cells: Cells, treated: str, cluster: str) -> Codes:
    groups, on = cells.factors[cluster], cells.columns[treated].astype(np.intp)
    n_arms = np.bincount(groups)
    mixed = np.flatnonzero(n_arms > 1)
    if mixed.size:
        raise DataError(
            f"{mixed.size} of {n_arms.size} clusters have rows in both arms, first "
            f"{cells.levels[cluster][mixed[0]]}; assignment was not by {cluster!r}: "
            "use mean_difference or the column that was assigned"
        )
    arm = np.empty(n_arms.size, dtype=np.intp)
    arm[groups] = on
    return arm


def _clusters_by_arm(arm: Codes) -> Floats:
    clusters = np.bincount(arm, minlength=2).astype(np.float64)
    if clusters.min() < 2:
        raise DataError(
            f"{clusters[0]:.0f} control and {clusters[1]:.0f} treated clusters; each arm "
            "needs at least 2, and 15 to be trusted"
        )
    return clusters


def _centred(sizes: Floats, sums: Floats) -> Floats:
    """Return the clusters' totals around the pooled mean, in mean cluster sizes."""
    pooled = sums.sum() / sizes.sum()
    return np.asarray((sums - sizes * pooled) / sizes.mean())


def _jackknife(arm: Codes, sizes: Floats, sums: Floats, by_arm: Floats) -> Floats:
    """Return the variance of each arm's mean, leaving out one cluster at a time."""
    without = (by_arm[arm, 1] - sums) / (by_arm[arm, 0] - sizes)
    variances = np.empty(2)
    for side in (0, 1):
        left = without[arm == side]
        g = left.size
        variances[side] = (g - 1) / g * ((left - left.mean()) ** 2).sum()
    return variances


def _diagnostics(
    cells: Cells,
    arm: Codes,
    counts: Floats,
    means: Floats,
    error: float,
    sizes: Floats,
) -> dict[str, float]:
    deviation = cells.means - means[arm]
    squares = cells.spreads + cells.counts * deviation**2
    within = np.bincount(arm, weights=squares, minlength=2) / (counts - 1)
    iid = float(np.sqrt((within / counts).sum()))
    effect = (error / iid) ** 2 if iid else float("nan")
    size = float((sizes**2).sum() / sizes.sum())
    return {
        "standard_error_ignoring_clusters": iid,
        "design_effect": effect,
        "intra_cluster_correlation": (effect - 1) / (size - 1)
        if size > 1
        else float("nan"),
        "mean_control": float(means[0]),
        "mean_treated": float(means[1]),
    }
