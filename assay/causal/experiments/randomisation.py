"""Randomisation inference: what the same data show under other assignments."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray

from assay.causal.panel import Floats
from assay.errors import DataError

BATCH_DRAWS = 500
DISTINCT_MAXIMUM = 200
TIE = 1e-10


def randomisation_p(
    outcomes: Floats, treated: Floats, *, n_draws: int, seed: int = 0
) -> float:
    """Return the p value of no effect on any unit.

    Parameters
    ----------
    outcomes : ndarray of shape (n_units,)
        Outcomes (or cluster means).
    treated : ndarray of shape (n_units,)
        1.0 for treated, 0.0 for control.
    n_draws : int
        Re-assignments; where there are no more, all are enumerated.
    seed : int
        Batch b of 500 takes stream b.

    Raises
    ------
    DataError
        If an arm has fewer than two units.

    Notes
    -----
    The statistic is Welch's t, which also keeps the level for the hypothesis of no
    average effect in large samples [1]_. Re-assignments of outcomes with few distinct
    values are drawn as counts, so their cost does not grow with the rows. Drawn p
    values count the sample itself.

    References
    ----------
    .. [1] J. Wu and P. Ding, "Randomization Tests for Weak Null Hypotheses in
       Randomized Experiments", Journal of the American Statistical Association 116
       (2021).
    """
    n, n_treated = outcomes.size, int(treated.sum())
    if min(n_treated, n - n_treated) < 2:
        raise DataError(
            f"arms have {n - n_treated} and {n_treated} units; each needs at least 2"
        )
    values, codes = np.unique(outcomes, return_inverse=True)
    counts = np.bincount(codes)
    observed = np.bincount(codes, weights=treated, minlength=values.size)
    # Deviations from the mean keep the sums of squares from cancelling.
    centred = values - (counts @ values) / n
    total = _ratio(observed[None, :], counts, centred, n_treated)[0]
    enumerated = comb(n, n_treated) <= n_draws
    batches = (
        _all_assignments(codes, n_treated, values.size)
        if enumerated
        else _drawn(counts, codes, n_treated, n_draws, seed)
    )
    extreme = n_seen = 0
    for assigned in batches:
        ratios = _ratio(assigned, counts, centred, n_treated)
        extreme += int(np.count_nonzero(ratios >= total * (1 - TIE)))
        n_seen += assigned.shape[0]
    return extreme / n_seen if enumerated else (extreme + 1) / (n_seen + 1)


def _ratio(
    assigned: NDArray[np.number], counts: NDArray[np.intp], values: Floats, n_treated: int
) -> Floats:
    """Return squared Welch ratios of assignments given as counts a value."""
    n_control = int(counts.sum()) - n_treated
    sums, squares = assigned @ values, assigned @ values**2
    total, total_squares = counts @ values, counts @ values**2
    mean, other = sums / n_treated, (total - sums) / n_control
    variance = (squares / n_treated - mean**2) / (n_treated - 1)
    variance = variance + ((total_squares - squares) / n_control - other**2) / (
        n_control - 1
    )
    top = (mean - other) ** 2
    zero = variance <= np.finfo(float).eps * np.maximum(total_squares, 1e-300)
    undefined = np.where(top > 0, np.inf, 0.0)
    return np.asarray(np.where(zero, undefined, top / np.where(zero, 1.0, variance)))


def _all_assignments(
    codes: NDArray[np.intp], n_treated: int, n_values: int
) -> Iterator[NDArray[np.number]]:
    # Sorted, so that the order of the rows cannot change the order of the sums.
    ordered = np.sort(codes)
    for chosen in combinations(range(codes.size), n_treated):
        yield np.bincount(ordered[list(chosen)], minlength=n_values)[None, :]


def _drawn(
    counts: NDArray[np.intp],
    codes: NDArray[np.intp],
    n_treated: int,
    n_draws: int,
    seed: int,
) -> Iterator[NDArray[np.number]]:
    ordered = np.sort(codes)
    n_batches = -(-n_draws // BATCH_DRAWS)
    for batch, stream in enumerate(np.random.SeedSequence(seed).spawn(n_batches)):
        rng = np.random.default_rng(stream)
        size = min(BATCH_DRAWS, n_draws - batch * BATCH_DRAWS)
        if counts.size <= DISTINCT_MAXIMUM:
            yield rng.multivariate_hypergeometric(
                counts, n_treated, size=size, method="marginals"
            )
            continue
        for _ in range(size):
            picked = rng.choice(ordered, n_treated, replace=False, shuffle=False)
            yield np.bincount(picked, minlength=counts.size)[None, :]
