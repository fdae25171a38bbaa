"""Tolerances of shares are four binomial standard errors."""

import numpy as np
import pytest

from assay.errors import DataError
from assay.monitoring.alarms import psi_p_value, psi_quantile
from assay.monitoring.distances import number_drift, population_stability
from assay.monitoring.profile import number_profile


@pytest.mark.parametrize("draw", ["normal", "exponential", "uniform"])
def test_p_values_of_raw_columns_are_uniform_whatever_their_law(draw):
    rng = np.random.default_rng(2)
    found = []
    for _ in range(1_500):
        profile = number_profile(getattr(rng, draw)(size=500))
        window = number_drift("x", profile, getattr(rng, draw)(size=80), with_area=False)
        found.append(
            float(
                psi_p_value(
                    np.append(profile.counts, profile.n_missing)[:-1],
                    window.current_counts,
                )
            )
        )
    for level in (0.05, 0.2, 0.5):
        error = 4 * np.sqrt(level * (1 - level) / len(found))
        assert np.mean(np.array(found) <= level) == pytest.approx(level, abs=error)


@pytest.mark.parametrize("n_current", [100, 2_000_000])
def test_windows_pass_the_quantile_as_often_as_its_level_says(n_current):
    rng, reference = np.random.default_rng(5), [200_000] * 10
    limit = psi_quantile(reference, n_current, 0.05)
    counts = rng.multinomial(n_current, rng.dirichlet(reference, size=20_000))
    passed = population_stability(reference, counts) > limit
    assert passed.mean() == pytest.approx(0.05, abs=4 * np.sqrt(0.0475 / 20_000))
    assert np.mean(psi_p_value(reference, counts) <= 0.05) == pytest.approx(
        passed.mean(), abs=0.002
    )
    assert psi_p_value(reference, [n_current / 10] * 10) == pytest.approx(1.0)


def test_the_field_notes_figure_at_a_thousand_rows():
    # Without drift the 99th percentile at 1,000 rows is 0.021 for an endless reference;
    # E[PSI] = 9 (1/n + 1/m).
    limit = psi_quantile([1_000_000] * 10, 1_000, 0.01)
    assert limit == pytest.approx(0.022, abs=0.0015)


def test_both_laws_agree_where_they_meet():
    reference, n_current = [100_000] * 10, 9_990
    drawn = psi_quantile(reference, n_current, 0.01, n_tests=200)
    by_law = psi_quantile(reference, 10_000, 0.01)
    assert drawn == pytest.approx(by_law, rel=0.02)


def test_one_bin_says_nothing():
    assert psi_p_value([100], [50]) == 1.0
    assert psi_quantile([100], 50, 0.05) == 0.0


@pytest.mark.parametrize(("before", "now"), [([0, 0], [1, 2]), ([1, 2], [0, 0])])
def test_a_side_without_rows_is_refused(before, now):
    with pytest.raises(DataError, match="one on each side"):
        psi_p_value(before, now)


def test_windows_of_different_sizes_are_refused():
    with pytest.raises(DataError, match="different numbers of rows"):
        psi_p_value([10, 10], [[1, 2], [3, 4]])
