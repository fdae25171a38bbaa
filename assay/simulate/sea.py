"""Streams with abrupt concept drift at known places, after the SEA generator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assay.errors import ConfigError

CONCEPTS = (8.0, 9.0, 7.0, 9.5)
"""Limits on the sum of the first two features under which a row is bad by rule."""


@dataclass(frozen=True, slots=True, eq=False)
class Stream:
    """Rows in their order, with what only the simulation knows.

    Attributes
    ----------
    features : ndarray of shape (n_rows, 3)
        Uniform on [0, 10]; the third has no meaning.
    labels : ndarray of shape (n_rows,)
        Outcomes, 0 or 1.
    probabilities : ndarray of shape (n_rows,)
        Probability of 1 under the first concept: a champion that learned it perfectly.
    changes : tuple of int
        First rows of the later concepts.
    """

    features: NDArray[np.float64]
    labels: NDArray[np.float64]
    probabilities: NDArray[np.float64]
    changes: tuple[int, ...]


def simulate_sea(
    *,
    n_rows: int,
    seed: int,
    concepts: Sequence[float] = CONCEPTS,
    noise: float = 0.1,
) -> Stream:
    """Return a stream that changes its concept at even distances.

    Parameters
    ----------
    n_rows : int
        Rows over all concepts, at least one each.
    seed : int
        The same arguments give the same stream.
    concepts : sequence of float
        Limits of the concepts in their order; one alone is a stream without drift.
    noise : float in [0, 0.5)
        Chance that an outcome is not what the rule says.

    Raises
    ------
    ConfigError
        If a number is out of its range.

    References
    ----------
    W. Street, Y. Kim, "A streaming ensemble algorithm (SEA) for large-scale
    classification", KDD 2001.

    Examples
    --------
    >>> simulate_sea(n_rows=400, seed=1).changes
    (100, 200, 300)
    """
    if not concepts or n_rows < len(concepts) or not 0 <= noise < 0.5:
        raise ConfigError(
            f"{n_rows} rows over {len(concepts)} concepts with noise {noise:g}: give a "
            "row a concept, a concept, and noise in [0, 0.5)"
        )
    rng = np.random.default_rng(seed)
    features = rng.uniform(0, 10, (n_rows, 3))
    total = features[:, 0] + features[:, 1]
    changes = tuple(n_rows * k // len(concepts) for k in range(1, len(concepts)))
    concept = np.searchsorted(changes, np.arange(n_rows), side="right")
    chance = np.where(total <= np.asarray(concepts)[concept], 1 - noise, noise)
    first = np.where(total <= concepts[0], 1 - noise, noise)
    labels = (rng.random(n_rows) < chance).astype(np.float64)
    return Stream(features, labels, first, changes)
