"""Sums by cluster, and designs that stay exact when a cluster is left out."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from assay.causal.differences.absorption import absorb
from assay.causal.differences.cells import Cells
from assay.causal.panel import Codes, Floats


def cluster_design(
    cells: Cells, design: Floats, absorbed: Sequence[str], groups: Codes
) -> tuple[Floats, Floats]:
    """Return design and outcome in which no cluster depends on another's rows.

    Fixed effects nested in the clusters are taken out; the others become dummies
    behind the columns of `design`, so that dropping or re-signing a cluster stays
    exact.
    """
    nested = [name for name in absorbed if is_nested(cells.factors[name], groups)]
    others = [name for name in absorbed if name not in nested]
    dummies = [np.eye(int(cells.factors[n].max()) + 1)[cells.factors[n]] for n in others]
    # One level stays out when something else already spans the constant.
    spanned = bool(nested)
    kept = []
    for block in dummies:
        kept.append(block[:, 1:] if spanned else block)
        spanned = True
    stacked = np.column_stack([design, *kept, cells.means])
    taken = absorb(stacked, cells.counts, [cells.factors[name] for name in nested])
    return taken.residuals[:, :-1], taken.residuals[:, -1]


def jackknife_spread(
    cells: Cells, design: Floats, k: int, absorbed: Sequence[str], groups: Codes
) -> Floats:
    """Return the summed squares of what leaving one cluster out does to the estimates.

    Notes
    -----
    Times the small-sample factor of CRV1 it is pyfixest's CRV3; times (G-1)/G it is
    the jackknife of MacKinnon, Nielsen and Webb [1]_, smaller by about 2/G.

    References
    ----------
    .. [1] J. G. MacKinnon, M. O. Nielsen and M. D. Webb, "Fast and reliable
       jackknife and bootstrap methods for cluster-robust inference", Journal of
       Applied Econometrics 38 (2023).
    """
    x, y = cluster_design(cells, design, absorbed, groups)
    n_clusters = int(groups.max()) + 1
    order = np.argsort(groups, kind="stable")
    bounds = np.searchsorted(groups[order], np.arange(n_clusters + 1))
    weighted = x * cells.counts[:, None]
    gram, cross = weighted.T @ x, weighted.T @ y
    full = np.linalg.lstsq(gram, cross, rcond=1e-12)[0][:k]
    spread = np.zeros((k, k))
    for first, last in pairwise(bounds):
        rows = order[first:last]
        left = gram - weighted[rows].T @ x[rows]
        rest = np.linalg.lstsq(left, cross - weighted[rows].T @ y[rows], rcond=1e-12)[0]
        gap = rest[:k] - full
        spread += np.outer(gap, gap)
    return spread


def grouped(rows: Floats, groups: Codes) -> Floats:
    """Return the sums of shape (n_groups, n_columns) of rows in each group."""
    sums = [np.bincount(groups, weights=column) for column in rows.T]
    return np.asarray(sums, dtype=np.float64).reshape(rows.shape[1], -1).T


def is_nested(inner: Codes, outer: Codes) -> bool:
    """Return whether every level of `inner` lies in one level of `outer`."""
    home = np.zeros(int(inner.max()) + 1, dtype=np.intp)
    home[inner] = outer
    return bool(np.array_equal(home[inner], outer))
