"""Evidence about parallel trends from the periods before treatment."""

from __future__ import annotations

import numpy as np
from scipy import special

from assay.causal.assumptions import Assumption, limit, state_of_test, untestable
from assay.causal.panel import Floats

NAME = "parallel trends"
STATEMENT = "without the treatment both groups would have moved in parallel"
ADVICE = (
    "compare groups that moved alike before, add the controls that explain the gap, or "
    "report honest intervals (honest_intervals) and the violation that breaks the result"
)


def trend_assumption(statistic: float, p_value: float, finding: str) -> Assumption:
    """Judge a test whose null is that both groups moved alike before treatment."""
    state = state_of_test(p_value)
    return Assumption(
        name=NAME,
        statement=STATEMENT,
        tested=True,
        statistic=statistic,
        p_value=p_value,
        threshold=limit("test_level"),
        state=state,
        finding=finding,
        advice="" if state == "holds" else ADVICE,
    )


def untested_trends() -> Assumption:
    """Return the assumption for data with a single period before treatment."""
    return untestable(
        NAME, STATEMENT, "add earlier periods: with one there is no trend to compare"
    )


def joint_test(
    coefficients: Floats, covariance: Floats, n_clusters: int
) -> tuple[float, float]:
    """Return F and p of the hypothesis that all coefficients are zero.

    Raises
    ------
    ValueError
        If there are not more clusters than coefficients.

    Notes
    -----
    Hotelling's form of the Wald test, F with (q, G - q) degrees of freedom, which
    rejects less eagerly with few clusters than the chi-square. Coefficients without
    any noise, as of an outcome that was constant before, are zero or they are not.
    """
    q = int(np.linalg.matrix_rank(covariance, hermitian=True))
    if q == 0:
        return (np.inf, 0.0) if coefficients.any() else (0.0, 1.0)
    if n_clusters <= q:
        raise ValueError(f"{n_clusters} clusters cannot test {q} coefficients at once")
    wald = float(coefficients @ np.linalg.lstsq(covariance, coefficients, rcond=1e-12)[0])
    statistic = wald * (n_clusters - q) / (q * (n_clusters - 1))
    return statistic, float(special.fdtrc(q, n_clusters - q, max(statistic, 0.0)))


def drift_test(
    coefficients: Floats, covariance: Floats, path: Floats, n_clusters: int
) -> tuple[float, float]:
    """Return the size of a drift along a path, and p of the hypothesis that it is zero.

    Parameters
    ----------
    coefficients : ndarray of shape (n_coefficients,)
        Before treatment.
    covariance : ndarray of shape (n_coefficients, n_coefficients)
    path : ndarray of shape (n_coefficients,)
        What a drift of one a period makes of the coefficients.
    n_clusters : int
        Behind the covariance.

    Notes
    -----
    Generalised least squares of the coefficients on the path. Its error and Student's
    degrees are those of Rao's test with an estimated covariance, as in `joint_test`. A
    steady drift of many small steps, which a test of all coefficients loses, has one
    coefficient here.

    References
    ----------
    C. R. Rao, "The theory of least squares when the parameters are stochastic",
    Biometrika, 1965; J. Roth, "Pretest with Caution", AER: Insights, 2022 (on the power
    of tests before the start).
    """
    q = int(np.linalg.matrix_rank(covariance, hermitian=True))
    solved = np.linalg.lstsq(covariance, path, rcond=1e-12)[0]
    information = float(path @ solved)
    if q == 0 or information <= 0:
        return 0.0, 1.0
    drift = float(coefficients @ solved) / information
    gap = coefficients - drift * path
    rest = float(gap @ np.linalg.lstsq(covariance, gap, rcond=1e-12)[0])
    # What the other coefficients say of the noise enters the error (Rao 1965).
    degrees = n_clusters - q
    scale = (n_clusters - 1) / degrees * (1 + max(rest, 0.0) / (n_clusters - 1))
    statistic = drift * np.sqrt(information / scale)
    return drift, float(2 * special.stdtr(degrees, -abs(statistic)))


def leads_assumption(
    coefficients: Floats,
    covariance: Floats,
    path: Floats,
    n_clusters: int,
    diagnostics: dict[str, float],
    what: str,
) -> Assumption:
    """Judge coefficients before the start: all of them, and their drift along a path.

    Of the two p values the smaller counts twice. All go to the diagnostics.

    Parameters
    ----------
    coefficients, covariance, path, n_clusters
        As of :func:`drift_test`.
    diagnostics : dict of str to float
        Is added to.
    what : str
        What the coefficients are, for the finding.
    """
    statistic, jointly = joint_test(coefficients, covariance, n_clusters)
    diagnostics["pre_trend_f"] = statistic
    found = f"{what} are jointly zero with p {jointly:.3g}"
    p_value = jointly
    if coefficients.size > 1:
        drift, steadily = drift_test(coefficients, covariance, path, n_clusters)
        p_value = min(1.0, 2 * min(jointly, steadily))
        diagnostics["pre_trend_slope"] = drift
        diagnostics["pre_trend_slope_p_value"] = steadily
        found += (
            f", their drift {drift:.3g} a period is with p {steadily:.3g}; together "
            f"{p_value:.3g}"
        )
    diagnostics["pre_trend_p_value"] = p_value
    return trend_assumption(statistic, p_value, found)
