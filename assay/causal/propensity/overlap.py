"""Whether treated and untreated rows can be compared at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from assay.causal.propensity.weights import Estimand, effective_rows
from assay.causal.rows import Bools, Floats
from assay.errors import DataError

Trim: TypeAlias = float | tuple[float, float] | Literal["crump"] | None


@dataclass(frozen=True, slots=True)
class Overlap:
    """How well two arms share the range of their propensity.

    Attributes
    ----------
    treated_range, untreated_range : tuple of two float
        Smallest and largest propensity of each arm.
    overlap_share : float
        Share of the rows the estimand is about whose propensity lets them be compared.
    effective_treated, effective_untreated : float
        Equally weighted rows that carry as much information as the weighted arm.
    effective_share : float
        The smaller of the two, over the rows of its arm, among arms that are reweighted.
    largest_weight_share : float
        Of one row in its arm.
    discrimination : float
        Area under the ROC curve of the propensity; 0.5 is random assignment.
    """

    treated_range: tuple[float, float]
    untreated_range: tuple[float, float]
    overlap_share: float
    effective_treated: float
    effective_untreated: float
    effective_share: float
    largest_weight_share: float
    discrimination: float


def assess_overlap(
    treated: Bools,
    propensity: Floats,
    weights: Floats,
    *,
    estimand: Estimand = "ate",
    edge: float = 0.1,
) -> Overlap:
    """Return how far the propensity lets two arms be compared.

    Parameters
    ----------
    treated, propensity, weights : ndarray of shape (n_rows,)
    estimand : {"ate", "att", "atc", "ato"}, default="ate"
        Decides whose overlap counts, and on which side: the treated need untreated
        rows like them, not the reverse.
    edge : float, default=0.1
        Propensities below it, or above one minus it, count as without counterpart.
    """
    p_1, p_0 = propensity[treated], propensity[~treated]
    low, high = propensity >= edge, propensity <= 1 - edge
    comparable = {
        "ate": low & high,
        "ato": low & high,
        "att": high,
        "atc": low,
    }[estimand]
    member = {
        "ate": np.ones(treated.size),
        "ato": propensity * (1 - propensity),
        "att": treated.astype(np.float64),
        "atc": (~treated).astype(np.float64),
    }[estimand]
    rows_1, rows_0 = effective_rows(weights[treated]), effective_rows(weights[~treated])
    shares = {"1": rows_1 / p_1.size, "0": rows_0 / p_0.size}
    if estimand in ("att", "atc"):
        shares.pop("1" if estimand == "att" else "0")
    top = max(float(weights[a].max() / weights[a].sum()) for a in (treated, ~treated))
    return Overlap(
        (float(p_1.min()), float(p_1.max())),
        (float(p_0.min()), float(p_0.max())),
        float(member @ comparable / member.sum()),
        rows_1,
        rows_0,
        min(shares.values()),
        top,
        discrimination(treated, propensity),
    )


def discrimination(treated: Bools, propensity: Floats) -> float:
    """Return the area under the ROC curve of a propensity, ties counting a half.

    Examples
    --------
    >>> discrimination(np.array([True, False, False]), np.array([0.5, 0.5, 0.1]))
    0.75
    """
    ranked = np.sort(propensity[~treated])
    below = np.searchsorted(ranked, propensity[treated], side="left")
    at_most = np.searchsorted(ranked, propensity[treated], side="right")
    return float((below + at_most).mean() / (2 * ranked.size))


def crump_edge(propensity: Floats) -> float:
    """Return the edge at which trimming minimises the variance of the remaining ATE.

    Parameters
    ----------
    propensity : ndarray of shape (n_rows,)
        In (0, 1).

    Returns
    -------
    float
        In [0, 0.5); 0 where no trimming helps. Rows in [edge, 1 - edge] stay.

    References
    ----------
    .. [1] R. K. Crump, V. J. Hotz, G. W. Imbens and O. A. Mitnik, "Dealing with limited
       overlap in estimation of average treatment effects", Biometrika 96, 2009.

    Examples
    --------
    >>> crump_edge(np.array([0.4, 0.5, 0.6]))
    0.0
    """
    cost = np.sort(1 / (propensity * (1 - propensity)))
    mean = np.cumsum(cost) / np.arange(1, cost.size + 1)
    if cost[-1] <= 2 * mean[-1]:
        return 0.0
    # The largest cost still below twice the mean of those up to it.
    last = int(np.flatnonzero(cost <= 2 * mean)[-1])
    limit = 2 * mean[last]
    return float(0.5 - np.sqrt(max(0.25 - 1 / limit, 0.0)))


def trimmed(propensity: Floats, trim: Trim) -> Bools:
    """Return which rows stay.

    Parameters
    ----------
    propensity : ndarray of shape (n_rows,)
    trim : float, tuple of two float, "crump" or None
        An edge (0.1 keeps [0.1, 0.9]), a range, Crump's edge, or everything.

    Raises
    ------
    DataError
        If nothing stays.
    """
    if trim is None:
        return np.ones(propensity.size, dtype=np.bool_)
    if isinstance(trim, tuple):
        low, high = trim
    else:
        edge = crump_edge(propensity) if trim == "crump" else float(trim)
        low, high = edge, 1 - edge
    if not 0 <= low < high <= 1:
        raise ValueError(f"trim must leave a range inside [0, 1], got [{low}, {high}]")
    kept = (propensity >= low) & (propensity <= high)
    if not kept.any():
        raise DataError(
            f"no propensity of {propensity.size} lies in [{low:g}, {high:g}]; the "
            f"median is {np.median(propensity):.3g}: trim less"
        )
    return np.asarray(kept)
