"""Profiles by hand: counts, ties, constants, sketches."""

import numpy as np
import pytest

from assay.errors import DataError
from assay.monitoring.profile import category_profile, number_profile


def test_a_profile_is_the_empirical_distribution_function():
    profile = number_profile([3.0, 1.0, 1.0, np.nan, 2.0, 3.0, 3.0])
    assert profile.values.tolist() == [1.0, 2.0, 3.0]
    assert profile.ranks.tolist() == [2, 3, 6]
    assert (profile.n_known, profile.n_missing, profile.n_rows) == (6, 1, 7)
    assert profile.missing_share == pytest.approx(1 / 7)
    assert profile.rank_error == 0


def test_bins_hold_equal_counts_where_values_are_distinct():
    profile = number_profile(np.random.default_rng(0).permutation(1_000))
    assert profile.counts.tolist() == [100] * 10
    assert profile.edges.tolist() == [100.0 * k for k in range(1, 10)]


def test_few_distinct_values_get_a_bin_each():
    profile = number_profile([0.0] * 90 + [1.0] * 8 + [2.0] * 2)
    assert profile.counts.tolist() == [90, 8, 2]


def test_a_constant_has_a_bin_on_each_side_of_it():
    profile = number_profile([5.0] * 4)
    assert profile.counts.tolist() == [0, 4, 0]


def test_a_column_without_values_has_no_edge():
    profile = number_profile([np.nan, np.nan])
    assert (len(profile.values), profile.n_known, profile.n_missing) == (0, 0, 2)
    assert profile.counts.tolist() == [0]


def test_a_sketch_keeps_few_values_and_says_what_it_lost():
    values = np.random.default_rng(1).normal(size=10_000)
    whole, sketch = number_profile(values), number_profile(values, most_points=100)
    assert len(sketch.values) <= 102
    assert (sketch.values[0], sketch.values[-1]) == (values.min(), values.max())
    at = np.searchsorted(sketch.values, whole.values, side="right") - 1
    lost = np.max(whole.ranks - sketch.ranks[at])
    assert lost == sketch.rank_error
    assert 90 <= sketch.rank_error <= 110
    assert sketch.counts.tolist() == whole.counts.tolist()


def test_an_infinite_value_is_refused_with_its_number():
    with pytest.raises(DataError, match="2 of 3 values are infinite"):
        number_profile([1.0, np.inf, -np.inf])


def test_a_table_is_not_a_column():
    with pytest.raises(DataError, match="2 axes"):
        number_profile(np.zeros((2, 2)))


def test_categories_keep_the_contracts_order_and_add_what_else_was_found():
    profile = category_profile(["own", "rent"], {"rent": 3, "castle": 1}, 2)
    assert profile.categories == ("own", "rent", "castle")
    assert profile.counts.tolist() == [0, 3, 1]
    assert (profile.n_known, profile.n_rows) == (4, 6)
    assert profile.missing_share == pytest.approx(2 / 6)
