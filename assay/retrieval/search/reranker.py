"""A light reranker: one weight a feature."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assay.errors import ConfigError
from assay.retrieval.search.features import FEATURES

Floats = NDArray[np.float32]
Weights = NDArray[np.float64]
CrossEncode = Callable[[str, Sequence[str]], Floats]


@dataclass(frozen=True, slots=True)
class Reranker:
    """A linear score of the candidates' features.

    Attributes
    ----------
    weights : ndarray of shape (len(FEATURES),)
        In the order of `FEATURES`.
    """

    weights: Weights

    def __post_init__(self) -> None:
        if self.weights.shape != (len(FEATURES),):
            raise ConfigError(
                f"the reranker has {self.weights.size} weights for {len(FEATURES)} "
                "features; train it again with these features"
            )

    def scores(self, features: Floats) -> Floats:
        """Return the score of each candidate, shape (n_candidates,)."""
        return np.asarray(features @ self.weights, dtype=np.float32)
