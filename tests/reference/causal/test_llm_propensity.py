"""The published propensity tutorial on LLM logs: opting into agent mode, truth +0.08.

Tolerances are the manifest's. Two kinds of its numbers are artefacts, shown the article's
way here and ours beside it:

* IPW .0851 and .0770, the weighted standardised differences .002 and -.003, and the
  largest untreated propensity .673 come from scikit-learn's solver, which stops at a
  gradient of 1e-4. At the exact optimum of the same penalised likelihood they are .08493,
  .07684, .001, -.005 and .6717.
* 1-NN .0752 depends on which of the untreated rows with equal scores the row order puts
  first. Averaged over ties it is .0797.
"""

import numpy as np
import pandas as pd
import pytest

from assay.causal import verdict
from assay.causal.propensity import (
    doubly_robust_effect,
    matched_effect,
    resampled_effects,
    weighted_effect,
)
from assay.causal.propensity.balance import standardised_differences
from assay.causal.propensity.weights import balancing_weights, weighted_difference
from assay.causal.rows import covariate_levels, observe

NAMES = {
    "outcome": "task_completed",
    "treatment": "opt_in_agent_mode",
    "covariates": ["engagement_tier", "query_confidence"],
}


@pytest.fixture(scope="module")
def case(causal_reference):
    return causal_reference("llm_propensity")


@pytest.fixture(scope="module")
def exact(case):
    """Weighted effect at the optimum of the article's penalised likelihood."""
    return weighted_effect(case.frame, **NAMES, penalty=1.0)


@pytest.fixture(scope="module")
def patience(case):
    """Propensities as the article computes them, with its solver's early stop."""
    from sklearn.linear_model import LogisticRegression

    x = pd.get_dummies(case.frame[NAMES["covariates"]], drop_first=True).astype(float)
    treated = case.frame[NAMES["treatment"]].to_numpy()
    model = LogisticRegression(max_iter=1000).fit(x, treated)
    return model.predict_proba(x)[:, 1]


@pytest.fixture(scope="module")
def resamples(case):
    """Resamples from the article's draws."""
    rows = observe(case.frame, **NAMES)
    n = len(case.frame)
    rng = np.random.default_rng(7)
    return resampled_effects(
        rows,
        statistics=("ate", "att", "matched_att", "aipw_ate"),
        penalty=1.0,
        draws=(rng.integers(0, n, size=n) for _ in range(500)),
    )


def test_opt_in_rates_and_the_naive_difference_are_the_articles(case, exact):
    rates = case.frame.groupby("engagement_tier")[NAMES["treatment"]].mean()
    case.assert_within("opt-in rate heavy/light/medium", rates.to_numpy())
    case.assert_within("naive", exact.naive.value)


def test_propensities_have_the_articles_means_ranges_and_auc(case, exact, patience):
    means = pd.Series(exact.propensity).groupby(case.frame["engagement_tier"]).mean()
    case.assert_within("mean propensity heavy/light/medium", means.to_numpy())
    case.assert_within("propensity range treated", exact.overlap.treated_range)
    untreated = patience[case.frame[NAMES["treatment"]].to_numpy() == 0]
    case.assert_within("propensity range control", [untreated.min(), untreated.max()])
    assert exact.overlap.untreated_range == pytest.approx((0.1142, 0.6717), abs=5e-5)
    case.assert_within("AUC", exact.overlap.discrimination)


def test_weighted_effects_at_the_exact_optimum(case):
    for penalty, label in ((1.0, "exact C=1 optimum"), (0.0, "unpenalised logit")):
        for estimand in ("ate", "att"):
            found = weighted_effect(
                case.frame, **NAMES, penalty=penalty, estimand=estimand
            )
            quantity = f"IPW {estimand.upper()}, {label}"
            case.assert_within(quantity, found.estimate.value)
            assert verdict(found.assumptions) == "report"


def test_the_articles_weighted_effects_are_its_solvers_early_stop(case, patience):
    treated = case.frame[NAMES["treatment"]].to_numpy() == 1
    outcome = case.frame[NAMES["outcome"]].to_numpy(dtype=float)
    labels = {"ate": "IPW ATE (article, sklearn default)", "att": "IPW ATT (article)"}
    for estimand, quantity in labels.items():
        found = weighted_difference(outcome, treated, patience, estimand=estimand)
        case.assert_within(quantity, found.value)
        assert found.value == pytest.approx(case.expected[quantity]["value"], abs=1e-6)


def test_balance_before_is_exact_and_after_is_the_solvers(case, patience, exact):
    treated = case.frame[NAMES["treatment"]].to_numpy() == 1
    columns, names = covariate_levels(case.frame, NAMES["covariates"])
    weights, _ = balancing_weights(treated, patience, "ate")
    artefact = {
        row.covariate: row
        for row in standardised_differences(columns, names, treated, weights)
    }
    ours = {row.covariate: row for row in exact.balance}
    heavy, confidence = "engagement_tier=heavy", "query_confidence"
    for name, quantity in (
        (heavy, "SMD heavy raw/weighted"),
        (confidence, "SMD query_confidence raw/weighted"),
    ):
        case.assert_within(quantity, [artefact[name].raw, artefact[name].adjusted])
        assert ours[name].raw == pytest.approx(artefact[name].raw, abs=1e-12)
    assert ours[heavy].adjusted == pytest.approx(0.0010, abs=5e-5)
    assert ours[confidence].adjusted == pytest.approx(-0.0049, abs=5e-5)


def test_matching_averages_ties_and_row_orders_scatter_around_it(case, patience):
    from sklearn.neighbors import NearestNeighbors

    found = matched_effect(case.frame, **NAMES, penalty=1.0)
    case.assert_within("1-NN ATT (ties averaged)", found.estimate.value)
    case.assert_within("1-NN ATT (article print, not reproducible)", found.estimate.value)
    outcome = case.frame[NAMES["outcome"]].to_numpy()
    treated = case.frame[NAMES["treatment"]].to_numpy() == 1
    by_order = []
    for seed in range(8):
        order = np.random.default_rng(seed).permutation(len(case.frame))
        y, t, p = outcome[order], treated[order], patience[order, None]
        nearest = NearestNeighbors(n_neighbors=1).fit(p[~t]).kneighbors(p[t])[1][:, 0]
        by_order.append((y[t] - y[~t][nearest]).mean())
    # The manifest's 200 orders: mean .0802, SD .0036, range .0719 to .0860.
    assert np.std(by_order) > 0.001
    assert np.mean(by_order) == pytest.approx(found.estimate.value, abs=0.004)


def test_bootstrap_intervals_from_the_articles_draws(case, resamples):
    case.assert_within("CI IPW ATE", resamples.interval("ate"))
    case.assert_within("CI IPW ATT", resamples.interval("att"))
    case.assert_within("CI 1-NN", resamples.interval("matched_att"))
    # The manifest's source gives the interval with ties averaged in words.
    assert resamples.interval("matched_att") == pytest.approx((0.0666, 0.0918), abs=5e-5)
    case.assert_within("AIPW bootstrap CI", resamples.interval("aipw_ate"))


def test_doubly_robust_effects_with_and_without_cross_fitting(case):
    crossed = doubly_robust_effect(case.frame, **NAMES, n_folds=5)
    case.assert_within("DoubleML IRM ATE, linear/logit, 5 folds", crossed.estimate.value)
    case.assert_within("DoubleML SE", crossed.estimate.standard_error)
    plain = doubly_robust_effect(case.frame, **NAMES, n_folds=1)
    case.assert_within(
        "AIPW ATE (no cross-fit; companion topic 12)", plain.estimate.value
    )
