"""Whether instruments move the treatment enough to be used."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from assay.causal.instruments.moments import Partialled, score_covariance


@dataclass(frozen=True, slots=True)
class Strength:
    """First stage of one treatment.

    Attributes
    ----------
    effective_f : float
        Effective F statistic; with one instrument, the robust F.
    critical_f : float
        Value that bounds the bias at a tenth of the worst case, at 5 %.
    classical_f : float
        F statistic that believes in equal variances.
    partial_r_squared : float
        Share of the treatment's residual variance that the instruments explain.
    n_instruments : int
    """

    effective_f: float
    critical_f: float
    classical_f: float
    partial_r_squared: float
    n_instruments: int


def first_stage_strength(data: Partialled, *, bias: float = 0.1) -> Strength:
    """Return the strength of the instruments.

    Parameters
    ----------
    data : Partialled
    bias : float, default=0.1
        Tolerated Nagar bias of two-stage least squares, as a share of the worst case.

    Notes
    -----
    The critical value is the conservative one that needs the first stage only, from
    Patnaik's approximation of a weighted sum of chi-squares [1]_.

    References
    ----------
    .. [1] J. L. Montiel Olea and C. Pflueger, "A robust test for weak instruments",
       Journal of Business & Economic Statistics 31, 2013.
    """
    z, x = data.instruments, data.treatment
    slope = z.T @ x
    residual = x - z @ slope
    explained, left = float(slope @ slope), float(residual @ residual)
    variance = score_covariance(data, residual)
    trace = float(np.trace(variance))
    largest = float(np.linalg.eigvalsh(variance)[-1])
    room = 1 / bias
    spread = float(np.sum(variance**2)) + 2 * room * trace * largest
    degrees = trace**2 * (1 + 2 * room) / spread
    critical = float(stats.ncx2.ppf(0.95, degrees, room * degrees) / degrees)
    return Strength(
        explained / trace,
        critical,
        explained / data.n_instruments / (left / data.degrees),
        explained / float(x @ x),
        data.n_instruments,
    )
