"""Whether there are clusters enough to say how sure an estimate is."""

from __future__ import annotations

import numpy as np

from assay.causal.assumptions import Assumption, State, limit
from assay.causal.differences.cells import Cells
from assay.causal.panel import Codes, Floats
from assay.errors import DataError

NAME = "enough clusters"
STATEMENT = "many clusters, treated and untreated, were assigned independently"
BOOTSTRAP = "read the wild cluster bootstrap interval (wild_bootstrap) beside this one"
PERMUTE = (
    "use synthetic control with placebos in space, or randomisation inference over "
    "which cluster was treated"
)


def cluster_assumption(groups: Codes, treated: Floats) -> Assumption:
    """Judge the number of clusters.

    Parameters
    ----------
    groups : ndarray of shape (n_cells,)
        Cluster of each cell, from zero without gaps.
    treated : ndarray of shape (n_cells,)
        Non-zero where the cell belongs to the group that is ever treated.
    """
    n_clusters = int(groups.max()) + 1
    ever = np.zeros(n_clusters, dtype=bool)
    ever[groups[treated != 0]] = True
    never = np.zeros(n_clusters, dtype=bool)
    never[groups[treated == 0]] = True
    return judged_clusters(n_clusters, int(ever.sum()), int(never.sum()))


def path_assumption(cells: Cells, treatment: str, groups: Codes) -> Assumption:
    """Judge clusters whose treatment may start at different times.

    Treated are the clusters with any treated row; compared with are those treated
    less of the time than the ones treated most.
    """
    on = np.bincount(groups, weights=cells.counts * (cells.columns[treatment] != 0))
    share = on / np.bincount(groups, weights=cells.counts)
    n_later = int(np.count_nonzero(share < share.max()))
    return judged_clusters(share.size, int(np.count_nonzero(share)), n_later)


def judged_clusters(n_clusters: int, n_treated: int, n_untreated: int) -> Assumption:
    """Judge counts of all, treated and untreated clusters."""
    fewest = min(n_treated, n_untreated)
    state: State = "holds"
    threshold, advice = limit("clusters_few"), ""
    if fewest < limit("clusters_treated_minimum"):
        state, threshold, advice = "broken", limit("clusters_treated_minimum"), PERMUTE
    elif n_clusters < limit("clusters_minimum"):
        state, threshold, advice = "broken", limit("clusters_minimum"), PERMUTE
    elif fewest < limit("clusters_treated_few"):
        state, threshold, advice = "doubtful", limit("clusters_treated_few"), BOOTSTRAP
    elif n_clusters < limit("clusters_few"):
        state, advice = "doubtful", BOOTSTRAP
    return Assumption(
        name=NAME,
        statement=STATEMENT,
        tested=True,
        statistic=float(fewest if fewest < limit("clusters_treated_few") else n_clusters),
        threshold=threshold,
        state=state,
        finding=f"{n_clusters} clusters, {n_treated} with treated rows and "
        f"{n_untreated} with untreated ones",
        advice=advice,
    )


def refuse_no_rest(error: float) -> None:
    """Refuse residuals of zero, whose signs cannot be drawn.

    Raises
    ------
    DataError
        If the error is zero.
    """
    if error == 0:
        raise DataError(
            "the treatment explains the outcome without rest, which leaves nothing to "
            "re-sign; check that the outcome is not made from the treatment"
        )
