"""What group-time effects rest on, judged from their influence functions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from assay.causal.assumptions import Assumption, limit, untestable
from assay.causal.differences.clusters import judged_clusters
from assay.causal.differences.trends import leads_assumption, untested_trends
from assay.causal.panel import Floats, Panel


def judged_group_time(
    panel: Panel,
    cohorts: Floats,
    starts: Floats,
    times: Floats,
    effects: Floats,
    influence: Floats,
    memberships: Floats,
    *,
    is_stepwise: bool,
) -> tuple[dict[str, float], tuple[Assumption, ...]]:
    """Return diagnostics and assumptions of group-time effects.

    Parameters
    ----------
    panel : Panel
        The units that were used.
    cohorts : ndarray of shape (n_cohorts,)
        Treated cohorts.
    starts, times, effects : ndarray of shape (n_effects,)
        Cohort, period and value of each effect.
    influence : ndarray of shape (n_clusters, n_effects)
        Influence of each cluster.
    memberships : ndarray of shape (n_clusters, n_cohorts)
        Units of each cluster in each cohort, scaled.
    is_stepwise : bool
        Whether effects before treatment compare with the period just before.
    """
    n_clusters = influence.shape[0]
    sizes = [int(np.count_nonzero(panel.cohorts == start)) for start in cohorts]
    diagnostics = {
        "n_units": float(panel.units.size),
        "n_never_treated": float(np.count_nonzero(np.isinf(panel.cohorts))),
        "n_cohorts": float(cohorts.size),
        "smallest_cohort": float(min(sizes)),
    }
    trend = _pre_trend(
        cohorts, sizes, starts, times, effects, influence, diagnostics,
        is_stepwise=is_stepwise,
    )  # fmt: skip
    # Later cohorts serve as comparison until they start themselves.
    clusters = judged_clusters(
        n_clusters,
        int(np.count_nonzero(memberships.any(axis=1))),
        int(np.count_nonzero(memberships[:, 0] == 0)),
    )
    return diagnostics, (
        trend,
        clusters,
        _cohort_sizes(sizes),
        untestable(
            "no anticipation",
            "units did not change before the start because they saw it coming",
            "set anticipation to the periods between announcement and start",
        ),
    )


def _pre_trend(
    cohorts: Floats,
    sizes: Sequence[int],
    starts: Floats,
    times: Floats,
    effects: Floats,
    influence: Floats,
    diagnostics: dict[str, float],
    *,
    is_stepwise: bool,
) -> Assumption:
    """Test the event times just before the start, over cohorts of a usable size."""
    n_clusters = influence.shape[0]
    least = limit("cohort_minimum")
    large = cohorts[np.asarray(sizes) >= least]
    usable = (times < starts) & (influence**2).any(axis=0) & np.isin(starts, large)
    event = times - starts
    # A test of more than a fifth as many restrictions as clusters over-rejects.
    nearest = np.unique(event[usable])[::-1][: n_clusters // 5]
    if nearest.size == 0:
        return untested_trends()
    size_of = np.asarray(sizes, dtype=np.float64)[np.searchsorted(cohorts, starts)]
    weights = (event[:, None] == nearest) * (usable * size_of)[:, None]
    weights /= weights.sum(axis=0)
    part = influence @ weights
    return leads_assumption(
        effects @ weights,
        part.T @ part / n_clusters**2,
        # Against the period just before, a drift adds the same to every effect.
        np.ones(nearest.size) if is_stepwise else nearest - nearest.max() - 1,
        n_clusters,
        diagnostics,
        f"the {nearest.size} mean effects before the start, over {large.size} cohorts of "
        f"at least {least:g} units,",
    )


def _cohort_sizes(sizes: Sequence[int]) -> Assumption:
    least = limit("cohort_minimum")
    small = sum(size < least for size in sizes)
    return Assumption(
        name="cohorts large enough",
        statement="each cohort has units enough for its errors to be estimated",
        tested=True,
        statistic=float(min(sizes)),
        threshold=least,
        state="doubtful" if small else "holds",
        finding=f"{small} of {len(sizes)} cohorts have fewer than {least:g} units, the "
        f"smallest {min(sizes)}",
        advice="merge neighbouring cohorts or read the aggregate only" if small else "",
    )
