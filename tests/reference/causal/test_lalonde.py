"""LaLonde's job training with CPS controls: the case that a workflow must not sell.

Values to the manifest's tolerances, which are those of its printed digits. The effect on
everybody is not identified here, and the published folly is to print it all the same.
"""

import numpy as np
import pytest
import statsmodels.api as sm

from assay.causal import verdict
from assay.causal.propensity import (
    doubly_robust_effect,
    matched_effect,
    weighted_effect,
)
from assay.causal.propensity.logistic import logistic_optimum
from assay.causal.rows import covariate_matrix, observe

DEHEJIA_WAHBA = (
    "age", "age**2", "educ", "educ**2", "marr", "nodegree", "black", "hisp",
    "re74", "re75", "u74", "u75",
)  # fmt: skip
MIXTAPE = (*DEHEJIA_WAHBA, "age**3", "educ*re74")


@pytest.fixture(scope="module")
def case(causal_reference):
    return causal_reference("lalonde")


@pytest.fixture(scope="module")
def observational(case):
    frame = case.frame
    frame = frame[(frame["treat"] == 1) | (frame["sample"] == "CPS")]
    return frame.assign(u74=frame["re74"] == 0, u75=frame["re75"] == 0)


def effect(frame, covariates, **options):
    return weighted_effect(
        frame, outcome="re78", treatment="treat", covariates=covariates, **options
    )


def test_the_experiment_and_the_naive_comparison(case, observational):
    nsw = case.frame[case.frame["sample"] == "NSW"]
    n_treated = int(nsw["treat"].sum())
    counts = [n_treated, len(nsw) - n_treated, len(case.frame) - len(nsw)]
    case.assert_within("n NSW treated/control, CPS", counts)
    fits = [
        sm.OLS(nsw["re78"].astype(float), sm.add_constant(nsw["treat"])).fit(
            cov_type=kind
        )
        for kind in ("HC1", "nonrobust")
    ]
    case.assert_within("experimental ATT", fits[0].params["treat"])
    case.assert_within(
        "experimental SE HC1, homoskedastic", [fit.bse["treat"] for fit in fits]
    )
    case.assert_within("experimental CI homosk", fits[1].conf_int().loc["treat"])
    naive = effect(observational, DEHEJIA_WAHBA).naive
    case.assert_within("observational naive", naive.value)


def test_least_squares_on_the_observational_rows(case, observational):
    terms = [term for term in DEHEJIA_WAHBA if term != "educ**2"]
    x, _ = covariate_matrix(observational, ["treat", *terms])
    fit = sm.OLS(observational["re78"].to_numpy(float), x).fit(cov_type="HC1")
    case.assert_within(
        "OLS re78~treat+age+age^2+educ+marr+nodegree+black+hisp+re74+re75+u74+u75 on "
        "NSW treated+CPS: coef, HC1 SE",
        [fit.params[1], fit.bse[1]],
    )


@pytest.mark.parametrize(
    ("label", "covariates"), [("DW", DEHEJIA_WAHBA), ("mixtape", MIXTAPE)]
)
def test_weights_of_both_published_specifications(case, observational, label, covariates):
    rows = observe(
        observational, outcome="re78", treatment="treat", covariates=covariates
    )
    fit = logistic_optimum(rows.design, np.ones(rows.n_rows), rows.treated.astype(float))
    att = effect(observational, covariates, estimand="att").estimate.value
    hajek = effect(observational, covariates).estimate.value
    thompson = effect(observational, covariates, normalised=False).estimate.value
    if label == "DW":
        case.assert_within("logit DW: log-likelihood", fit.log_likelihood)
        case.assert_within("logit DW: IPW ATT (odds weights)", att)
        case.assert_within("logit DW: HT ATE, Hajek ATE (bad overlap)", [thompson, hajek])
    else:
        case.assert_within(
            "mixtape logit spec (adds age^3, educ*re74): log-likelihood, IPW ATT, "
            "Hajek ATE",
            [fit.log_likelihood, att, hajek],
        )
    trimmed = [
        effect(observational, covariates, trim=0.1, **options)
        for options in ({"normalised": False}, {}, {"estimand": "att"})
    ]
    quantity = {
        "DW": "logit DW trimmed 0.1-0.9: n, HT ATE, Hajek ATE, ATT",
        "mixtape": "mixtape trimmed: n, HT ATE, Hajek ATE, ATT",
    }[label]
    found = [float(trimmed[0].estimate.n), *(each.estimate.value for each in trimmed)]
    case.assert_within(quantity, found)


def test_small_integers_do_not_overflow(case, observational):
    small = observational.astype({"age": np.int8, "educ": np.int8})
    att = effect(small, DEHEJIA_WAHBA, estimand="att").estimate.value
    case.assert_within("logit DW: IPW ATT (odds weights)", att)


def test_the_effect_on_everybody_is_withheld_and_on_the_treated_warned_about(
    observational,
):
    names = {"outcome": "re78", "treatment": "treat", "covariates": DEHEJIA_WAHBA}
    assert verdict(weighted_effect(observational, **names).assumptions) == "withhold"
    assert verdict(doubly_robust_effect(observational, **names).assumptions) == "withhold"
    assert verdict(matched_effect(observational, **names).assumptions) == "warn"
    treated = weighted_effect(observational, **names, estimand="att")
    assert verdict(treated.assumptions) == "warn"
    overlap = weighted_effect(observational, **names).assumptions[0]
    assert (overlap.name, overlap.state) == ("overlap", "broken")
    assert "trim" in overlap.advice
