"""Errors of least squares on a short series that remembers its last value."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import linalg, optimize
from statsmodels.regression.linear_model import OLS
from statsmodels.stats.sandwich_covariance import cov_hac

from assay.causal.panel import Floats
from assay.errors import DataError

MATCHED_PERIODS_MAXIMUM = 1_500
MEMORY_MAXIMUM = 0.98


@dataclass(frozen=True, slots=True)
class SerialFit:
    """Least squares on a series, with two covariances.

    Attributes
    ----------
    coefficients : ndarray of shape (n_terms,)
    matched : ndarray of shape (n_terms, n_terms)
        Covariance under first-order autoregressive errors.
    newey_west : ndarray of shape (n_terms, n_terms)
        Covariance that assumes no form, too small on short series.
    residuals : ndarray of shape (n_periods,)
    memory : float
        Autoregressive coefficient, bias of the residuals removed.
    """

    coefficients: Floats
    matched: Floats
    newey_west: Floats
    residuals: Floats
    memory: float


def serial_fit(design: Floats, y: Floats, lags: int) -> SerialFit:
    """Fit least squares with errors that respect memory.

    Parameters
    ----------
    design : ndarray of shape (n_periods, n_terms)
        Periods in order, at equal steps.
    y : ndarray of shape (n_periods,)
        Outcome.
    lags : int
        Of the Newey-West covariance; 0 or less gives White's.

    Raises
    ------
    DataError
        If the design is collinear or has no more rows than columns.

    Notes
    -----
    Residuals of a regression with trends correlate less than the errors do. The
    memory is the one for which the expected residual autocorrelation, given this
    design, equals the one seen; the variance is scaled in the same way. Newey-West
    covers 88 % instead of 95 % at 100 periods even without any memory, and 79 % at a
    memory of 0.6.
    """
    n, k = design.shape
    q, r = np.linalg.qr(design)
    scale = np.sqrt((design**2).sum(axis=0))
    if n <= k or (np.abs(np.diag(r)) <= 1e-9 * scale).any():
        raise DataError(
            f"{n} periods cannot tell {k} terms apart; use fewer seasons or more periods"
        )
    # Columns of length one: time in nanoseconds would look collinear to statsmodels.
    scaled = design / scale
    fit = OLS(y, scaled).fit()
    units = np.outer(scale, scale)
    residuals = np.asarray(fit.resid, dtype=np.float64)
    bread = fit.normalized_cov_params
    memory, variance = _memory(q, residuals)
    powers = cautious_memory(memory, n) ** np.arange(n)
    spread = linalg.matmul_toeplitz(powers, scaled)
    return SerialFit(
        fit.params / scale,
        bread @ (scaled.T @ spread) @ bread * variance / units,
        cov_hac(fit, nlags=max(lags, 0)) / units,
        residuals,
        memory,
    )


def cautious_memory(memory: float, n: int) -> float:
    """Return the memory that the matched errors use: never negative, half an error up.

    Interval length grows faster than linearly with memory, so that one understated by
    chance costs more coverage than one overstated gains.
    """
    error = np.sqrt(max(1 - memory**2, 0.0) / n)
    return float(min(max(memory, 0.0) + 0.5 * error, MEMORY_MAXIMUM))


def _memory(q: Floats, residuals: Floats) -> tuple[float, float]:
    """Return the autoregressive coefficient and the errors' variance."""
    n, k = q.shape
    total = float(residuals @ residuals)
    if total == 0:
        return 0.0, 0.0
    seen = float(residuals[1:] @ residuals[:-1]) / total
    if n > MATCHED_PERIODS_MAXIMUM:
        # The bias is of order k / n: beneath notice here.
        memory = seen + (k / n) * (1 + seen)
        within = min(max(memory, -MEMORY_MAXIMUM), MEMORY_MAXIMUM)
        return float(within), total / (n - k)
    sums, lagged = _maker_sums(q)

    def expected(memory: float) -> tuple[float, float]:
        powers = memory ** np.arange(n)
        return float(powers @ lagged), float(powers @ sums)

    def gap(memory: float) -> float:
        top, bottom = expected(memory)
        return top / bottom - seen

    low, high = -MEMORY_MAXIMUM, MEMORY_MAXIMUM
    if gap(low) >= 0:
        memory = low
    elif gap(high) <= 0:
        memory = high
    else:
        memory = float(optimize.brentq(gap, low, high))
    return memory, total / expected(cautious_memory(memory, n))[1]


def _maker_sums(q: Floats) -> tuple[Floats, Floats]:
    """Return diagonal sums of M = I - Q Q' and of M U M, U the shift by one period.

    With M written out this takes the cube of the periods. M U M is U less two products
    of thin matrices and plus a third, and so are its diagonals.
    """
    n = len(q)
    later, earlier = np.zeros_like(q), np.zeros_like(q)
    later[:-1], earlier[1:] = q[1:], q[:-1]
    sums = -_diagonal_sums(q, q)
    sums[0] += n
    lagged = _diagonal_sums(q @ (q.T @ later), q)
    lagged -= _diagonal_sums(later, q) + _diagonal_sums(q, earlier)
    lagged[1] += n - 1
    return sums, lagged


def _diagonal_sums(left: Floats, right: Floats) -> Floats:
    """Return sums over both k-th diagonals of left @ right.T, k from 0, shape (n,)."""
    n = len(left)
    both = np.zeros(2 * n - 1)
    for one, other in zip(left.T, right.T, strict=True):
        both += np.correlate(one, other, "full")
    sums = both[n - 1 :] + both[n - 1 :: -1]
    sums[0] = both[n - 1]
    return sums
