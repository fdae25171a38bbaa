"""Uniform bands by the multiplier bootstrap of influence functions."""

from __future__ import annotations

import numpy as np
from scipy import special

from assay.causal.panel import Floats

BATCH_DRAWS = 100


def multiplier_draws(influence: Floats, *, n_draws: int, seed: int) -> Floats:
    """Return bootstrap deviations of shape (n_draws, n_effects).

    Parameters
    ----------
    influence : ndarray of shape (n_clusters, n_effects)
        Influence of each cluster.
    n_draws : int
        Draws of random signs.
    seed : int
        Batch b of 100 draws takes stream b of the seed, so that any division of the
        batches among workers gives the same draws.
    """
    n_clusters = influence.shape[0]
    n_batches = -(-n_draws // BATCH_DRAWS)
    streams = np.random.SeedSequence(seed).spawn(n_batches)
    batches = [signed_means(influence, stream) for stream in streams]
    stacked = np.concatenate(batches) if batches else np.empty((0, influence.shape[1]))
    return np.asarray(stacked[:n_draws] / n_clusters)


def signed_means(influence: Floats, stream: np.random.SeedSequence) -> Floats:
    """Return one batch of randomly signed sums, shape (100, n_effects)."""
    rng = np.random.default_rng(stream)
    signs = rng.integers(0, 2, size=(BATCH_DRAWS, influence.shape[0]), dtype=np.int8)
    return np.asarray((2.0 * signs - 1.0) @ influence)


def uniform_critical_value(
    influence: Floats, *, level: float, n_draws: int, seed: int
) -> float:
    """Return the value that all studentised effects stay below at once.

    Notes
    -----
    Draws are scaled by their interquartile range, which outliers do not move [1]_.
    Never below the pointwise value.

    References
    ----------
    .. [1] B. Callaway and P. H. C. Sant'Anna, "Difference-in-differences with
       multiple time periods", Journal of Econometrics 225 (2021), algorithm 1.
    """
    draws = multiplier_draws(influence, n_draws=n_draws, seed=seed)
    upper, lower = np.quantile(draws, [0.75, 0.25], axis=0)
    scale = (upper - lower) / (2 * special.ndtri(0.75))
    moving = scale > 0
    if not moving.any():
        return float(special.ndtri(0.5 + level / 2))
    largest = np.max(np.abs(draws[:, moving]) / scale[moving], axis=1)
    pointwise = float(special.ndtri(0.5 + level / 2))
    return max(float(np.quantile(largest, level)), pointwise)
