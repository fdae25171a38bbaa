"""CUPED against statsmodels and known truth."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from assay.causal import verdict
from assay.causal.experiments import cuped, mean_difference
from assay.errors import DataError


def experiment(n=400, effect=0.3, seed=0):
    rng = np.random.default_rng(seed)
    before = rng.normal(5, 2, n)
    arm = rng.integers(0, 2, n)
    y = before * (0.8 + 0.2 * arm) - arm + rng.normal(size=n) + effect * arm
    return pd.DataFrame({"y": y, "arm": arm, "before": before})


def run(frame, **options):
    return cuped(frame, outcome="y", treated="arm", covariates=["before"], **options)


def test_estimate_and_error_are_those_of_the_interacted_regression():
    frame = experiment()
    estimate = run(frame).estimate
    x = frame["before"] - frame["before"].mean()
    design = np.column_stack([np.ones(len(x)), frame["arm"], x, x * frame["arm"]])
    fit = sm.OLS(frame["y"], design).fit(cov_type="HC1", use_t=True)
    assert estimate.value == pytest.approx(fit.params["x1"], abs=1e-12)
    assert estimate.standard_error == pytest.approx(fit.bse["x1"], abs=1e-12)
    assert estimate.p_value == pytest.approx(fit.pvalues["x1"], rel=1e-8)


def test_a_covariate_that_explains_the_outcome_removes_its_variance():
    found = run(experiment()).diagnostics
    # y varies by 0.9^2 4 + 1 = 4.24 or so, of which 1 stays.
    assert found["variance_removed_share"] == pytest.approx(1 - 1 / 4.3, abs=0.06)
    assert found["equivalent_rows"] > 1_200


def test_intervals_cover_the_truth():
    covered = 0
    for seed in range(300):
        frame = experiment(n=80, seed=seed)
        low, high = run(frame).estimate.interval
        covered += low <= 0.3 <= high
    # Five in the mean of the covariate: the effect is -1 + 0.3 + 0.2 * 5 = 0.3.
    assert covered / 300 == pytest.approx(0.95, abs=0.04)


def test_a_covariate_that_the_treatment_moved_is_withheld():
    frame = experiment()
    assert verdict(run(frame).assumptions) == "report"
    moved = frame.assign(before=frame["before"] + frame["arm"])
    result = run(moved)
    assert verdict(result.assumptions) == "withhold"
    assert "when the covariates were recorded" in result.assumptions[0].advice


def test_permuted_rows_give_the_same_bytes():
    frame = experiment()
    mixed = frame.sample(frac=1, random_state=1)
    assert run(frame).estimate == run(mixed).estimate


def test_collinear_or_absent_covariates_are_refused():
    frame = experiment().assign(twice=lambda f: 2 * f["before"])
    with pytest.raises(DataError, match="collinear"):
        cuped(frame, outcome="y", treated="arm", covariates=["before", "twice"])
    with pytest.raises(DataError, match="without one use mean_difference"):
        cuped(frame, outcome="y", treated="arm", covariates=[])


def test_a_useless_covariate_changes_next_to_nothing():
    frame = experiment().assign(before=np.random.default_rng(5).normal(size=400))
    plain = mean_difference(frame, outcome="y", treated="arm").estimate
    assert run(frame).estimate.value == pytest.approx(plain.value, abs=0.1)
