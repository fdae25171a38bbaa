"""The rollout tutorial: every printed number of its difference-in-differences.

Tolerances are the manifest's. The two synthetic DiD numbers belong to the synthetic
control family and are checked there.
"""

import numpy as np
import pytest

from assay.causal.differences import fixed_effects, two_by_two

TERMS = {
    "Intercept": "intercept",
    "C(engagement_tier)[T.light]": "engagement_tier[light]",
    "C(engagement_tier)[T.medium]": "engagement_tier[medium]",
    "treated": "treated",
    "post": "post",
    "treated:post": "treated:post",
}


@pytest.fixture(scope="module")
def case(causal_reference):
    return causal_reference("llm_did")


@pytest.fixture(scope="module")
def rows(case):
    rows = case.frame[case.frame["signup_week"] < 30]
    return rows.assign(
        post=(rows["signup_week"] >= 20).astype("int8"),
        treated=(rows["wave"] == 1).astype("int8"),
    )


def run(rows, **options):
    chosen = {"cluster": "workspace_id", "controls": ["engagement_tier"], **options}
    return two_by_two(
        rows, outcome="task_completed", treated="treated", post="post", **chosen
    )


@pytest.fixture(scope="module")
def result(rows):
    return run(rows, period="signup_week", reference="normal")


def test_counts_means_and_changes_are_the_tutorials(case, result):
    case.assert_within("n rows", result.estimate.n)
    case.assert_within("cell n (0,0),(0,1),(1,0),(1,1)", result.counts.ravel())
    for treated in (0, 1):
        for post in (0, 1):
            mean = result.means[treated, post]
            case.assert_within(f"cell mean {treated},{post}", mean)
    case.assert_within("wave 1 change", result.diagnostics["change_treated"])
    case.assert_within("wave 2 change", result.diagnostics["change_untreated"])
    raw = result.diagnostics["raw_difference_in_differences"]
    case.assert_within("2x2 DiD", raw)


@pytest.mark.parametrize("term", TERMS)
def test_every_coefficient_and_clustered_error_is_the_tutorials(case, result, term):
    row = result.regression.table(reference="normal").loc[TERMS[term]]
    case.assert_within(f"{term} coef", row["coefficient"])
    case.assert_within(f"{term} clustered SE", row["standard_error"])


def test_statistic_interval_and_homoskedastic_error_are_the_tutorials(case, result):
    estimate = result.estimate
    case.assert_within("treated:post z", estimate.value / estimate.standard_error)
    case.assert_within("treated:post CI", estimate.interval)
    case.assert_within(
        "iid SE of treated:post (larger than clustered)",
        result.diagnostics["standard_error_iid"],
    )


def test_skipping_clusters_does_not_shrink_the_error_as_the_tutorial_claims(result):
    assert result.diagnostics["standard_error_iid"] > result.estimate.standard_error


def test_students_law_and_the_jackknife_agree_with_pyfixest(case, rows):
    case.assert_within("same, CRV1 t(49) p (pyfixest)", run(rows).estimate.p_value)
    jackknife = run(rows, errors="jackknife").estimate.standard_error
    case.assert_within("same, CRV3 (jackknife) SE", jackknife)


def test_the_pre_trend_is_the_tutorials(case, result):
    found = result.diagnostics
    case.assert_within("pre-trend slope diff", found["pre_trend_slope_difference"])
    case.assert_within("pre-trend SE", found["pre_trend_standard_error"])
    case.assert_within("pre-trend p", found["pre_trend_p_value"])


def test_two_way_fixed_effects_agree_with_pyfixest(case, rows):
    result = fixed_effects(
        rows.assign(on=rows["treated"] * rows["post"]),
        outcome="task_completed",
        treatment="on",
        absorbed=["workspace_id", "signup_week"],
        cluster="workspace_id",
        controls=["engagement_tier"],
    )
    case.assert_within(
        "TWFE workspace+week FE, tier control: coef", result.estimate.value
    )
    case.assert_within("TWFE SE", result.estimate.standard_error)


def test_the_known_truth_lies_in_the_interval(result):
    lower, upper = result.estimate.interval
    assert lower < 0.05 < upper
    assert np.isfinite(result.estimate.p_value)
