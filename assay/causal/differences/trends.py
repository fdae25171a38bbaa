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
