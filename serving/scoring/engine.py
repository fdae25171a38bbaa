"""From a row of the design matrix to a probability and its contributions.

A version's reasons are exact and add up to its score, so their table scores as well, and
sooner than the graph: on the reference model 11 microseconds a row against 95. It is used
only where it proves on the version's own thresholds that it answers as the graph does.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from assay.bundle import Bundle, Scorer
from assay.contract import Contract
from assay.errors import BundleError
from assay.reasons import Explainer
from assay.reasons.explainer import UNSEEN
from assay.reasons.lookup import TreeLookup

Floats: TypeAlias = NDArray[np.float64]

LIMIT = 1e-12
"""Largest difference in probability between the table and the graph."""

UNSEEN_WORD = "a word that no contract lists"


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
        engine = cls(explainer.table, bundle.manifest.threshold)
        golden = explainer.matrix(bundle.golden.rows)
        probes = _with_known_codes(_probes(golden, engine._lookup), bundle.contract)
        feeds = _feeds(probes, bundle.contract)
        differences = np.abs(engine.probabilities(probes) - scorer.from_feeds(feeds))
        n_wrong = int(np.count_nonzero(~(differences <= LIMIT)))
        if n_wrong:
            raise BundleError(
                f"{n_wrong} of {len(probes)} rows at the version's thresholds score "
                f"otherwise by its table of reasons than by its graph, by up to "
                f"{np.max(differences):.3g}; train the version again, do not serve it"
            )
        return engine

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
        found: Floats = np.fromiter(
            map(_expit, self._lookup.log_odds_of(matrix).tolist()), np.float64
        )
        return found

    def weights(self, row: Sequence[float]) -> Floats:
        """Return the contributions of one row, shape (n_features,)."""
        return self._lookup.weights(self._lookup.patterns(row))


def _expit(log_odds: float) -> float:
    if log_odds >= 0:
        return 1.0 / (1.0 + math.exp(-log_odds))
    odds = math.exp(log_odds)
    return odds / (1.0 + odds)


def _probes(golden: Floats, lookup: TreeLookup) -> Floats:
    """Return rows with a value at, below and above each threshold, and with gaps."""
    rows = [golden]
    for column, cuts in enumerate(lookup.cuts):
        finite = np.array([cut for cut in cuts if math.isfinite(cut)])
        beside = [finite, np.nextafter(finite, -np.inf), np.nextafter(finite, np.inf)]
        values = np.concatenate([*beside, [np.nan, UNSEEN]])
        changed = golden[np.arange(len(values)) % len(golden)].copy()
        changed[:, column] = values
        rows.append(changed)
    return np.concatenate(rows)


def _with_known_codes(matrix: Floats, contract: Contract) -> Floats:
    """Return rows with whole codes of words: the graph takes no word between two."""
    found = matrix.copy()
    for column, field in enumerate(contract.features):
        if field.has_text_categories:
            codes = np.floor(matrix[:, column])
            found[:, column] = np.clip(codes, UNSEEN, len(field.categories) - 1)
    return found


def _feeds(matrix: Floats, contract: Contract) -> dict[str, NDArray[Any]]:
    """Return rows of the design matrix as the inputs of the graph."""
    feeds: dict[str, NDArray[Any]] = {}
    for column, field in enumerate(contract.features):
        values = matrix[:, column]
        if field.has_text_categories:
            words = (*field.categories, UNSEEN_WORD)  # the last also at -1
            codes = values.tolist()
            given = ["" if math.isnan(code) else words[int(code)] for code in codes]
            feeds[field.name] = np.array(given, dtype=object)
        else:
            feeds[field.name] = np.ascontiguousarray(values)
    return feeds
