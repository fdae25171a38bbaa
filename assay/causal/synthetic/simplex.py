"""Least squares over the simplex, exactly, one problem or thousands at once.

Minimise ``w' G w / 2 - c' w`` over ``w >= 0, sum(w) = 1``. On a given support the
solution is one linear system; the methods here differ in how they move between supports.
Nothing depends on a tolerance of progress: the answer is the solution on its support,
and its optimality residual says how exact that is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack

from assay.errors import DataError

Floats: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]

# Relative to the Gram matrix's mean diagonal. Picks one solution where there are many
# (more donors than periods) and moves unique ones by about as much.
_RIDGE = 1e-12
_DUAL_TOLERANCE = 1e-10
_WEIGHT_TOLERANCE = 1e-12
_EXCHANGES = 3
_ROUNDS = 60


@dataclass(frozen=True, slots=True)
class SimplexFit:
    """Solution of one problem.

    Attributes
    ----------
    weights : ndarray of shape (n,)
        On the simplex; zeros are exact.
    optimality_residual : float
        Largest violation of the optimality conditions, over the mean diagonal of the
        Gram matrix: about 1e-16 to 1e-11 for a solution.
    n_steps : int
        Supports tried.
    """

    weights: Floats
    optimality_residual: float
    n_steps: int


@dataclass(frozen=True, slots=True)
class SimplexBatch:
    """Solutions of many problems of one size.

    Attributes
    ----------
    weights : ndarray of shape (n_problems, n)
        Each row on the simplex.
    optimality_residuals : ndarray of shape (n_problems,)
        As in :class:`SimplexFit`.
    """

    weights: Floats
    optimality_residuals: Floats


def simplex_fit(gram: Floats, linear: Floats, start: Flags | None = None) -> SimplexFit:
    """Solve one problem by a primal active set; the objective falls at every step.

    Parameters
    ----------
    gram : ndarray of shape (n, n)
        Positive semi-definite.
    linear : ndarray of shape (n,)
    start : ndarray of shape (n,) of bool, optional
        Support to start from, say that of a similar problem.

    Raises
    ------
    DataError
        If an entry is not finite.

    References
    ----------
    Lawson and Hanson, *Solving Least Squares Problems*, 1974, chapter 23.
    """
    _refuse_gaps(gram, linear)
    n = linear.size
    scale = _scale(gram)
    ridged = gram + _RIDGE * scale * np.eye(n)
    support = np.zeros(n, dtype=bool)
    if start is None or not start.any():
        support[np.argmin(np.diag(gram) / 2 - linear)] = True
    else:
        support |= start
    weights = support / np.count_nonzero(support)
    n_steps = 0
    for _ in range(10 * n + 20):
        n_steps += 1
        weights, support = _descend(ridged, linear, weights, support)
        slope = ridged @ weights - linear
        slope -= slope[support].sum() / np.count_nonzero(support)
        slope[support] = 0
        entering = int(np.argmin(slope))
        if slope[entering] >= -_DUAL_TOLERANCE * scale:
            break
        support[entering] = True
    weights = _polished(gram, linear, weights)
    return SimplexFit(weights, float(_residuals(gram, linear, weights)), n_steps)


def simplex_batch(
    grams: Floats, linears: Floats, start: Flags | None = None
) -> SimplexBatch:
    """Solve many problems of one size at once by exchanging whole sets of donors.

    Parameters
    ----------
    grams : ndarray of shape (n_problems, n, n)
        Positive semi-definite matrices.
    linears : ndarray of shape (n_problems, n)
    start : ndarray of shape (n,) or (n_problems, n) of bool, optional
        Support to start from.

    Notes
    -----
    Every problem swaps all donors that break a sign condition at once, which settles in
    a handful of rounds; one that stops improving swaps them singly, and one that has
    still not settled is handed to :func:`simplex_fit`.

    References
    ----------
    Kim and Park, "Fast Nonnegative Matrix Factorization: An Active-Set-Like Method",
    SIAM Journal on Scientific Computing, 2011 (block principal pivoting).
    """
    _refuse_gaps(grams, linears)
    n_problems, n = linears.shape
    scales = _scale(grams)
    ridged = grams + (_RIDGE * scales)[:, None, None] * np.eye(n)
    cheapest = np.argmin(np.einsum("bii->bi", grams) / 2 - linears, axis=1)
    if start is None:
        support = np.eye(n, dtype=bool)[cheapest]
    else:
        support = np.broadcast_to(start, (n_problems, n)).copy()
        bare = np.flatnonzero(~support.any(axis=1))
        support[bare, cheapest[bare]] = True
    weights = np.zeros((n_problems, n))
    state = _Exchange.begin(n_problems, n)
    open_ = np.arange(n_problems)
    for _ in range(_ROUNDS):
        inside = support[open_]
        solved, slope = _on_support(ridged[open_], linears[open_], inside)
        wrong = np.where(
            inside, solved < 0, slope < -_DUAL_TOLERANCE * scales[open_, None]
        )
        settled = ~wrong.any(axis=1)
        weights[open_[settled]] = solved[settled]
        open_, inside, wrong = open_[~settled], inside[~settled], wrong[~settled]
        if not open_.size:
            break
        moved = inside ^ state.exchanged(open_, wrong)
        empty = ~moved.any(axis=1)
        moved[empty, cheapest[open_[empty]]] = True
        support[open_] = moved
    for problem in open_:
        weights[problem] = simplex_fit(grams[problem], linears[problem]).weights
    weights = np.maximum(weights, 0)
    weights /= weights.sum(axis=1, keepdims=True)
    return SimplexBatch(weights, _residuals(grams, linears, weights))


@dataclass(frozen=True, slots=True)
class _Exchange:
    """Memory of the exchange rule: fewest wrong signs so far, full swaps left."""

    fewest: NDArray[np.intp]
    patience: NDArray[np.intp]

    @classmethod
    def begin(cls, n_problems: int, n: int) -> _Exchange:
        return cls(np.full(n_problems, n + 1), np.full(n_problems, _EXCHANGES))

    def exchanged(self, problems: NDArray[np.intp], wrong: Flags) -> Flags:
        """Return which donors to swap, and remember how far that got."""
        count = wrong.sum(axis=1)
        better = count < self.fewest[problems]
        patient = self.patience[problems] > 0
        self.fewest[problems[better]] = count[better]
        self.patience[problems] = np.where(
            better, _EXCHANGES, self.patience[problems] - 1
        )
        single = np.zeros_like(wrong)
        last = wrong.shape[1] - 1 - np.argmax(wrong[:, ::-1], axis=1)
        single[np.arange(last.size), last] = True
        return np.where((better | patient)[:, None], wrong, single)


def _on_support(grams: Floats, linears: Floats, inside: Flags) -> tuple[Floats, Floats]:
    """Solve each problem on its support; return weights and slopes off it."""
    size = int(inside.sum(axis=1).max())
    # The members of each support first; what fills a shorter one up is switched off.
    member = np.argsort(~inside, axis=1, kind="stable")[:, :size]
    problem = np.arange(member.shape[0])[:, None]
    is_used = inside[problem, member]
    system = grams[problem[:, :, None], member[:, :, None], member[:, None, :]]
    system *= is_used[:, :, None] & is_used[:, None, :]
    np.einsum("bii->bi", system)[...] += ~is_used
    sides = np.stack([linears[problem, member] * is_used, is_used], axis=2)
    solved = np.linalg.solve(system, sides.astype(np.float64))
    first, second = solved[:, :, 0], solved[:, :, 1]
    price = (first.sum(axis=1) - 1) / second.sum(axis=1)
    weights = np.zeros_like(linears)
    weights[problem, member] = first - price[:, None] * second
    slope = (grams @ weights[:, :, None])[:, :, 0] - linears + price[:, None]
    return weights, slope


def _descend(
    gram: Floats, linear: Floats, weights: Floats, support: Flags
) -> tuple[Floats, Flags]:
    """Go to the solution on the support, leaving donors behind that hit zero."""
    support = support.copy()
    while True:
        index = np.flatnonzero(support)
        solved = _equality_solution(gram[index[:, None], index], linear[index])
        target = np.zeros(weights.size)
        target[index] = solved
        if solved.min() > 0:
            return target, support
        blocked = index[solved <= 0]
        drop = weights[blocked] - target[blocked]
        share = np.divide(
            weights[blocked], drop, out=np.zeros(blocked.size), where=drop > 0
        )
        step = float(share.min())
        weights = np.where(support, weights + step * (target - weights), 0.0)
        weights[blocked[share <= step]] = 0
        support &= weights > _WEIGHT_TOLERANCE
        if not support.any():
            support[blocked[0]] = True


def _equality_solution(gram: Floats, linear: Floats) -> Floats:
    sides = np.ones((linear.size, 2), order="F")
    sides[:, 0] = linear
    # Straight to LAPACK: small systems by the thousand cost more in checks than in work.
    _, solved, failed = lapack.dposv(gram, sides)
    if failed:  # not positive definite to the last bit
        solved = np.linalg.solve(gram, sides)
    first, second = solved[:, 0], solved[:, 1]
    price = (first.sum() - 1) / second.sum()
    return np.asarray(first - price * second)


def _polished(gram: Floats, linear: Floats, weights: Floats) -> Floats:
    """Solve once more on the final support without the ridge, where that is defined."""
    index = np.flatnonzero(weights > 0)
    block = gram[index[:, None], index]
    polished = np.zeros_like(weights)
    if _reciprocal_condition(block) > _RIDGE:
        polished[index] = _equality_solution(block, linear[index])
        if (polished[index] > 0).all():
            weights = polished
    return np.asarray(weights / weights.sum())


def _reciprocal_condition(gram: Floats) -> float:
    """Return the reciprocal condition number in the 1-norm; 0 if it is singular."""
    factor, failed = lapack.dpotrf(gram)
    if failed:
        return 0.0
    found, _ = lapack.dpocon(factor, np.abs(gram).sum(axis=0).max())
    return float(found)


def _residuals(grams: Floats, linears: Floats, weights: Floats) -> Floats:
    slope = (grams @ weights[..., None])[..., 0] - linears
    used = weights > 0
    price = np.where(used, slope, 0.0).sum(axis=-1) / used.sum(axis=-1)
    gap = slope - price[..., None]
    broken = np.where(used, np.abs(gap), np.maximum(-gap, 0))
    return np.asarray(broken.max(axis=-1) / _scale(grams))


def _scale(grams: Floats) -> Floats:
    size = grams.shape[-1]
    mean = np.trace(grams, axis1=-2, axis2=-1) / size
    return np.asarray(np.maximum(mean, np.finfo(np.float64).tiny))


def _refuse_gaps(grams: Floats, linears: Floats) -> None:
    if not (np.isfinite(grams).all() and np.isfinite(linears).all()):
        raise DataError(
            "the series to be weighted have missing or infinite values; drop the donors "
            "that miss periods or shorten the panel"
        )
