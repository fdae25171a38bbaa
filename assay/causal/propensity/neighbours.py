"""Nearest neighbours on one score, by sorting; rows at the same distance all count."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assay.causal.rows import Floats, Positions
from assay.errors import DataError

# Propensities closer than this differ by rounding only.
SAME_SCORE = 1e-12


@dataclass(frozen=True, slots=True)
class Windows:
    """For each target, the run of sorted pool rows that are its neighbours.

    Attributes
    ----------
    order : ndarray of shape (n_pool,)
        Positions that sort the pool by score.
    first, last : ndarray of shape (n_targets,)
        Neighbours of target i are ``order[first[i]:last[i]]``.
    distance : ndarray of shape (n_targets,)
        Of the farthest neighbour.
    """

    order: Positions
    first: Positions
    last: Positions
    distance: Floats

    @property
    def sizes(self) -> Floats:
        """Neighbours of each target, shape (n_targets,)."""
        return (self.last - self.first).astype(np.float64)

    def means(self, values: Floats) -> Floats:
        """Return the mean of pool `values` over each target's neighbours.

        Parameters
        ----------
        values : ndarray of shape (n_pool,) or (n_pool, n_columns)
        """
        sums, centre = self._running(values)
        sizes = self.sizes if values.ndim == 1 else self.sizes[:, None]
        return np.asarray((sums[self.last] - sums[self.first]) / sizes + centre)

    def covariances(self, columns: Floats, values: Floats) -> Floats:
        """Return the sample covariance of `columns` with `values` among neighbours.

        Parameters
        ----------
        columns : ndarray of shape (n_pool, n_columns)
        values : ndarray of shape (n_pool,)

        Returns
        -------
        ndarray of shape (n_targets, n_columns)
        """
        centred = columns - columns.mean(axis=0)
        deviations = (values - values.mean())[:, None]
        product = self.means(centred * deviations)
        gap = product - self.means(centred) * self.means(deviations)
        sizes = self.sizes[:, None]
        return np.asarray(gap * sizes / np.maximum(sizes - 1, 1))

    def uses(self, power: int = 1) -> Floats:
        """Return how often each pool row serves, a share of each target it serves.

        Parameters
        ----------
        power : int, default=1
            Power of the share; 2 gives the sum of squared shares.

        Returns
        -------
        ndarray of shape (n_pool,)
        """
        share = self.sizes**-power
        steps = np.zeros(self.order.size + 1)
        steps += np.bincount(self.first, weights=share, minlength=steps.size)
        steps -= np.bincount(self.last, weights=share, minlength=steps.size)
        found = np.empty(self.order.size)
        found[self.order] = np.cumsum(steps)[:-1]
        # Adding and taking away leaves rounding where nothing is served.
        return np.where(found < 1e-9, 0.0, found)

    def _running(self, values: Floats) -> tuple[Floats, Floats]:
        # Centred first: running sums of large values would lose their last digits.
        centre = np.asarray(values.mean(axis=0))
        ordered = (values - centre)[self.order]
        zero = np.zeros((1, *values.shape[1:]))
        return np.concatenate([zero, np.cumsum(ordered, axis=0)]), centre


def nearest(targets: Floats, pool: Floats, n_neighbours: int) -> Windows:
    """Return, for each target, its nearest pool rows, all tied ones included.

    Parameters
    ----------
    targets : ndarray of shape (n_targets,)
        Scores to be matched.
    pool : ndarray of shape (n_pool,)
        Scores to match with.
    n_neighbours : int
        Fewest neighbours of a target, >= 1.

    Raises
    ------
    DataError
        If the pool has fewer rows than that.
    """
    if n_neighbours < 1:
        raise ValueError(f"n_neighbours must be at least 1, got {n_neighbours}")
    if pool.size < n_neighbours:
        raise DataError(
            f"{n_neighbours} neighbours were asked for among {pool.size} rows; ask for "
            "fewer or give more rows to compare with"
        )
    order = np.argsort(pool, kind="stable")
    scores = pool[order]
    middle = np.searchsorted(scores, targets)
    distance = np.full(targets.size, np.inf)
    for back in range(n_neighbours + 1):
        start = np.clip(middle - back, 0, pool.size - n_neighbours)
        reach = np.maximum(
            targets - scores[start], scores[start + n_neighbours - 1] - targets
        )
        distance = np.minimum(distance, reach)
    first = np.searchsorted(scores, targets - distance - SAME_SCORE, side="left")
    last = np.searchsorted(scores, targets + distance + SAME_SCORE, side="right")
    return Windows(order, first, last, distance)
