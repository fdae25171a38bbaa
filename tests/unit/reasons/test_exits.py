"""Rows by the leaf each tree ends in: the sum of a walk through every tree."""

import dataclasses

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

from assay.models.trees import flat_trees
from assay.reasons.exits import TreeExits
from assay.reasons.leaves import MOST, leaf_groups
from assay.reasons.lookup import TreeLookup
from assay.reasons.tree_building import tree_table


def rows_for(trees, n_features, n_random=400):
    """Random rows, each threshold and its two neighbours, gaps, and what is far out."""
    rng = np.random.default_rng(5)
    cuts = [trees.thresholds_of(column) for column in range(n_features)]
    finite = [cut[np.isfinite(cut)] for cut in cuts]
    low = np.array([c.min() - 1 if len(c) else 0.0 for c in finite])
    high = np.array([c.max() + 1 if len(c) else 1.0 for c in finite])
    rows = [rng.uniform(low, high, size=(n_random, n_features))]
    for column, of_column in enumerate(cuts):
        for beside in (
            of_column,
            np.nextafter(of_column, -np.inf),
            np.nextafter(of_column, np.inf),
            np.array([np.nan, -1.0, np.inf, -np.inf, 1e308]),
        ):
            changed = rng.uniform(low, high, size=(len(beside), n_features))
            changed[:, column] = beside
            rows.append(changed)
    gone = rng.uniform(low, high, size=(300, n_features))
    gone[rng.random(gone.shape) < 0.4] = np.nan
    gone[0] = np.nan
    return np.concatenate([*rows, gone])


@pytest.fixture(scope="module", params=[1, 2, 3, 4, 6])
def fitted(request):
    """Fit an ensemble of a depth on rows with gaps; return trees, table and model."""
    rng = np.random.default_rng(request.param)
    matrix = np.column_stack(
        [
            rng.normal(size=3000),
            rng.lognormal(8, 2, size=3000),
            rng.integers(-1, 4, size=3000).astype(float),
            rng.integers(0, 2, size=3000).astype(float),
            rng.uniform(size=3000),
        ]
    )
    matrix[rng.random(matrix.shape) < 0.1] = np.nan
    odds = np.nan_to_num(matrix[:, 0]) + np.isnan(matrix[:, 4]) - matrix[:, 3] % 2
    labels = rng.random(3000) < 1 / (1 + np.exp(-np.nan_to_num(odds)))
    model = HistGradientBoostingClassifier(
        max_iter=40, max_depth=request.param, early_stopping=False, random_state=0
    ).fit(matrix, labels)
    trees = flat_trees(model)
    return trees, tree_table(trees, 5, slope=1.25, intercept=-0.5), model


def test_log_odds_are_the_trainers_at_thresholds_and_with_gaps(fitted):
    trees, table, model = fitted
    rows = rows_for(trees, 5)
    expected = 1.25 * model.decision_function(rows) - 0.5
    assert np.abs(TreeExits.of(table).log_odds_of(rows) - expected).max() < 1e-12


def test_log_odds_are_those_of_the_other_arrangement(fitted):
    trees, table, _ = fitted
    rows = rows_for(trees, 5)
    expected = TreeLookup.of(table).log_odds_of(rows)
    assert np.abs(TreeExits.of(table).log_odds_of(rows) - expected).max() < 1e-12


def test_a_row_is_in_one_leaf_of_a_group_at_most_and_groups_are_small(fitted):
    trees, table, _ = fitted
    groups, _ = leaf_groups(table)
    assert max(map(len, groups)) <= MOST
    rows = rows_for(trees, 5, n_random=50)
    both = np.concatenate([rows, np.where(np.isnan(rows), -np.inf, rows)], axis=1)
    for group in groups:
        n_in = sum(
            np.logical_and.reduce(
                [
                    (both[:, column] <= threshold) == out
                    for (column, threshold), out in leaf.conditions.items()
                ]
            ).astype(int)
            for leaf in group
        )
        assert n_in.max() <= 1


def test_a_tree_of_depth_four_is_one_group(fitted):
    trees, table, _ = fitted
    if (
        int(
            np.bincount(
                np.searchsorted(trees.roots, np.flatnonzero(trees.is_leaf), side="right")
                - 1
            ).max()
        )
        <= MOST + 1
    ):
        groups, _ = leaf_groups(table)
        assert len(groups) <= len(trees.roots)


def test_any_number_of_rows_is_scored_and_the_matrix_stays_as_it_was(fitted):
    trees, table, _ = fitted
    exits, rows = TreeExits.of(table), rows_for(trees, 5, n_random=9_000)
    before = rows.copy()
    whole = exits.log_odds_of(rows)
    for n in (0, 1, 255, 256, 257, 4096, 4097):
        assert np.array_equal(exits.log_odds_of(rows[:n]), whole[:n])
    assert np.array_equal(rows, before, equal_nan=True)


def test_a_table_without_a_comparison_gives_every_row_the_same(fitted):
    _, table, _ = fitted
    bare = dataclasses.replace(
        table,
        columns=np.zeros(8, dtype=np.int64),
        thresholds=np.full(8, np.nan),
        features=np.zeros(1, dtype=np.int64),
        starts=np.array([0]),
        values=np.zeros((1, 1)),
    )
    found = TreeExits.of(bare).log_odds_of(np.zeros((3, 5)))
    assert np.array_equal(found, np.full(3, table.expected))
