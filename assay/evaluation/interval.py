"""A value with the interval that says how sure it is."""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan, sqrt

from scipy.stats import norm

LEVEL = 0.95
"""Level of every interval that this library reports, unless asked otherwise."""


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate and its two-sided interval, both in the estimate's own unit.

    Attributes
    ----------
    value : float
        The estimate.
    low, high : float
        Ends of the interval; NaN where it cannot be computed.
    level : float in (0, 1)
        Share of intervals made this way that hold what is estimated.
    """

    value: float
    low: float
    high: float
    level: float = LEVEL

    @property
    def is_defined(self) -> bool:
        """True where the value and both ends are numbers."""
        return not (isnan(self.value) or isnan(self.low) or isnan(self.high))

    def as_dict(self) -> dict[str, float]:
        """Return value, low and high by name, as a manifest keeps them."""
        return {"value": self.value, "low": self.low, "high": self.high}

    def __str__(self) -> str:
        return f"{self.value:.4f} [{self.low:.4f}, {self.high:.4f}]"


def normal_interval(
    value: float, standard_error: float, level: float = LEVEL
) -> Interval:
    """Return the interval of an estimate that is about normal around the truth.

    Examples
    --------
    >>> print(normal_interval(0.5, 0.1))
    0.5000 [0.3040, 0.6960]
    """
    reach = float(norm.ppf(0.5 + level / 2)) * standard_error
    return Interval(float(value), float(value - reach), float(value + reach), level)


def share_interval(n_hits: float, n_rows: float, level: float = LEVEL) -> Interval:
    """Return Wilson's interval of a share; it stays in [0, 1] and works at 0 and 1.

    References
    ----------
    E. B. Wilson, "Probable inference, the law of succession, and statistical
    inference", Journal of the American Statistical Association, 1927.

    Examples
    --------
    >>> print(share_interval(0, 10))
    0.0000 [0.0000, 0.2775]
    """
    if n_rows <= 0:
        return Interval(float("nan"), float("nan"), float("nan"), level)
    z = float(norm.ppf(0.5 + level / 2))
    share = n_hits / n_rows
    centre = (share + z * z / (2 * n_rows)) / (1 + z * z / n_rows)
    spread = share * (1 - share) / n_rows + z * z / (4 * n_rows * n_rows)
    reach = z * sqrt(spread) / (1 + z * z / n_rows)
    # Rounding may leave an end one unit beside the share that it must hold.
    low, high = min(centre - reach, share), max(centre + reach, share)
    return Interval(share, max(0.0, low), min(1.0, high), level)
