"""How large an experiment must be, and what a given one can see."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import optimize, special

from assay.errors import ConfigError

ROWS_MAXIMUM = 1e12


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """What an experiment looks like before it has data.

    Attributes
    ----------
    deviation : float
        Standard deviation of the outcome between units, > 0.
    treated_share : float, default=0.5
        Share of treatment, in (0, 1).
    level : float, default=0.95
        Of the interval that will be reported.
    cluster_size : float, default=1
        Rows a cluster where clusters are assigned.
    intra_cluster_correlation : float, default=0
        Share of the variance that lies between clusters, in [0, 1].
    covariate_correlation : float, default=0
        Correlation of the outcome with the covariate of CUPED, in (-1, 1).

    Raises
    ------
    ConfigError
        If a value is out of its range.
    """

    deviation: float
    treated_share: float = 0.5
    level: float = 0.95
    cluster_size: float = 1.0
    intra_cluster_correlation: float = 0.0
    covariate_correlation: float = 0.0

    def __post_init__(self) -> None:
        ranges = (
            ("deviation", self.deviation > 0, "positive"),
            ("treated_share", 0 < self.treated_share < 1, "between 0 and 1"),
            ("level", 0 < self.level < 1, "between 0 and 1"),
            ("cluster_size", self.cluster_size >= 1, "at least 1"),
            (
                "intra_cluster_correlation",
                0 <= self.intra_cluster_correlation <= 1,
                "from 0 to 1",
            ),
            (
                "covariate_correlation",
                abs(self.covariate_correlation) < 1,
                "between -1 and 1",
            ),
        )
        for name, fine, wanted in ranges:
            if not fine:
                raise ConfigError(f"{name} must be {wanted}, got {getattr(self, name)}")

    @property
    def design_effect(self) -> float:
        """Variance over that of as many independent, unadjusted rows."""
        clustered = 1 + (self.cluster_size - 1) * self.intra_cluster_correlation
        return clustered * (1 - self.covariate_correlation**2)


def power(design: Design, *, effect: float, n_rows: float) -> float:
    """Return the probability of a significant difference, in [0, 1].

    Parameters
    ----------
    design : Design
        The experiment.
    effect : float
        True difference in means, in the outcome's unit.
    n_rows : float
        Rows in both arms together.

    Raises
    ------
    ConfigError
        If there are fewer than three independent units.

    Examples
    --------
    >>> round(power(Design(deviation=1.0), effect=0.5, n_rows=128), 4)
    0.8015
    """
    units = n_rows / design.cluster_size
    degrees = units - 2
    if degrees < 1:
        raise ConfigError(
            f"{n_rows:g} rows make {units:g} independent units; 3 are the least"
        )
    share = design.treated_share
    variance = design.deviation**2 * design.design_effect / (share * (1 - share))
    shift = abs(effect) / np.sqrt(variance / n_rows)
    # Not statsmodels' TTestIndPower: it can be NaN where the power is 1 (shift 20).
    critical = special.stdtrit(degrees, 0.5 + design.level / 2)
    if degrees > 1e6:
        return float(special.ndtr(shift - critical) + special.ndtr(-shift - critical))
    below = special.nctdtr(degrees, shift, critical)
    # Far from zero the other tail is below 1e-11 and its series loses accuracy.
    other = special.nctdtr(degrees, shift, -critical) if shift < 5 else 0.0
    return float(1 - below + other)


def required_rows(design: Design, *, effect: float, target: float = 0.8) -> int:
    """Return the fewest rows, both arms together, that reach the power `target`.

    Raises
    ------
    ConfigError
        If `effect` is zero, the target is out of range, or more than 1e12 rows are
        needed.

    Examples
    --------
    >>> required_rows(Design(deviation=1.0), effect=0.5)
    128
    """
    if effect == 0 or not np.isfinite(effect):
        raise ConfigError(f"effect must be finite and not zero, got {effect}")
    if not 1 - design.level < target < 1:
        raise ConfigError(
            f"target must lie between {1 - design.level:g} and 1, got {target}"
        )

    def gap(n_rows: float) -> float:
        return power(design, effect=effect, n_rows=n_rows) - target

    low = high = 3 * design.cluster_size
    if gap(low) >= 0:
        return int(np.ceil(low))
    while gap(high) < 0:
        low, high = high, 2 * high
        if high > ROWS_MAXIMUM:
            raise ConfigError(
                f"an effect of {effect:g} needs more than {ROWS_MAXIMUM:g} rows; raise "
                "the effect, or lower the variance with covariates"
            )
    return int(np.ceil(optimize.brentq(gap, low, high, xtol=1e-6) - 1e-6))


def detectable_effect(design: Design, *, n_rows: float, target: float = 0.8) -> float:
    """Return the smallest effect that `n_rows` find with power `target`.

    Raises
    ------
    ConfigError
        If the target is out of range or there are too few independent units.

    Examples
    --------
    >>> round(detectable_effect(Design(deviation=1.0), n_rows=128), 3)
    0.499
    """
    if not 1 - design.level < target < 1:
        raise ConfigError(
            f"target must lie between {1 - design.level:g} and 1, got {target}"
        )

    def gap(effect: float) -> float:
        return power(design, effect=effect, n_rows=n_rows) - target

    high = design.deviation
    while gap(high) < 0:
        high *= 2
    return float(optimize.brentq(gap, 0.0, high, xtol=1e-12 * high, rtol=1e-10))
