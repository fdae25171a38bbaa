"""Exact distances against scipy, within 1e-9, on random tables."""

import numpy as np
import pytest
from scipy.stats import ks_2samp, wasserstein_distance

from assay.monitoring.distances import ks_distance, wasserstein
from assay.monitoring.profile import number_profile


def columns(rng, n_tables):
    """Yield pairs with ties, integers, constants, single rows and shifts."""
    for number in range(n_tables):
        n, m = rng.integers(1, 900, 2)
        if number % 5 == 0:
            yield rng.integers(0, 8, n) * 1.0, rng.integers(0, 9, m) * 1.0
        elif number % 5 == 1:
            yield rng.normal(size=n), rng.normal(rng.choice([0, 0.3]), size=m)
        elif number % 5 == 2:
            yield np.round(rng.normal(size=n), 1), np.round(rng.normal(size=m), 1)
        elif number % 5 == 3:
            yield np.full(n, 2.0), rng.choice([1.0, 2.0, 3.0], m)
        else:
            yield rng.normal(size=n), rng.normal(size=1)


def test_a_thousand_tables_agree_with_scipy():
    rng = np.random.default_rng(5)
    for before, now in columns(rng, 1_000):
        profile, ordered = number_profile(before), np.sort(now)
        oracle = ks_2samp(before, now, method="asymp").statistic
        assert ks_distance(profile, ordered) == pytest.approx(oracle, abs=1e-9)
        area = wasserstein_distance(before, now)
        assert wasserstein(profile, ordered) == pytest.approx(area, abs=1e-9)


@pytest.mark.parametrize("shift", [0.0, 0.001, 0.1, 20.0])
def test_the_search_by_cells_is_exact_where_cells_are_many(shift):
    rng = np.random.default_rng(6)
    before, now = rng.normal(size=40_000), rng.normal(shift, size=15_000)
    oracle = ks_2samp(before, now, method="asymp").statistic
    found = ks_distance(number_profile(before), np.sort(now))
    assert found == pytest.approx(oracle, abs=1e-12)


def test_a_sketch_is_off_by_no_more_than_it_says():
    rng = np.random.default_rng(7)
    before, now = rng.normal(size=20_000), np.sort(rng.normal(0.02, size=5_000))
    exact = ks_distance(number_profile(before), now)
    sketch = number_profile(before, most_points=500)
    assert abs(ks_distance(sketch, now) - exact) <= sketch.rank_error / sketch.n_known


def test_a_side_without_values_has_no_distance():
    some, none = number_profile([1.0, 2.0]), number_profile([np.nan])
    assert np.isnan(ks_distance(some, np.empty(0)))
    assert np.isnan(ks_distance(none, np.array([1.0])))
    assert np.isnan(wasserstein(some, np.empty(0)))
    assert np.isnan(wasserstein(none, np.array([1.0])))


def test_a_move_of_everything_is_one_and_its_length():
    profile = number_profile(np.arange(300.0))
    moved = np.arange(300.0) + 1_000
    assert ks_distance(profile, moved) == 1.0
    assert wasserstein(profile, moved) == pytest.approx(1_000)
