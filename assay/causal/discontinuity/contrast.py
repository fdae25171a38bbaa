"""Which combination of outcome, treatment and covariates a jump is the jump of.

Columns are ordered outcome, treatment (fuzzy designs only), covariates. Covariates are
partialled out with one coefficient for both sides; a fuzzy jump is the outcome's jump
over the treatment's, and its error that of its linearisation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from assay.causal.differences.cells import grouped_sums
from assay.causal.discontinuity.cells import Side
from assay.causal.discontinuity.kernels import polynomial
from assay.causal.discontinuity.local import (
    LocalFit,
    Variance,
    squared_residuals,
)
from assay.errors import DataError

Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Columns:
    """What the columns of a sample are.

    Attributes
    ----------
    is_fuzzy : bool
        The second column is the treatment received.
    n_covariates : int
        Columns after that.
    """

    is_fuzzy: bool = False
    n_covariates: int = 0

    @property
    def n_leading(self) -> int:
        """Columns that are not covariates."""
        return 2 if self.is_fuzzy else 1


@dataclass(frozen=True, slots=True)
class Noise:
    """How the variance of a linear functional is estimated.

    Attributes
    ----------
    variance : {"nn", "hc0", "hc1", "hc2", "hc3"}
        Kind; ignored where the sample carries clusters.
    n_matches : int
        Neighbours of each row for "nn".
    """

    variance: Variance = "nn"
    n_matches: int = 3


def partialling(
    sides: Sequence[Side], fits: Sequence[LocalFit], columns: Columns
) -> Floats:
    """Return the map from all columns to the leading ones net of covariates.

    Returns
    -------
    ndarray of shape (n_columns, n_leading)
        Identity on the leading columns, minus the covariates' coefficients below.
    """
    lead = columns.n_leading
    top = np.eye(lead)
    if not columns.n_covariates:
        return top
    left_over = sum(
        _residual_products(side, fit) for side, fit in zip(sides, fits, strict=True)
    )
    left_over = np.asarray(left_over)
    coefficients = np.linalg.pinv(left_over[lead:, lead:]) @ left_over[lead:, :lead]
    return np.vstack([top, -coefficients])


def linearised(values: Floats, columns: Columns) -> Floats:
    """Return the derivative of the estimand by its leading columns' values.

    Raises
    ------
    DataError
        If the treatment does not change at all.
    """
    if not columns.is_fuzzy:
        return np.ones(1)
    outcome, treatment = values
    if treatment == 0:
        raise DataError(
            "the treatment does not change at the cutoff, so a fuzzy jump has nothing "
            "to divide by; check that the cutoff is the one of the rule"
        )
    return np.array([1 / treatment, -outcome / treatment**2])


def functional_variance(
    side: Side,
    functional: Floats,
    combination: Floats,
    fit: LocalFit,
    noise: Noise,
) -> float:
    """Return the variance of ``sum(functional * combination of columns)`` on one side.

    Parameters
    ----------
    side : Side
        The data.
    functional : ndarray of shape (n_cells,)
        Weight of each row of the window's cells.
    combination : ndarray of shape (n_columns,)
        Weight of each column.
    fit : LocalFit
        The fit whose residuals are meant, where residuals are used.
    noise : Noise
        Kind of variance.
    """
    if side.clusters is not None:
        return _clustered_variance(side, functional, combination, fit)
    squares = squared_residuals(
        side, fit, functional.size, noise.variance, noise.n_matches
    )
    combined = np.einsum("i,nij,j->n", combination, squares, combination)
    return float(np.sum(functional**2 * combined))


def _clustered_variance(
    side: Side, functional: Floats, combination: Floats, fit: LocalFit
) -> float:
    if side.rows is None or side.clusters is None:
        raise ValueError("clustered variance needs the rows and their clusters")
    n_cells = functional.size
    n_rows = int(side.ends[n_cells])
    member = np.repeat(np.arange(n_cells), np.diff(side.ends[: n_cells + 1]))
    fitted = polynomial(side.offsets[:n_cells] / fit.bandwidth, fit.coefficients)
    residuals = side.rows[:n_rows] @ combination - (fitted @ combination)[member]
    codes = side.clusters[:n_rows]
    present = np.bincount(codes)
    sums = grouped_sums(codes, functional[member] * residuals, present.size)
    n_clusters = int(np.count_nonzero(present))
    if n_clusters < 2:
        raise DataError(
            "one cluster inside the bandwidth on one side of the cutoff has nothing to "
            "vary against; widen the bandwidth or do not cluster"
        )
    correction = n_clusters / (n_clusters - 1) * (n_rows - 1) / (n_rows - fit.order - 1)
    return float(correction * np.sum(sums**2))


def _residual_products(side: Side, fit: LocalFit) -> Floats:
    inside, means = side.within[: fit.n_cells], side.means[: fit.n_cells]
    total = np.einsum("n,nij->ij", fit.weights, inside)
    total += np.einsum("n,ni,nj->ij", fit.mass, means, means)
    return np.asarray(total - fit.products.T @ fit.coefficients)
