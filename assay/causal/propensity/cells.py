"""Rows grouped by equal covariates: what every resample of a propensity needs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assay.causal.propensity.logistic import logistic_optimum
from assay.causal.rows import Floats, Observations, Positions

# A Newton step this small squares to nothing: take it and stop.
_LAST_STEP = 1e-6
_MAX_STEPS = 12


@dataclass(frozen=True, slots=True)
class Cells:
    """Distinct covariate rows in rising order of propensity.

    Attributes
    ----------
    columns : ndarray of shape (n_columns, n_cells)
        Standardised covariates, one row a column of the design; ones first.
    ridge : ndarray of shape (n_columns,)
        Penalty on each standardised coefficient.
    coefficients : ndarray of shape (n_columns,)
        Standardised coefficients at the optimum of the whole sample.
    odds : ndarray of shape (n_cells,)
        Odds of treatment at that optimum, increasing.
    slots : ndarray of shape (n_rows,)
        Cell of every sorted row, plus ``n_cells`` where it is treated.
    outcome : ndarray of shape (n_rows,)
        Outcome of every sorted row.
    """

    columns: Floats
    ridge: Floats
    coefficients: Floats
    odds: Floats
    slots: Positions
    outcome: Floats

    @property
    def n_cells(self) -> int:
        """Number of distinct covariate rows."""
        return self.odds.size


@dataclass(frozen=True, slots=True)
class Counts:
    """A resample in cells.

    Attributes
    ----------
    rows : ndarray of shape (2, n_cells)
        Rows drawn, untreated first, treated second.
    sums : ndarray of shape (2, n_cells)
        Their outcomes' sums.
    odds : ndarray of shape (n_cells,)
        Odds of treatment from the resample's own regression.
    """

    rows: Floats
    sums: Floats
    odds: Floats


def group_cells(observations: Observations, *, penalty: float = 0.0) -> Cells:
    """Group rows with equal covariates and fit their propensity once.

    Parameters
    ----------
    observations : Observations
    penalty : float, default=0
        As in :func:`assay.causal.propensity.logistic.logistic_optimum`.

    Raises
    ------
    DataError
        If the covariates separate treated from untreated rows.
    """
    distinct, cell = _distinct_rows(observations.design)
    n_cells = len(distinct)
    n_rows = np.bincount(cell, minlength=n_cells).astype(np.float64)
    treated = observations.treated.astype(np.float64)
    n_treated = np.asarray(
        np.bincount(cell, weights=treated, minlength=n_cells), dtype=np.float64
    )
    fit = logistic_optimum(
        distinct, n_rows, n_treated, penalty=penalty, names=observations.names
    )
    order = np.argsort(fit.propensity, kind="stable")
    rank = np.empty(n_cells, dtype=np.intp)
    rank[order] = np.arange(n_cells)
    centre = n_rows @ distinct / n_rows.sum()
    scale = np.sqrt(n_rows @ (distinct - centre) ** 2 / n_rows.sum())
    centre[0], scale[0] = 0.0, 1.0
    ridge = penalty / scale**2
    ridge[0] = 0.0
    coefficients = fit.coefficients * scale
    coefficients[0] = fit.coefficients[0] + fit.coefficients[1:] @ centre[1:]
    columns = np.ascontiguousarray(((distinct - centre) / scale)[order].T)
    return Cells(
        columns,
        ridge,
        coefficients,
        np.exp(coefficients @ columns),
        rank[cell] + n_cells * observations.treated,
        observations.outcome,
    )


def count_draw(cells: Cells, slots: Positions, outcome: Floats) -> Counts | None:
    """Return a resample in cells, with the odds of its own logistic regression.

    Parameters
    ----------
    cells : Cells
    slots, outcome : ndarray of shape (n_drawn,)
        Slot and outcome of the rows drawn.

    Returns
    -------
    Counts or None
        None where the resample's regression has no optimum near the sample's.
    """
    size = 2 * cells.n_cells
    rows = np.bincount(slots, minlength=size).astype(np.float64).reshape(2, -1)
    sums = np.asarray(np.bincount(slots, weights=outcome, minlength=size), np.float64)
    sums = sums.reshape(2, -1)
    odds = _refit(cells, rows)
    return None if odds is None else Counts(rows, sums, odds)


def _distinct_rows(design: Floats) -> tuple[Floats, Positions]:
    # Many times faster than np.unique(axis=0), which compares rows as bytes.
    order = np.lexsort(design.T[::-1])
    ranked = design[order]
    is_new = np.append(True, (ranked[1:] != ranked[:-1]).any(axis=1))
    cell = np.empty(len(design), dtype=np.intp)
    cell[order] = np.cumsum(is_new) - 1
    return ranked[is_new], cell


def _refit(cells: Cells, rows: Floats) -> Floats | None:
    x, beta, odds = cells.columns, cells.coefficients, cells.odds
    total, treated = rows[0] + rows[1], rows[1]
    for _ in range(_MAX_STEPS):
        p = odds / (1 + odds)
        expected = total * p
        gradient = x @ (treated - expected) - cells.ridge * beta
        information = (x * (expected * (1 - p))) @ x.T
        information[np.diag_indices_from(information)] += cells.ridge
        try:
            step = np.linalg.solve(information, gradient)
        except np.linalg.LinAlgError:
            return None
        beta = beta + step
        odds = np.exp(beta @ x)
        size = float(np.abs(step).max())
        if size < _LAST_STEP:
            return np.asarray(odds)
        if not size < 5:
            return None
    return None
