"""Least squares on cells, with errors that respect clusters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd
from scipy import linalg

from assay.causal.differences.absorption import absorb
from assay.causal.differences.cells import Cells
from assay.causal.differences.cluster_algebra import grouped, is_nested, jackknife_spread
from assay.causal.estimate import critical_value, two_sided_p
from assay.causal.panel import Codes, Floats
from assay.errors import DataError

Errors: TypeAlias = Literal["cluster", "jackknife", "robust", "iid"]
Reference: TypeAlias = Literal["student", "normal"]
Counted: TypeAlias = Literal["outside", "all"]

COLLINEAR = 1e-9


@dataclass(frozen=True, slots=True)
class Regression:
    """Coefficients, their covariance, and what it was counted from.

    Attributes
    ----------
    names : tuple of str
        Names of the coefficients.
    coefficients : ndarray of shape (n_coefficients,)
        Least squares solution.
    covariance : ndarray of shape (n_coefficients, n_coefficients)
        With the small-sample factor G/(G-1) (N-1)/(N-K) for clusters, N/(N-K) for
        robust errors. K counts the slopes and the levels of every fixed effect that
        is not nested in the clusters.
    degrees : float
        Degrees of freedom of Student's law: G - 1, or N - K without clusters.
    n_rows, n_clusters, n_parameters : int
        N, G (0 without clusters) and K.
    residual_square : float
        Sum of squared residuals over the rows.
    """

    names: tuple[str, ...]
    coefficients: Floats
    covariance: Floats
    degrees: float
    n_rows: int
    n_clusters: int
    n_parameters: int
    residual_square: float

    @property
    def standard_errors(self) -> Floats:
        """Square roots of the covariance's diagonal."""
        return np.sqrt(np.diag(self.covariance))

    def position(self, name: str) -> int:
        """Return where coefficient `name` stands."""
        return self.names.index(name)

    def table(
        self, level: float = 0.95, reference: Reference = "student"
    ) -> pd.DataFrame:
        """Return one row a coefficient with error, statistic, p value and interval."""
        degrees = self.degrees if reference == "student" else np.inf
        errors = self.standard_errors
        half = critical_value(level, degrees) * errors
        return pd.DataFrame(
            {
                "coefficient": self.coefficients,
                "standard_error": errors,
                "p_value": [
                    two_sided_p(float(value), float(error), degrees)
                    for value, error in zip(self.coefficients, errors, strict=True)
                ],
                "lower": self.coefficients - half,
                "upper": self.coefficients + half,
            },
            index=pd.Index(self.names, name="name"),
        )


def regress(
    cells: Cells,
    design: Floats,
    names: Sequence[str],
    *,
    absorbed: Sequence[str] = (),
    cluster: str | None = None,
    errors: Errors = "cluster",
    counted: Counted = "outside",
) -> Regression:
    """Fit the outcome of the cells on a design, fixed effects taken out.

    Parameters
    ----------
    cells : Cells
        From :func:`~assay.causal.differences.cells.squeeze`.
    design : ndarray of shape (n_cells, n_coefficients)
        Regressors; a constant only if nothing is absorbed.
    names : sequence of str
        Their names.
    absorbed : sequence of str
        At most two factors of the cells.
    cluster : str, optional
        Factor of the cells; needed for ``"cluster"`` and ``"jackknife"``.
    errors : {"cluster", "jackknife", "robust", "iid"}, default="cluster"
        CRV1, CRV3, HC1 or homoskedastic.
    counted : {"outside", "all"}, default="outside"
        Which fixed effects K counts under clustering: those not nested in the
        clusters with the factor G/(G-1) (N-1)/(N-K), as fixest and Stata's reghdfe
        do; or all of them with the factor N/(N-K), as linearmodels does.

    Raises
    ------
    DataError
        If a regressor is collinear with the others or the fixed effects, there are
        no more rows than parameters, or fewer than two clusters.
    """
    weights = cells.counts
    factors = [cells.factors[name] for name in absorbed]
    taken = absorb(np.column_stack([design, cells.means]), weights, factors)
    x, y = taken.residuals[:, :-1], taken.residuals[:, -1]
    solution, bread = _solve(x, y, weights, _norms(design, weights), names)
    residuals = y - x @ solution
    residual_square = float(cells.spreads.sum() + weights @ residuals**2)
    n, n_clusters, k = cells.n_rows, 0, len(names) + taken.rank
    groups = _groups(cells, cluster, errors)
    if groups is not None:
        n_clusters = int(groups.max()) + 1
        if counted == "outside":
            k = len(names) + _rank_outside(cells, absorbed, groups, taken.rank)
    if n <= k:
        raise DataError(f"{n} rows for {k} parameters; use fewer controls or more rows")
    degrees = float(n_clusters - 1 if n_clusters else n - k)
    factor = n / (n - k)
    if n_clusters and counted == "outside":
        factor = n_clusters / (n_clusters - 1) * (n - 1) / (n - k)
    if errors == "jackknife" and groups is not None:
        spread = jackknife_spread(cells, design, len(names), absorbed, groups)
        covariance = factor * spread
    elif errors in ("cluster", "robust"):
        meat = _meat(cells, x, residuals, groups)
        covariance = factor * (bread @ meat @ bread)
    else:
        covariance = bread * residual_square / (n - k)
    return Regression(
        tuple(names), solution, covariance, degrees, n, n_clusters, k, residual_square
    )


def _rank_outside(cells: Cells, absorbed: Sequence[str], groups: Codes, rank: int) -> int:
    nested = [is_nested(cells.factors[name], groups) for name in absorbed]
    if not any(nested):
        return rank
    # Levels of the effects that clusters do not contain; the constant counts once.
    return (
        sum(
            int(cells.factors[name].max()) + 1
            for name, inside in zip(absorbed, nested, strict=True)
            if not inside
        )
        or 1
    )


def _groups(cells: Cells, cluster: str | None, errors: Errors) -> Codes | None:
    """Return the clusters of the cells, None where errors do not respect any."""
    if errors not in ("cluster", "jackknife"):
        return None
    if cluster is None:
        raise ValueError(f"errors={errors!r} need a cluster column")
    groups = cells.factors[cluster]
    n_clusters = int(groups.max()) + 1
    if n_clusters < 2:
        raise DataError(
            f"column {cluster!r} has {n_clusters} cluster; errors clustered by it need "
            "at least 2, and 30 to be trusted: choose a finer unit of assignment"
        )
    return groups


def _norms(design: Floats, weights: Floats) -> Floats:
    return np.sqrt(weights @ design**2)


def _solve(
    x: Floats, y: Floats, weights: Floats, norms: Floats, names: Sequence[str]
) -> tuple[Floats, Floats]:
    root = np.sqrt(weights)
    q, r = np.linalg.qr(x * root[:, None])
    if x.shape[0] < x.shape[1]:
        raise DataError(
            f"{x.shape[0]} distinct rows for {x.shape[1]} regressors; use fewer controls"
        )
    lost = np.abs(np.diag(r)) <= COLLINEAR * norms
    if lost.any():
        which = [name for name, gone in zip(names, lost, strict=True) if gone]
        raise DataError(
            f"{len(which)} of {len(names)} regressors are collinear with the others or "
            f"the fixed effects: {which}; drop them"
        )
    inverse = linalg.solve_triangular(r, np.eye(r.shape[0]))
    return inverse @ (q.T @ (y * root)), inverse @ inverse.T


def _meat(cells: Cells, x: Floats, residuals: Floats, groups: Codes | None) -> Floats:
    if groups is not None:
        scores = grouped(x * (cells.counts * residuals)[:, None], groups)
        return scores.T @ scores
    squares = cells.spreads + cells.counts * residuals**2
    return x.T @ (x * squares[:, None])
