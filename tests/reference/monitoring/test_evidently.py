"""Evidently is the oracle for the measures that it and Assay define alike.

Its binned measures of numbers use other bins than ours (Sturges' rule over both samples);
there both are given the same bins.
"""

import warnings

import numpy as np
import pandas as pd
import pytest
from scipy.stats import kstwo

from assay.monitoring.distances.columns import category_drift, number_drift
from assay.monitoring.distances.shares import jensen_shannon, population_stability
from assay.monitoring.profile.columns import category_profile, number_profile

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # of numpy's, on its import
    from evidently.legacy.calculations.stattests import (
        jensenshannon_stat_test,
        ks_stat_test,
        psi_stat_test,
        wasserstein_stat_test,
    )
    from evidently.legacy.core import ColumnType

SEEDS = range(25)
WORDS = ("own", "rent", "other", "free")


def theirs(test, before, now, kind):
    """Return what Evidently says of two samples."""
    found = test(
        reference_data=pd.Series(before),
        current_data=pd.Series(now),
        feature_type=kind,
        threshold=None,
    )
    return found.drift_score


def samples(seed, n_rows):
    """Return two numeric samples; some have ties, some have moved."""
    draw = np.random.default_rng(seed)
    before, now = draw.lognormal(size=n_rows), draw.lognormal(seed % 3 / 10, size=n_rows)
    return (before.round(1), now.round(1)) if seed % 2 else (before, now)


@pytest.mark.parametrize("seed", SEEDS)
def test_words_have_evidentlys_stability_index_and_divergence(seed):
    draw = np.random.default_rng(seed)
    before = draw.choice(WORDS, size=3_000)
    now = draw.choice(WORDS, size=2_000, p=draw.dirichlet(np.full(4, 20.0)))
    profile = category_profile(WORDS, pd.Series(before).value_counts().to_dict(), 0)
    found = category_drift("home", profile, pd.Series(now).value_counts().to_dict(), 0)
    kind = ColumnType.Categorical
    for ours, test in (
        (found.psi, psi_stat_test),
        (found.jensen_shannon, jensenshannon_stat_test),
    ):
        assert ours == pytest.approx(theirs(test, before, now, kind), abs=1e-9)


@pytest.mark.parametrize("seed", SEEDS)
def test_numbers_have_evidentlys_distances(seed):
    n_rows = 12_000  # from 10,000 on its probability is the statistic's limiting law
    before, now = samples(seed, n_rows)
    found = number_drift("amount", number_profile(before), now)
    kind = ColumnType.Numerical
    normed = theirs(wasserstein_stat_test, before, now, kind)
    assert found.wasserstein / np.std(before) == pytest.approx(normed, abs=1e-9)
    chance = kstwo.sf(found.ks, round(n_rows / 2))
    expected = theirs(ks_stat_test, before, now, kind)
    assert chance == pytest.approx(expected, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("seed", SEEDS)
def test_over_the_same_bins_the_binned_measures_are_evidentlys(seed):
    before, now = samples(seed, 4_000)
    now = np.clip(now, before.min(), before.max())
    edges = np.histogram_bin_edges(np.r_[before, now], bins="sturges")
    held, found = (np.histogram(one, edges)[0] for one in (before, now))
    distance = theirs(jensenshannon_stat_test, before, now, ColumnType.Numerical)
    assert jensen_shannon(held, found) == pytest.approx(distance, abs=1e-9)
    if min(held.min(), found.min()) > 0:  # what an empty bin counts as differs
        index = theirs(psi_stat_test, before, now, ColumnType.Numerical)
        assert population_stability(held, found) == pytest.approx(index, abs=1e-3)
