"""Fixed effects taken out exactly, without building their dummies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from assay.causal.panel import Codes, Floats
from assay.errors import DataError

LEVELS_MAXIMUM = 5_000


@dataclass(frozen=True, slots=True)
class Absorbed:
    """Columns without their fixed effects.

    Attributes
    ----------
    residuals : ndarray of shape (n_cells, n_columns)
        What the fixed effects leave of each column.
    rank : int
        Dimension of the space that the fixed effects span.
    """

    residuals: Floats
    rank: int


def absorb(columns: Floats, weights: Floats, factors: Sequence[Codes]) -> Absorbed:
    """Project columns on the complement of at most two sets of fixed effects.

    Parameters
    ----------
    columns : ndarray of shape (n_cells, n_columns)
        What to project.
    weights : ndarray of shape (n_cells,)
        Rows of each cell, > 0.
    factors : sequence of ndarray of shape (n_cells,)
        None, one or two factors as codes without gaps.

    Raises
    ------
    ValueError
        If there are more than two factors.
    DataError
        If both factors have more than 5,000 levels.

    Notes
    -----
    For two factors the effects of the smaller one solve a system with one row a
    level, the Schur complement of the larger one: no iteration, no tolerance.
    """
    if not factors:
        return Absorbed(columns, 0)
    if len(factors) == 1:
        group = factors[0]
        return Absorbed(columns - _means(columns, weights, group)[group], _levels(group))
    if len(factors) > 2:
        raise ValueError(
            f"absorbs at most two factors, got {len(factors)}; make the others controls"
        )
    large, small = sorted(factors, key=_levels, reverse=True)
    return _absorb_two(columns, weights, large, small)


def _absorb_two(columns: Floats, weights: Floats, large: Codes, small: Codes) -> Absorbed:
    n_large, n_small = _levels(large), _levels(small)
    if n_small > LEVELS_MAXIMUM:
        raise DataError(
            f"both fixed effects have many levels ({n_large} and {n_small}); absorb one "
            f"with at most {LEVELS_MAXIMUM} levels"
        )
    table = sparse.csr_array((weights, (large, small)), shape=(n_large, n_small))
    per_large = np.bincount(large, weights=weights)
    per_small = np.bincount(small, weights=weights)
    means_large = _means(columns, weights, large)
    centred = columns - means_large[large]
    shares = sparse.diags_array(1 / per_large) @ table
    schur = np.diag(per_small) - (table.T @ shares).toarray()
    right = _means(centred, weights, small) * per_small[:, None]
    # Least squares, because a constant can move between the two sets of effects.
    effects = np.linalg.lstsq(schur, right, rcond=1e-12)[0]
    residuals = centred - effects[small] + (shares @ effects)[large]
    links = (np.ones(weights.size), (large, n_large + small))
    n_levels = n_large + n_small
    graph = sparse.csr_array(links, shape=(n_levels, n_levels))
    n_components, _ = connected_components(graph, directed=False)
    return Absorbed(residuals, n_levels - int(n_components))


def _levels(group: Codes) -> int:
    return int(group.max()) + 1


def _means(columns: Floats, weights: Floats, group: Codes) -> Floats:
    n_rows = np.bincount(group, weights=weights)
    sums = [np.bincount(group, weights=weights * column) for column in columns.T]
    return np.asarray(sums).reshape(columns.shape[1], -1).T / n_rows[:, None]
