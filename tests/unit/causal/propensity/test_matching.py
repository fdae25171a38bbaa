"""Matching by hand, by brute force, and its errors against simulation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.causal.propensity import matched_effect
from assay.causal.propensity.matching import matched_difference
from assay.causal.propensity.matching_errors import residual_variances
from assay.causal.propensity.neighbours import nearest
from assay.errors import DataError

TREATED = np.array([1, 1, 0, 0, 0], dtype=bool)
OUTCOME = np.array([10.0, 20, 1, 2, 4])
SCORE = np.array([0.5, 0.7, 0.4, 0.6, 0.71])


def brute_force(outcome, treated, score, k):
    """Return the ATT with every control tied at the k-th distance averaged."""
    gaps = []
    for y, p in zip(outcome[treated], score[treated], strict=True):
        distance = np.abs(score[~treated] - p)
        reach = np.sort(distance)[k - 1]
        gaps.append(y - outcome[~treated][distance <= reach + 1e-12].mean())
    return float(np.mean(gaps))


def test_ties_are_averaged_by_hand():
    # 0.5 lies between 0.4 and 0.6, so its match is 1.5; 0.7 is next to 0.71.
    found = matched_difference(OUTCOME, TREATED, SCORE)
    assert found.value == pytest.approx(((10 - 1.5) + (20 - 4)) / 2)
    assert found.weights.tolist() == [1, 1, 0.5, 0.5, 1]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 4))
def test_matching_equals_brute_force(seed, k):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(12, 60))
    treated = np.arange(n) < n // 2
    score = rng.integers(1, 20, size=n) / 20
    outcome = rng.normal(size=n)
    found = matched_difference(outcome, treated, score, n_neighbours=k)
    assert found.value == pytest.approx(brute_force(outcome, treated, score, k))
    assert found.weights[~treated].sum() == pytest.approx(treated.sum())


def test_without_replacement_each_untreated_row_serves_once():
    treated = np.array([1, 1, 0, 0, 0], dtype=bool)
    score = np.array([0.5, 0.52, 0.51, 0.3, 0.9])
    outcome = np.array([5.0, 7, 1, 2, 3])
    # Falling order: 0.52 takes 0.51, so 0.5 is left with 0.3.
    found = matched_difference(outcome, treated, score, with_replacement=False)
    assert found.value == pytest.approx(((7 - 1) + (5 - 2)) / 2)
    assert found.weights.tolist() == [1, 1, 1, 1, 0]
    # Without reuse the error is that of the paired differences.
    assert found.standard_error == pytest.approx(np.std([6, 3]) / np.sqrt(2))


def test_the_caliper_drops_rows_and_counts_them():
    found = matched_difference(OUTCOME, TREATED, SCORE, caliper=0.05)
    assert (found.n_matched, found.n_dropped) == (1, 1)
    assert found.value == pytest.approx(16)
    for with_replacement in (True, False):
        with pytest.raises(DataError, match="widen the caliper"):
            matched_difference(
                OUTCOME, TREATED, SCORE, caliper=1e-6, with_replacement=with_replacement
            )


def test_the_error_of_abadie_and_imbens_by_hand():
    # One control serves both treated rows: K = 2, K' = 2, so 2^2 - 2 = 2 of its noise.
    treated = np.array([1, 1, 0, 0], dtype=bool)
    score = np.array([0.5, 0.52, 0.51, 0.9])
    outcome = np.array([5.0, 7, 1, 3])
    found = matched_difference(outcome, treated, score)
    noise = 0.5 * (1 - 3) ** 2
    spread = (4 - 5) ** 2 + (6 - 5) ** 2
    assert found.value == 5
    assert found.standard_error_given_score == pytest.approx(
        np.sqrt((spread + 2 * noise) / 4)
    )


def test_residual_variances_are_those_of_equal_scores_where_there_are_any():
    score = np.array([0.3, 0.3, 0.3, 0.8])
    outcome = np.array([1.0, 2, 6, 9])
    found = residual_variances(score, outcome)
    assert found[:3].sum() == pytest.approx(3 * np.var([1, 2, 6], ddof=1))
    assert found[3] == pytest.approx(3 / 4 * (9 - 3) ** 2)


@pytest.mark.parametrize("estimand", ["att", "ate"])
def test_errors_after_an_estimated_score_match_the_scatter(simulated, names, estimand):
    runs = []
    for seed in range(150):
        frame = simulated(n=800, seed=seed)
        found = matched_effect(frame, **names, estimand=estimand)
        runs.append(
            (
                found.estimate.value,
                found.estimate.standard_error,
                found.diagnostics["standard_error_given_score"],
            )
        )
    values, errors, naive = np.array(runs).T
    # The scatter of 150 runs is known to 6 %; local covariances are rough at 800 rows.
    assert errors.mean() == pytest.approx(values.std(), rel=0.2)
    assert naive.mean() > 1.2 * values.std()


def test_a_pool_that_is_too_small_says_so():
    with pytest.raises(DataError, match="4 neighbours were asked for among 3 rows"):
        matched_difference(OUTCOME, TREATED, SCORE, n_neighbours=4)
    with pytest.raises(ValueError, match="'att' only"):
        matched_difference(
            OUTCOME, TREATED, SCORE, estimand="ate", with_replacement=False
        )


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000))
def test_uses_add_up_to_the_targets(seed):
    rng = np.random.default_rng(seed)
    windows = nearest(rng.random(9), rng.integers(0, 6, size=12) / 6, 2)
    assert windows.uses().sum() == pytest.approx(9)
    assert (windows.sizes >= 2).all()
