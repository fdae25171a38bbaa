"""What is left of outcome, treatment and instruments once covariates are taken out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assay.causal.rows import Floats, Positions


@dataclass(frozen=True, slots=True)
class Partialled:
    """Residuals on the covariates, instruments made orthonormal.

    Attributes
    ----------
    outcome, treatment : ndarray of shape (n_rows,)
    instruments : ndarray of shape (n_rows, n_instruments)
        Orthonormal columns that span the instruments' residuals.
    degrees : int
        Rows less covariates, intercept and instruments.
    clusters : ndarray of shape (n_rows,), int, or None
        Codes 0, 1, ... of groups whose errors may go together.
    robust : bool
        Whether errors may differ in variance; always with clusters.
    """

    outcome: Floats
    treatment: Floats
    instruments: Floats
    degrees: int
    clusters: Positions | None
    robust: bool

    @property
    def n_instruments(self) -> int:
        """Number of instruments."""
        return int(self.instruments.shape[1])

    @property
    def test_degrees(self) -> int:
        """Denominator degrees of freedom of tests: those of clusters, where there are."""
        return self.degrees if self.clusters is None else int(self.clusters.max())


def partialled_out(
    outcome: Floats,
    treatment: Floats,
    instruments: Floats,
    exogenous: Floats,
    *,
    clusters: Positions | None = None,
    robust: bool = True,
) -> Partialled:
    """Take the covariates out of outcome, treatment and instruments.

    Parameters
    ----------
    outcome, treatment : ndarray of shape (n_rows,)
    instruments : ndarray of shape (n_rows, n_instruments)
    exogenous : ndarray of shape (n_rows, n_covariates)
        With a column of ones, of full rank together with the instruments.
    clusters, robust
        As in :class:`Partialled`.
    """
    basis = np.linalg.qr(exogenous / np.linalg.norm(exogenous, axis=0))[0]
    block = np.column_stack([outcome, treatment, instruments])
    rest = block - basis @ (basis.T @ block)
    # Twice is enough: the second pass removes what rounding left of the first.
    rest -= basis @ (basis.T @ rest)
    z = rest[:, 2:]
    orthonormal = np.linalg.qr(z / np.linalg.norm(z, axis=0))[0]
    degrees = outcome.size - exogenous.shape[1] - instruments.shape[1]
    return Partialled(
        rest[:, 0],
        rest[:, 1],
        orthonormal,
        degrees,
        clusters,
        robust or clusters is not None,
    )


def score_covariance(
    data: Partialled, residual: Floats, other: Floats | None = None
) -> Floats:
    """Return the covariance of the instruments' products with a residual.

    Parameters
    ----------
    data : Partialled
    residual : ndarray of shape (n_rows,)
        Residual of a regression on covariates and instruments.
    other : ndarray of shape (n_rows,), optional
        A second residual, for the cross-covariance, made symmetric.

    Returns
    -------
    ndarray of shape (n_instruments, n_instruments)
        With the small-sample factor n / (n - k), or that of clusters.
    """
    right = residual if other is None else other
    n = residual.size
    if not data.robust:
        size = float(residual @ right) / data.degrees
        return np.eye(data.n_instruments) * size
    scores, against = _scores(data, residual), _scores(data, right)
    factor = n / data.degrees
    if data.clusters is not None:
        factor = len(scores) / (len(scores) - 1) * (n - 1) / data.degrees
    product = scores.T @ against
    return np.asarray((product + product.T) * (factor / 2))


def _scores(data: Partialled, residual: Floats) -> Floats:
    scores = data.instruments * residual[:, None]
    if data.clusters is None:
        return scores
    n_clusters = int(data.clusters.max()) + 1
    return np.column_stack(
        [np.bincount(data.clusters, column, n_clusters) for column in scores.T]
    )
