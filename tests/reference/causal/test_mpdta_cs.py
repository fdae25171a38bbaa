"""Minimum wages and teen employment: staggered adoption by every estimator.

Tolerances are the manifest's: last printed digit of the peers.
"""

import pytest

from assay.causal.differences import (
    bacon_decomposition,
    fixed_effects,
    group_time_effects,
    imputed_effects,
    interaction_weighted,
)

PANEL = {
    "outcome": "lemp",
    "unit_column": "countyreal",
    "period": "year",
    "cohort": "first.treat",
}
COMPARISONS = {"never-treated": "never_treated", "not-yet-treated": "not_yet_treated"}
COVARIATES = {"no covariates": [], "lpop, doubly robust": ["lpop"]}


@pytest.fixture(scope="module")
def case(causal_reference):
    return causal_reference("mpdta_cs")


@pytest.mark.parametrize("covariates", COVARIATES)
@pytest.mark.parametrize("comparison", COMPARISONS)
def test_group_time_effects_and_their_averages_agree(case, comparison, covariates):
    result = group_time_effects(
        case.frame,
        **PANEL,
        comparison=COMPARISONS[comparison],
        covariates=COVARIATES[covariates],
    )
    name = f"[{comparison}, {covariates}]"
    case.assert_within(f"{name} simple ATT", result.estimate.value)
    case.assert_within(f"{name} simple SE (analytic)", result.estimate.standard_error)
    case.assert_within(f"{name} ATT(g,t) g=2004,2006,2007 x t=2004..2007", result.effects)
    for scheme in ("dynamic", "group", "calendar"):
        overall = result.aggregate(scheme, n_draws=0).estimate
        found = [overall.value, overall.standard_error]
        case.assert_within(f"{name} {scheme} overall, SE", found)
    dynamic = result.aggregate("dynamic", n_draws=0)
    assert dynamic.keys.tolist() == [-3, -2, -1, 0, 1, 2, 3]
    case.assert_within(f"{name} event time -3..3", dynamic.effects)
    case.assert_within(f"{name} event time SE", dynamic.standard_errors)


def test_two_way_fixed_effects_and_their_decomposition_agree(case):
    frame = case.frame
    treated = (frame["first.treat"] > 0) & (frame["year"] >= frame["first.treat"])
    result = fixed_effects(
        frame.assign(treated=treated.astype(int)),
        outcome="lemp",
        treatment="treated",
        absorbed=["countyreal", "year"],
        cluster="countyreal",
    )
    case.assert_within("TWFE post coef", result.estimate.value)
    case.assert_within("TWFE CRV1 SE", result.estimate.standard_error)
    split = bacon_decomposition(frame, **PANEL)
    assert split.value == pytest.approx(result.estimate.value, abs=1e-12)
    kinds = split.by_kind()
    case.assert_within("Bacon: weight/avg treated-vs-never", kinds["treated_never"])
    case.assert_within("Bacon: earlier-vs-later", kinds["earlier_later"])
    case.assert_within("Bacon: later-vs-earlier (forbidden)", kinds["later_earlier"])


def test_interaction_weights_and_imputation_agree(case):
    estimate = interaction_weighted(case.frame, **PANEL).estimate
    found = [estimate.value, estimate.standard_error]
    case.assert_within("Sun-Abraham overall, SE", found)
    estimate = imputed_effects(case.frame, **PANEL).estimate
    found = [estimate.value, estimate.standard_error]
    case.assert_within("BJS imputation overall, SE", found)
