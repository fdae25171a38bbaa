"""Two arms of an experiment as sufficient statistics."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from assay.causal.assumptions import Assumption, limit, untestable
from assay.causal.differences.cells import grouped_sums
from assay.causal.estimate import two_sided_p
from assay.causal.panel import Floats, binary, numeric, present
from assay.errors import DataError


@dataclass(frozen=True, slots=True)
class Arms:
    """Counts, means and variances of control (first) and treated (second).

    Attributes
    ----------
    counts, means, variances : ndarray of shape (2,)
        Variances divide by n - 1.
    """

    counts: Floats
    means: Floats
    variances: Floats

    @property
    def difference(self) -> float:
        """Mean of the treated minus mean of the controls."""
        return float(self.means[1] - self.means[0])

    @property
    def standard_error(self) -> float:
        """Welch's standard error of the difference."""
        return float(np.sqrt((self.variances / self.counts).sum()))

    @property
    def degrees(self) -> float:
        """Welch and Satterthwaite's degrees of freedom."""
        return satterthwaite(self.variances / self.counts, self.counts - 1)


def read_arms(frame: pd.DataFrame, outcome: str, treated: str) -> Arms:
    """Return both arms of a frame, whatever the order of its rows.

    Raises
    ------
    DataError
        If a column is missing or not numeric, the treatment is not 0/1 or does not
        vary, or an arm has fewer than two rows.
    """
    present(frame, [outcome, treated])
    arm = binary(frame, treated).astype(np.intp)
    y = numeric(frame, outcome)
    counts = np.bincount(arm, minlength=2).astype(np.float64)
    if counts.min() < 2:
        raise DataError(
            f"arms have {counts[0]:.0f} and {counts[1]:.0f} rows; each needs at least 2"
        )
    means = grouped_sums(arm, y, 2) / counts
    squares = grouped_sums(arm, (y - means[arm]) ** 2, 2)
    return Arms(counts, means, squares / (counts - 1))


def satterthwaite(variances: Floats, degrees: Floats) -> float:
    """Return the degrees of freedom of a sum of estimated variances.

    Infinite where every variance is zero.
    """
    bottom = float((variances**2 / degrees).sum())
    return float(variances.sum() ** 2 / bottom) if bottom else float("inf")


def sample_ratio(counts: Floats, treated_share: float) -> Assumption:
    """Judge whether as many were treated as planned.

    Parameters
    ----------
    counts : ndarray of shape (2,)
        Units, or clusters, in control and treatment.
    treated_share : float
        Planned share of treatment, in (0, 1).
    """
    if not 0 < treated_share < 1:
        raise ValueError(f"treated_share must lie between 0 and 1, got {treated_share}")
    n = counts.sum()
    gap = float(counts[1] - n * treated_share)
    deviation = float(np.sqrt(n * treated_share * (1 - treated_share)))
    p_value = two_sided_p(gap, deviation)
    bad = p_value < limit("sample_ratio_p")
    return Assumption(
        name="assignment as planned",
        statement=f"{treated_share:.0%} of the units were put into treatment by chance",
        tested=True,
        statistic=gap / deviation,
        p_value=p_value,
        threshold=limit("sample_ratio_p"),
        state="broken" if bad else "holds",
        finding=f"{counts[1]:.0f} of {n:.0f} were treated, {counts[1] / n:.2%} "
        f"(p {p_value:.3g})",
        advice="find out who is missing before reading any effect: logging, redirects, "
        "filters applied after assignment"
        if bad
        else "",
    )


def planned_assignment(
    counts: Floats, treated_share: float | None, assigned: str = "units"
) -> Assumption:
    """Judge the planned share where one is given; else state that it was kept."""
    if treated_share is not None:
        return sample_ratio(counts, treated_share)
    return untestable(
        "assignment as planned",
        f"{assigned} were assigned at random in the planned shares",
        "give treated_share, the planned share, to have it checked",
    )


def no_interference() -> Assumption:
    """Return the assumption that units do not affect each other."""
    return untestable(
        "no interference",
        "the treatment of one unit does not change the outcome of another",
        "randomise clusters or time blocks if units share a market, queue or budget",
    )
