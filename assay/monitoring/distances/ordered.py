"""Distances of numeric columns from a stored distribution function."""

from __future__ import annotations

import numpy as np

from assay.monitoring.profile.columns import Floats, Integers, NumberProfile

GRID_STEP = 128
"""Distinct reference values in one cell of the grid that the search starts from."""


def ks_distance(profile: NumberProfile, ordered: Floats) -> float:
    """Return the largest gap of the two distribution functions, in [0, 1].

    Parameters
    ----------
    profile : NumberProfile
        The reference; the answer is exact where its `rank_error` is 0, and off by at
        most ``rank_error / n_known`` elsewhere.
    ordered : ndarray of shape (n_known,)
        Known values of the window, rising.

    Returns
    -------
    float
        NaN where a side has no value.

    Notes
    -----
    The gap is first taken on a grid of reference values. Inside a cell both functions
    only rise, so that the gap there cannot pass a bound that the cell's ends give; only
    cells whose bound passes the best gap found are looked at row by row.

    References
    ----------
    N. Smirnov, "Table for estimating the goodness of fit of empirical distributions",
    Annals of Mathematical Statistics, 1948 (the statistic).

    Examples
    --------
    >>> from assay.monitoring.profile import number_profile
    >>> ks_distance(number_profile([1.0, 2.0, 3.0, 4.0]), np.array([3.0, 4.0, 5.0]))
    0.5
    """
    n_current, n_reference = len(ordered), profile.n_known
    if not n_current or not n_reference:
        return float("nan")
    cells = np.append(
        np.arange(0, len(profile.values) - 1, GRID_STEP), len(profile.values) - 1
    )
    below = np.searchsorted(ordered, profile.values[cells], side="left") / n_current
    within = np.searchsorted(ordered, profile.values[cells], side="right") / n_current
    before = np.where(cells > 0, profile.ranks[cells - 1], 0) / n_reference
    reached = profile.ranks[cells] / n_reference
    best = max(
        float(np.max(np.abs(within - reached))), float(np.max(np.abs(below - before)))
    )
    # In the open cell (k, k + 1) both functions lie between these ends.
    bounds = np.maximum(before[1:] - within[:-1], below[1:] - reached[:-1])
    for first, last in _runs(bounds > best):
        if bounds[first:last].max() > best:
            start, end = cells[first], cells[last]
            best = max(best, _gap_inside(profile, ordered, int(start), int(end)))
    return best


def wasserstein(profile: NumberProfile, ordered: Floats) -> float:
    """Return the area between the two distribution functions, in the column's unit.

    References
    ----------
    L. Kantorovich, "On the translocation of masses", 1942; on the line the distance is
    the area between the distribution functions (S. Vallender, 1974).

    Examples
    --------
    >>> from assay.monitoring.profile import number_profile
    >>> wasserstein(number_profile([0.0, 1.0]), np.array([5.0, 6.0]))
    5.0
    """
    if not len(ordered) or not profile.n_known:
        return float("nan")
    points = np.concatenate((profile.values, ordered))
    points.sort(kind="stable")  # two sorted runs are merged, not sorted
    before = _at(profile.values, profile.ranks, points[:-1]) / profile.n_known
    now = np.searchsorted(ordered, points[:-1], side="right") / len(ordered)
    return float(np.abs(before - now) @ np.diff(points))


def _gap_inside(profile: NumberProfile, ordered: Floats, start: int, end: int) -> float:
    """Return the largest gap at the window's values between two reference values."""
    values = profile.values[start : end + 1]
    ranks = profile.ranks[start : end + 1]
    first = int(np.searchsorted(ordered, values[0], side="right"))
    last = int(np.searchsorted(ordered, values[-1], side="left"))
    if first == last:
        return 0.0  # no row of the window is inside: the cell's ends say all
    inside = ordered[first:last]
    turns = np.flatnonzero(inside[:-1] != inside[1:]) + 1
    starts, ends = np.append(0, turns), np.append(turns, len(inside))
    points = inside[starts]
    upto = _at(values, ranks, points) / profile.n_known
    under = ranks[np.searchsorted(values, points, side="left") - 1] / profile.n_known
    gaps = upto - (first + ends) / len(ordered), under - (first + starts) / len(ordered)
    return float(max(np.max(np.abs(gaps[0])), np.max(np.abs(gaps[1]))))


def _at(values: Floats, ranks: Integers, points: Floats) -> Integers:
    """Return the rows of the reference at or below each point."""
    place = np.searchsorted(values, points, side="right")
    return np.where(place > 0, ranks[place - 1], 0)


def _runs(chosen: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> list[tuple[int, int]]:
    """Return starts and ends (exclusive) of the runs of True."""
    steps = np.flatnonzero(np.diff(np.concatenate(([False], chosen, [False]))))
    return [(int(a), int(b)) for a, b in zip(steps[::2], steps[1::2], strict=True)]
