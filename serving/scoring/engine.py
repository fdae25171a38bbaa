"""From a row of the design matrix to a probability and its contributions.

A version's reasons are exact and add up to its score, so their table scores as well, and
sooner than the graph: on the reference model 11 microseconds a row against 95. It is used
only where it proves on the version's own thresholds that it answers as the graph does.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from assay.bundle import Bundle, Scorer
from assay.reasons import Explainer
from assay.reasons.lookup import TreeLookup
from assay.reasons.proof import probability_of, prove

Floats: TypeAlias = NDArray[np.float64]

MANY = 64
"""From so many rows on, `TreeExits` is quicker than `TreeLookup`."""


class TreeEngine:
    """Scores of a tree ensemble, from its table.

    Parameters
    ----------
    lookup : TreeLookup
        The version's table.
    threshold : float
        Probability at or above which the decision is the adverse one.
    """

    def __init__(self, lookup: TreeLookup, threshold: float) -> None:
        self._lookup, self._threshold = lookup, threshold

    @classmethod
    def of(
        cls, bundle: Bundle, scorer: Scorer, explainer: Explainer | None
    ) -> Self | None:
        """Return the engine of a version, or None where it has no table of trees.

        Raises
        ------
        BundleError
            If table and graph differ by more than 1e-12 at or beside a threshold, on a
            missing value or an unseen word.
        """
        if explainer is None or not isinstance(explainer.table, TreeLookup):
            return None
        lookup, golden = explainer.table, explainer.matrix(bundle.golden.rows)
        ways = [
            lambda rows: probability_of(lookup.log_odds_of(rows)),
            lambda rows: probability_of(lookup.exits.log_odds_of(rows)),
        ]
        prove(ways, lookup.cuts, golden, scorer, bundle.contract)
        return cls(lookup, bundle.manifest.threshold)

    def decide(self, row: Sequence[float]) -> tuple[float, Floats | None]:
        """Return a row's probability, and its contributions where it is adverse."""
        lookup = self._lookup
        patterns = lookup.patterns(row)
        probability = _expit(lookup.log_odds(patterns))
        if probability >= self._threshold:
            return probability, lookup.weights(patterns)
        return probability, None

    def probabilities(self, matrix: Floats) -> Floats:
        """Return the probability of each row, shape (n_rows,)."""
        lookup = self._lookup
        many = len(matrix) >= MANY
        return probability_of((lookup.exits if many else lookup).log_odds_of(matrix))

    def weights_of(self, matrix: Floats) -> Iterator[Floats]:
        """Give the contributions of each row, shape (n_features,)."""
        lookup = self._lookup
        for start in range(0, len(matrix), MANY):  # patterns of all would fill memory
            for of_row in lookup.patterns_of(matrix[start : start + MANY]):
                yield lookup.weights(of_row)


def _expit(log_odds: float) -> float:
    if log_odds >= 0:
        return 1.0 / (1.0 + math.exp(-log_odds))
    odds = math.exp(log_odds)
    return odds / (1.0 + odds)
