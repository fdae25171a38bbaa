"""Intervals from resamples of rows, or from the influence of each row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from assay.errors import ConfigError
from assay.evaluation.interval import Interval, normal_interval

Floats: TypeAlias = NDArray[np.float64]

FEWEST_RESAMPLES = 100
"""Fewer say nothing about the ends of a 95 % interval."""

_CHUNK_CELLS = 400_000  # what a core keeps in its cache


def resample_counts(
    n_rows: int, n_resamples: int, rng: np.random.Generator
) -> Iterator[Floats]:
    """Yield how often each row is drawn, with replacement, a chunk of resamples a time.

    Yields
    ------
    ndarray of shape (n_sets, n_rows)
        Counts; each set sums to `n_rows`. A chunk holds about 400,000 counts.

    Raises
    ------
    ConfigError
        If fewer than 100 resamples are asked for.
    """
    if n_resamples < FEWEST_RESAMPLES:
        raise ConfigError(
            f"{n_resamples} resamples are too few for an interval; take at least "
            f"{FEWEST_RESAMPLES}"
        )
    per_chunk = max(1, _CHUNK_CELLS // n_rows)
    for first in range(0, n_resamples, per_chunk):
        n_sets = min(per_chunk, n_resamples - first)
        drawn = rng.integers(n_rows, size=(n_sets, n_rows), dtype=np.int64)
        drawn += np.arange(n_sets, dtype=np.int64)[:, None] * n_rows
        counts = np.bincount(drawn.ravel(), minlength=n_sets * n_rows)
        yield counts.reshape(n_sets, n_rows).astype(np.float64)


def intervals_of_resamples(
    values: dict[str, float], resampled: Iterable[dict[str, Floats]], level: float
) -> dict[str, Interval]:
    """Return percentile intervals, shifted so that resamples centre on the estimate.

    Resamples in which a metric is not defined do not count; a metric that is not
    defined on the rows themselves, or in most resamples, is left out.

    Ends are at (n + 1) p of the ordered resamples, which leaves p beyond them on average;
    the usual n - 1 leaves more: 3 % instead of 2.5 % with 200 resamples.
    """
    chunks = list(resampled)
    ends = [(1 - level) / 2, (1 + level) / 2]
    found = {}
    for name, value in values.items():
        draws = np.concatenate([chunk[name] for chunk in chunks])
        usable = draws[np.isfinite(draws)]
        if not np.isfinite(value) or 2 * len(usable) < len(draws):
            continue
        centred = usable - usable.mean() + value
        low, high = np.quantile(centred, ends, method="weibull")
        found[name] = Interval(
            value, min(float(low), value), max(float(high), value), level
        )
    return found


def intervals_of_influence(
    values: dict[str, float], influence: dict[str, Floats], level: float
) -> dict[str, Interval]:
    """Return normal intervals whose variance is the mean square influence over n_rows."""
    return {
        name: normal_interval(
            value, float(np.std(influence[name])) / np.sqrt(len(influence[name])), level
        )
        for name, value in values.items()
        if np.isfinite(value) and name in influence
    }
