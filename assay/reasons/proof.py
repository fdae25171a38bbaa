"""Prove that a version's table scores as its graph does, where they could differ."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from assay.bundle import Bundle, Scorer
from assay.contract import Contract
from assay.errors import BundleError
from assay.reasons.document import REASONS, read_explainer
from assay.reasons.exits import TreeExits
from assay.reasons.explainer import UNSEEN
from assay.reasons.trees import TreeTable

Floats: TypeAlias = NDArray[np.float64]

LIMIT = 1e-12
"""Largest difference in probability between the table and the graph."""

UNSEEN_WORD = "a word that no contract lists"


def prove(
    ways: Sequence[Callable[[Floats], Floats]],
    cuts: Sequence[Sequence[float]],
    golden: Floats,
    scorer: Scorer,
    contract: Contract,
) -> None:
    """Compare ways to score with the graph at and beside every threshold.

    Parameters
    ----------
    ways : sequence of callable
        From rows of the design matrix to probabilities.
    cuts : sequence of sequence of float
        Thresholds of each feature.
    golden : ndarray of shape (n_rows, n_features)
        The version's golden rows, which the others are made from.
    scorer : Scorer
        The graph.
    contract : Contract
        Names the features.

    Raises
    ------
    BundleError
        If one differs by more than 1e-12 at or beside a threshold, on a missing value or
        an unseen word.
    """
    probes = _with_known_codes(_probes(golden, cuts), contract)
    expected = scorer.from_feeds(_feeds(probes, contract))
    for way in ways:
        differences = np.abs(way(probes) - expected)
        n_wrong = int(np.count_nonzero(~(differences <= LIMIT)))
        if n_wrong:
            raise BundleError(
                f"{n_wrong} of {len(probes)} rows at the version's thresholds score "
                f"otherwise by its table of reasons than by its graph, by up to "
                f"{np.max(differences):.3g}; train the version again, do not serve it"
            )


def proven_exits(bundle: Bundle, scorer: Scorer) -> TreeExits | None:
    """Return what scores many rows of a version quickly; None where it has no trees.

    Raises
    ------
    BundleError
        If it does not score as the version's graph, or its file does not read.
    """
    content = bundle.document(REASONS)
    if content is None:
        return None
    golden, contract = bundle.golden, bundle.contract
    explainer = read_explainer(content, contract, golden.rows, golden.probabilities)
    table = explainer.table
    if not isinstance(table, TreeTable):
        return None
    exits = TreeExits.of(table)
    cuts: list[list[float]] = [[] for _ in contract.features]
    for column, threshold in zip(
        table.columns.tolist(), table.thresholds.tolist(), strict=True
    ):
        if not math.isnan(threshold):
            cuts[column % table.n_features].append(threshold)
    prove(
        [lambda rows: probability_of(exits.log_odds_of(rows))],
        cuts,
        explainer.matrix(golden.rows),
        scorer,
        contract,
    )
    return exits


def probability_of(log_odds: Floats) -> Floats:
    """Return the probability of calibrated log-odds, without overflow at either end."""
    odds = np.exp(-np.abs(log_odds))
    return np.where(log_odds >= 0, 1.0, odds) / (1.0 + odds)


def _probes(golden: Floats, cuts_of: Sequence[Sequence[float]]) -> Floats:
    """Return rows with a value at, below and above each threshold, and with gaps."""
    rows = [golden]
    for column, cuts in enumerate(cuts_of):
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
