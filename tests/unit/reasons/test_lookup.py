"""The arrangement for speed changes no score and no contribution."""

import numpy as np
import pytest

from assay.models.trees import flat_trees
from assay.reasons.lookup import TreeLookup
from assay.reasons.tree_building import tree_table


@pytest.fixture(scope="module")
def trees(boosted):
    return flat_trees(boosted.pipeline[-1])


@pytest.fixture(scope="module")
def table(trees, contract):
    return tree_table(trees, len(contract.features), slope=1.25, intercept=-0.5)


@pytest.fixture(scope="module")
def matrix(trees, contract):
    """Random rows, then each threshold and its two neighbours, then missing values."""
    rng = np.random.default_rng(5)
    n_features = len(contract.features)
    cuts = [trees.thresholds_of(column) for column in range(n_features)]
    low = np.array([c.min() - 1 if len(c) else 0.0 for c in cuts])
    high = np.array([c.max() + 1 if len(c) else 1.0 for c in cuts])
    rows = [rng.uniform(low, high, size=(300, n_features))]
    for column, of_column in enumerate(cuts):
        for side in (-np.inf, 0.0, np.inf):
            beside = of_column if side == 0 else np.nextafter(of_column, side)
            changed = rng.uniform(low, high, size=(len(beside), n_features))
            changed[:, column] = beside
            rows.append(changed)
    gone = rng.uniform(low, high, size=(300, n_features))
    gone[rng.random(gone.shape) < 0.4] = np.nan
    gone[0] = np.nan
    return np.concatenate([*rows, gone])


def walked(trees, row):
    """Add up the leaves that a row reaches, one comparison at a time."""
    total = trees.baseline
    for root in trees.roots:
        node = int(root)
        while not trees.is_leaf[node]:
            value = row[trees.feature[node]]
            goes_left = (
                trees.missing_goes_left[node]
                if np.isnan(value)
                else value <= trees.threshold[node]
            )
            node = int(trees.left[node] if goes_left else trees.right[node])
        total += trees.value[node]
    return total


def test_a_rows_log_odds_are_those_of_a_walk_through_the_trees(trees, table, matrix):
    lookup = TreeLookup.of(table)
    found = [lookup.log_odds(lookup.patterns(row.tolist())) for row in matrix]
    walks = np.array([1.25 * walked(trees, row) - 0.5 for row in matrix])
    assert np.abs(found - walks).max() < 1e-12


def test_many_rows_score_as_each_alone(table, matrix):
    lookup = TreeLookup.of(table)
    alone = [lookup.log_odds(lookup.patterns(row.tolist())) for row in matrix]
    assert np.abs(lookup.log_odds_of(matrix) - alone).max() < 1e-12


def test_contributions_are_the_tables(table, matrix):
    lookup = TreeLookup.of(table)
    assert lookup.n_features == table.n_features
    found = lookup.contributions(matrix)
    assert np.abs(found - table.contributions(matrix)).max() < 1e-12


def test_no_rows_have_no_log_odds(table):
    assert TreeLookup.of(table).log_odds_of(np.empty((0, table.n_features))).shape == (0,)
