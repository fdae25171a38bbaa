"""Intervals when trends part by at most a multiple of what they did before."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from assay.causal.panel import Floats

DRAWS = 100_000
GRID = 2_001
ZOOM = 65
ZOOMS = 5
COLLAPSED = 1e-20
HYBRID_SHARE = 0.1  # of alpha spent on the first stage, as the authors recommend


@dataclass(frozen=True, slots=True)
class _Direction:
    """One way in which the largest violation before the start can have happened.

    The target is rejected when the largest of a few linear statistics, the extreme
    rays of the dual linear programme, is too large. Each falls or rises linearly in
    the target: ``offsets - slopes * target``.
    """

    offsets: Floats
    slopes: Floats
    covariance: Floats
    first_stage: float


def magnitude_interval(
    beta: Floats,
    sigma: Floats,
    n_pre: int,
    target: Floats,
    alpha: float,
    normal: Floats,
    bound: float,
) -> tuple[float, float]:
    """Return the hybrid conditional interval for the target.

    Arguments as in :func:`~assay.causal.differences.honest.honest_intervals`, and
    `normal` from :func:`first_stage_draws`.

    Notes
    -----
    The test is the conditional least favourable hybrid of [1]_ on the inequalities
    after the start, and the interval the union over where and in which direction the
    largest violation occurred [2]_. First differences make the dual programme's rays
    known in closed form, so no linear programme is solved: all values of the target
    are tested at once, and the first-stage critical value rests on 100,000 draws
    where the R package has 1,000.

    References
    ----------
    .. [1] I. Andrews, J. Roth and A. Pakes, "Inference for Linear Conditional Moment
       Inequalities", Review of Economic Studies 90 (2023).
    .. [2] A. Rambachan and J. Roth, "A More Credible Approach to Parallel Trends",
       Review of Economic Studies 90 (2023).
    """
    kappa = HYBRID_SHARE * alpha
    directions = [
        _direction(beta, sigma, n_pre, target, bound, step, sign, normal, kappa)
        for step in range(n_pre)
        for sign in (1.0, -1.0)
    ]
    size = (alpha - kappa) / (1 - kappa)
    return _ends(directions, size, _centre_and_scale(beta, sigma, n_pre, target, bound))


def first_stage_draws(sigma: Floats, seed: int) -> Floats:
    """Return draws of shape (n, 100_000) of the coefficients' sampling error."""
    rng = np.random.default_rng(seed)
    return np.linalg.cholesky(sigma) @ rng.standard_normal((sigma.shape[0], DRAWS))


def _direction(
    beta: Floats,
    sigma: Floats,
    n_pre: int,
    target: Floats,
    bound: float,
    step: int,
    sign: float,
    normal: Floats,
    kappa: float,
) -> _Direction:
    n, n_post = beta.size, target.size
    largest = np.zeros(n)
    # The reference, between the periods before and after, is zero and has no column.
    if step + 1 < n_pre:
        largest[step + 1] = sign
    largest[step] = -sign
    moves = _moves(n, n_pre)
    rows = np.vstack([moves, -moves]) - bound * largest
    deviations = np.sqrt(np.einsum("ij,jk,ik->i", rows, sigma, rows))
    rays = _rays(target)
    rays = rays / (rays @ deviations)[:, None]
    combined = rays @ rows
    slopes = np.zeros(n_post + 2)
    # Only the two rays along the target move with it, by one over their scale.
    loads = np.cumsum(target[::-1])[::-1]
    slopes[-2] = 1 / (np.abs(loads) @ _along(deviations, loads))
    slopes[-1] = -1 / (np.abs(loads) @ _along(deviations, -loads))
    covariance = combined @ sigma @ combined.T
    # With a bound of zero the pairs of opposite moves cancel and restrict nothing.
    moving = np.diag(covariance) > COLLAPSED * covariance[-1, -1]
    combined, slopes = combined[moving], slopes[moving]
    simulated = np.max(combined @ normal, axis=0)
    return _Direction(
        combined @ beta,
        slopes,
        covariance[np.ix_(moving, moving)],
        float(np.quantile(simulated, 1 - kappa)),
    )


def _moves(n: int, n_pre: int) -> Floats:
    """Return the changes from period to period after the start, one a row."""
    moves = np.zeros((n - n_pre, n))
    for period in range(n - n_pre):
        moves[period, n_pre + period] = 1.0
        if period:
            moves[period, n_pre + period - 1] = -1.0
    return moves


def _rays(target: Floats) -> Floats:
    """Return the extreme rays, shape (n_post + 2, 2 n_post), before scaling.

    In moves from period to period the target is a weighted sum with these loads. A
    combination of inequalities that leaves the other directions free either pairs the
    two sides of one move, or follows the target up, or down.
    """
    n_post = target.size
    pairs = np.hstack([np.eye(n_post), np.eye(n_post)])
    loads = np.cumsum(target[::-1])[::-1]
    up = np.concatenate([np.maximum(loads, 0), np.maximum(-loads, 0)])
    down = np.concatenate([np.maximum(-loads, 0), np.maximum(loads, 0)])
    return np.vstack([pairs, up, down])


def _along(deviations: Floats, loads: Floats) -> Floats:
    n_post = loads.size
    return np.where(loads >= 0, deviations[:n_post], deviations[n_post:])


def _accepted(direction: _Direction, values: Floats, size: float) -> Floats:
    """Return for each value of the target whether this direction keeps it (1.0)."""
    statistics = direction.offsets - values[:, None] * direction.slopes
    at = np.argmax(statistics, axis=1)
    largest = statistics[np.arange(values.size), at]
    variance = np.diag(direction.covariance)[at]
    ratio = direction.covariance[at] / variance[:, None]
    gap = statistics - ratio * largest[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        edge = gap / (1 - ratio)
    tolerance = 1e-9
    low = np.max(np.where(ratio < 1 - tolerance, edge, -np.inf), axis=1)
    high = np.min(np.where(ratio > 1 + tolerance, edge, np.inf), axis=1)
    deviation = np.sqrt(variance)
    top = np.minimum(high, direction.first_stage) / deviation
    critical = np.maximum(_truncated_quantile(1 - size, low / deviation, top), 0.0)
    kept = (largest / deviation <= critical) & (largest <= direction.first_stage)
    return np.asarray(kept, dtype=np.float64)


def _truncated_quantile(p: float, low: Floats, high: Floats) -> Floats:
    """Return the quantile of a standard normal cut to [low, high], stable in tails."""
    log_low, log_high = special.log_ndtr(-low), special.log_ndtr(-high)
    upper_tail = np.logaddexp(np.log1p(-p) + log_low, np.log(p) + log_high)
    from_above = -special.ndtri_exp(np.minimum(upper_tail, 0.0))
    lower = np.logaddexp(
        np.log1p(-p) + special.log_ndtr(low), np.log(p) + special.log_ndtr(high)
    )
    from_below = special.ndtri_exp(np.minimum(lower, 0.0))
    return np.asarray(np.where(low > 0, from_above, from_below))


def _centre_and_scale(
    beta: Floats, sigma: Floats, n_pre: int, target: Floats, bound: float
) -> tuple[float, float]:
    before = np.append(beta[:n_pre], 0.0)
    loads = np.abs(np.cumsum(target[::-1])[::-1]).sum()
    spread = np.sqrt(np.diag(sigma).max())
    violation = np.abs(np.diff(before)).max() + 4 * spread
    width = bound * loads * violation + 8 * np.abs(target).sum() * spread
    return float(target @ beta[n_pre:]), float(width)


def _ends(
    directions: list[_Direction], size: float, window: tuple[float, float]
) -> tuple[float, float]:
    def kept(values: Floats) -> Floats:
        found = [_accepted(direction, values, size) for direction in directions]
        return np.asarray(np.max(np.asarray(found), axis=0))

    centre, width = window
    values = centre + np.linspace(-width, width, GRID)
    inside = np.flatnonzero(kept(values))
    while inside.size and (inside[0] == 0 or inside[-1] == GRID - 1):
        width *= 2
        values = centre + np.linspace(-width, width, GRID)
        inside = np.flatnonzero(kept(values))
    if not inside.size:
        return float("nan"), float("nan")
    ends = []
    for at, step in ((inside[0], -1), (inside[-1], 1)):
        within, beyond = float(values[at]), float(values[at + step])
        for _ in range(ZOOMS):
            finer = np.linspace(within, beyond, ZOOM)
            last = int(np.flatnonzero(kept(finer))[-1])
            within, beyond = float(finer[last]), float(finer[min(last + 1, ZOOM - 1)])
        ends.append(within)
    return ends[0], ends[1]
