"""Distances of counts by hand and against scipy, within 1e-9."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon
from scipy.stats import chi2_contingency

from assay.errors import DataError
from assay.monitoring.distances import chi_square, jensen_shannon, population_stability

COUNTS = st.lists(st.integers(0, 500), min_size=2, max_size=12)


@given(COUNTS, st.randoms(use_true_random=False))
def test_the_index_is_symmetric_and_not_negative(counts, order):
    other = list(counts)
    order.shuffle(other)
    if not sum(counts):
        return
    there, back = population_stability(counts, other), population_stability(other, counts)
    assert there == pytest.approx(back, abs=1e-12)
    assert there >= 0


def test_the_index_by_hand():
    # (.6 - .5) ln(.6 / .5) + (.4 - .5) ln(.4 / .5)
    by_hand = 0.1 * np.log(1.2) - 0.1 * np.log(0.8)
    assert population_stability([5, 5], [6, 4]) == pytest.approx(by_hand, abs=1e-15)


def test_an_empty_bin_counts_as_a_ten_thousandth():
    by_hand = (0.5 - 1e-4) * np.log(0.5 / 1e-4) + (0.5 - 1) * np.log(0.5)
    assert population_stability([0, 10], [5, 5]) == pytest.approx(by_hand, abs=1e-12)


def test_several_windows_at_once():
    both = population_stability([5, 5], [[6, 4], [5, 5]])
    assert both.shape == (2,)
    assert both[1] == 0


def test_a_thousand_tables_agree_with_scipy():
    rng = np.random.default_rng(11)
    for _ in range(1_000):
        n_bins = int(rng.integers(2, 12))
        table = rng.multinomial(rng.integers(1, 300, 2), rng.dirichlet([0.4] * n_bins))
        before, now = table
        assert jensen_shannon(before, now) == pytest.approx(
            jensenshannon(before, now), abs=1e-9
        )
        held = table[:, table.sum(axis=0) > 0]
        statistic, degrees = chi_square(before, now)
        if held.shape[1] < 2:
            assert degrees == 0
            continue
        oracle = chi2_contingency(held, correction=False)
        assert statistic == pytest.approx(oracle.statistic, abs=1e-9)
        assert degrees == oracle.dof


def test_a_side_without_rows_has_no_distance():
    assert np.isnan(population_stability([0, 0], [1, 2]))
    assert np.isnan(jensen_shannon([1, 2], [0, 0]))
    assert np.isnan(chi_square([1, 2], [0, 0])[0])


@pytest.mark.parametrize(
    ("before", "now", "told"),
    [([1, 2], [1, 2, 3], "same bins"), ([1, -2], [1, 2], "negative")],
)
def test_bins_that_do_not_fit_are_refused(before, now, told):
    with pytest.raises(DataError, match=told):
        population_stability(before, now)
