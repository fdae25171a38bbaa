"""Difference in means against SciPy, enumeration by hand, and known truth."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from assay.causal import verdict
from assay.causal.experiments import mean_difference
from assay.causal.experiments.randomisation import randomisation_p
from assay.errors import DataError


def experiment(n=200, effect=1.0, seed=0):
    rng = np.random.default_rng(seed)
    arm = rng.permutation(np.repeat([0, 1], [n // 4, n - n // 4]))
    y = rng.normal(10, 1 + arm, n) + effect * arm
    return pd.DataFrame({"y": y, "arm": arm.astype("int8")})


def test_estimate_error_and_interval_are_welchs():
    frame = experiment()
    estimate = mean_difference(frame, outcome="y", treated="arm").estimate
    on, off = frame["y"][frame["arm"] == 1], frame["y"][frame["arm"] == 0]
    theirs = stats.ttest_ind(on, off, equal_var=False)
    interval = theirs.confidence_interval()
    assert estimate.p_value == pytest.approx(theirs.pvalue, rel=1e-10)
    assert estimate.interval == pytest.approx((interval.low, interval.high), abs=1e-12)


def test_enumerated_randomisation_matches_all_assignments_by_hand():
    y = np.array([3.0, 5.0, 1.0, 9.0, 4.0, 8.0, 2.0])
    arm = np.array([0.0, 1, 0, 1, 0, 1, 0])

    def ratio(chosen):
        on, off = y[list(chosen)], np.delete(y, chosen)
        return abs(stats.ttest_ind(on, off, equal_var=False).statistic)

    observed = ratio([1, 3, 5])
    every = [ratio(chosen) for chosen in combinations(range(7), 3)]
    expected = np.mean([one >= observed - 1e-9 for one in every])
    assert randomisation_p(y, arm, n_draws=1_000) == pytest.approx(expected)


def test_drawn_randomisation_agrees_with_the_t_test_for_numbers():
    frame = experiment(effect=0.5)
    result = mean_difference(frame, outcome="y", treated="arm", n_draws=2_000)
    p_value = result.diagnostics["randomisation_p_value"]
    assert p_value == pytest.approx(result.estimate.p_value, abs=0.03)


def test_drawn_randomisation_of_counts_agrees_with_the_hypergeometric_law():
    rng = np.random.default_rng(2)
    arm = np.repeat([0.0, 1.0], [300, 200])
    bought = (rng.random(500) < 0.1 + 0.04 * arm).astype(float)
    n_bought, on = int(bought.sum()), int((bought * arm).sum())
    k = np.arange(n_bought + 1)
    p, q = k / 200, (n_bought - k) / 300
    ratio = (p - q) ** 2 / (p * (1 - p) / 199 + q * (1 - q) / 299)
    law = stats.hypergeom(500, n_bought, 200).pmf(k)
    exact = law[ratio >= ratio[on] - 1e-9].sum()
    found = randomisation_p(bought, arm, n_draws=20_000)
    # Four binomial standard errors.
    assert found == pytest.approx(exact, abs=4 * np.sqrt(exact * (1 - exact) / 20_000))


def test_results_are_the_same_bytes_for_any_order_of_rows():
    frame = experiment()
    mixed = frame.sample(frac=1, random_state=3)
    runs = [
        mean_difference(f, outcome="y", treated="arm", n_draws=500)
        for f in (frame, mixed)
    ]
    assert runs[0].estimate == runs[1].estimate
    assert runs[0].diagnostics == runs[1].diagnostics


def test_intervals_cover_and_null_effects_stay_quiet():
    covered = quiet = 0
    for seed in range(400):
        estimate = mean_difference(
            experiment(n=40, effect=0.0, seed=seed), outcome="y", treated="arm"
        ).estimate
        covered += estimate.interval[0] <= 0 <= estimate.interval[1]
        quiet += estimate.p_value >= 0.05
    # Binomial standard error 1.1 %.
    assert covered / 400 == pytest.approx(0.95, abs=0.033)
    assert covered == quiet


def test_a_sample_ratio_far_from_its_plan_is_withheld():
    frame = experiment(n=2_000)
    planned = mean_difference(frame, outcome="y", treated="arm", treated_share=0.75)
    assert verdict(planned.assumptions) == "report"
    missed = mean_difference(frame, outcome="y", treated="arm", treated_share=0.5)
    assert verdict(missed.assumptions) == "withhold"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"arm": 1}, "no variation there is nothing to compare"),
        ({"arm": 2}, "must be 0 or 1"),
        ({"y": np.nan}, "200 missing or infinite values among 200 rows"),
        ({"y": "high"}, "not numbers"),
    ],
)
def test_unusable_columns_are_refused_with_what_to_do(change, message):
    with pytest.raises(DataError, match=message):
        mean_difference(experiment().assign(**change), outcome="y", treated="arm")


def test_an_empty_frame_and_a_missing_column_are_refused():
    with pytest.raises(DataError, match="no rows"):
        mean_difference(experiment().iloc[:0], outcome="y", treated="arm")
    with pytest.raises(DataError, match=r"no column \['z'\]; they have: y, arm"):
        mean_difference(experiment(), outcome="z", treated="arm")
