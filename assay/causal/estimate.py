"""The one shape in which every design hands over its number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from scipy import special

from assay.errors import DataError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from assay.causal.assumptions import Assumption


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A causal estimate with its uncertainty.

    Attributes
    ----------
    estimand : str
        What the number is of: ``"att"``, ``"ate"``, ``"late"``, ``"jump"`` and so on.
    value : float
        The estimate, in `unit`.
    standard_error : float
        Its standard error, >= 0; NaN when the design has an interval but no error.
    interval : tuple of two float
        Lower and upper end of the interval of the given `level`.
    level : float, default=0.95
        Coverage that the interval aims at, in (0, 1).
    p_value : float
        Of the hypothesis that the value is zero, in [0, 1].
    n : int
        Rows that the estimate used.
    unit : str
        Unit of the outcome, as a reader would write it.
    method : str
        How value and error were obtained, in a few words.
    """

    estimand: str
    value: float
    standard_error: float
    interval: tuple[float, float]
    level: float = 0.95
    p_value: float
    n: int
    unit: str = ""
    method: str = ""


class CausalResult(Protocol):
    """What the result of every design has, besides tables of its own."""

    @property
    def estimate(self) -> Estimate:
        """The number that the design was run for."""

    @property
    def diagnostics(self) -> Mapping[str, float]:
        """Named figures in a fixed order."""

    @property
    def assumptions(self) -> tuple[Assumption, ...]:
        """What the number rests on, each with its state."""

    def plots(self) -> dict[str, Figure]:
        """Draw the figures that belong in a report, by name."""


def normal_estimate(
    estimand: str,
    value: float,
    standard_error: float,
    *,
    n: int,
    level: float = 0.95,
    unit: str = "",
    method: str = "",
) -> Estimate:
    """Return an estimate with normal interval and p value.

    Raises
    ------
    DataError
        If value or standard error is not finite, or the error is negative.
    """
    return student_estimate(
        estimand, value, standard_error, np.inf,
        n=n, level=level, unit=unit, method=method,
    )  # fmt: skip


def student_estimate(
    estimand: str,
    value: float,
    standard_error: float,
    degrees: float,
    *,
    n: int,
    level: float = 0.95,
    unit: str = "",
    method: str = "",
) -> Estimate:
    """Return an estimate with Student's interval and p value.

    Parameters
    ----------
    estimand, value, standard_error, n, level, unit, method
        As in :class:`Estimate`.
    degrees : float
        Degrees of freedom, > 0; infinity makes it normal.

    Raises
    ------
    DataError
        If value or standard error is not finite, the error is negative, or
        `degrees` is not positive.

    Notes
    -----
    With a standard error of zero the p value is 0, or 1 for a value of zero.

    Examples
    --------
    >>> estimate = student_estimate("att", 2.0, 1.0, float("inf"), n=10)
    >>> round(estimate.interval[0], 2), round(estimate.p_value, 4)
    (0.04, 0.0455)
    """
    if not np.isfinite(value):
        raise DataError(
            f"the {estimand} came out as {value} with standard error {standard_error} "
            f"from {n} rows; look for cells or clusters without rows"
        )
    if not (np.isfinite(standard_error) and standard_error >= 0):
        raise DataError(
            f"the {estimand} has standard error {standard_error} from {n} rows; there "
            "is too little independent variation to say how sure it is"
        )
    if not degrees > 0:
        raise DataError(
            f"the {estimand} leaves {degrees} degrees of freedom; it needs at least 1: "
            "use more clusters or fewer controls"
        )
    half = critical_value(level, degrees) * standard_error
    return Estimate(
        estimand=estimand,
        value=float(value),
        standard_error=float(standard_error),
        interval=(float(value - half), float(value + half)),
        level=level,
        p_value=two_sided_p(value, standard_error, degrees),
        n=int(n),
        unit=unit,
        method=method,
    )


def critical_value(level: float, degrees: float = np.inf) -> float:
    """Return the two-sided critical value of Student's or, at infinity, the normal law.

    Raises
    ------
    ValueError
        If `level` is outside (0, 1).
    """
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1, got {level}")
    upper = 0.5 + level / 2
    if np.isinf(degrees):
        return float(special.ndtri(upper))
    return float(special.stdtrit(degrees, upper))


def two_sided_p(value: float, standard_error: float, degrees: float = np.inf) -> float:
    """Return the two-sided p value of `value` against zero."""
    if standard_error == 0:
        return 1.0 if value == 0 else 0.0
    ratio = -abs(value / standard_error)
    tail = special.ndtr(ratio) if np.isinf(degrees) else special.stdtr(degrees, ratio)
    return float(2 * tail)
