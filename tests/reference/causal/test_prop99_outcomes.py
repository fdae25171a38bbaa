"""Proposition 99: published and computed values of synthetic control and its relatives.

Tolerances are the manifest's, with two exceptions that are the manifest's own solvers:

* "outcome-only simplex fit: MSPE" 2.743635 is the value of a non-negative least squares
  whose sum-to-one row carries a penalty of 1e4 and whose weights sum to 0.9999984. It is
  rebuilt here. On the simplex the minimum is 2.7436616, and nothing on it is lower.
* "SDID tau" -15.603828 is where a Frank-Wolfe search stops after 10,000 steps. It is
  rebuilt too; the optimum gives -15.605398.
"""

import numpy as np
import pytest
from scipy.optimize import nnls

from assay.causal.synthetic import (
    fit_weights,
    placebo_in_space,
    predictor_fit,
    read_cells,
    read_series,
    synthetic_control,
    synthetic_differences,
)


@pytest.fixture(scope="module")
def case(causal_reference):
    return causal_reference("prop99_outcomes")


@pytest.fixture(scope="module")
def series(case):
    return read_series(
        read_cells(
            case.frame,
            unit="state",
            period="year",
            outcome="cigsale",
            treated_units=["California"],
            treatment_start=1989,
        )
    )


@pytest.fixture(scope="module")
def weights(series):
    return fit_weights(series).weights


def published(series, case):
    named = case.expected["ADH published weights"]["value"]
    return np.array([named.get(name, 0.0) for name in series.donor_names])


def test_published_weights_give_the_published_fit_and_gap(case, series):
    gaps = series.treated - series.donors @ published(series, case)
    pre, post = gaps[: series.n_pre], gaps[series.n_pre :]
    case.assert_within("MSPE 1970-88 of published weights", np.mean(pre**2))
    case.assert_within("mean gap 1989-2000 of published weights", post.mean())
    case.assert_within("gap 2000 of published weights", post[-1])


def test_outcome_only_weights_and_gaps_are_the_exact_solution(case, series, weights):
    named = dict(zip(series.donor_names, weights, strict=True))
    expected = case.expected["outcome-only weights"]
    for state, value in expected["value"].items():
        assert abs(named[state] - value) <= expected["tol"]
    gaps = series.treated - series.donors @ weights
    case.assert_within("outcome-only mean gap", gaps[series.n_pre :].mean())
    case.assert_within("outcome-only gap 2000", gaps[-1])
    case.assert_within(
        "SC tau (synthdid sc_estimate, Frank-Wolfe)", gaps[series.n_pre :].mean()
    )
    space = placebo_in_space(series, gaps)
    case.assert_within(
        "outcome-only post/pre MSPE ratio rank of 39 (California excluded from placebo "
        "donors)",
        space.ratio_rank,
    )
    assert space.ratio_p_value == pytest.approx(3 / 39)


def test_the_expected_error_is_that_of_weights_that_miss_the_simplex(
    case, series, weights
):
    pre, target = series.donors[: series.n_pre], series.treated[: series.n_pre]
    rows = np.vstack([pre, np.full(series.n_donors, 1e4)])
    penalised, _ = nnls(rows, np.append(target, 1e4))
    assert penalised.sum() < 1 - 1e-6
    case.assert_within(
        "outcome-only simplex fit: MSPE", np.mean((pre @ penalised - target) ** 2)
    )
    exact = np.mean((pre @ weights - target) ** 2)
    assert exact == pytest.approx(2.7436616, abs=1e-7)
    assert np.mean((pre @ (penalised / penalised.sum()) - target) ** 2) > exact


def test_synthetic_differences_match_the_search_and_the_optimum_lies_beside(
    case, series, frank_wolfe_weights, contrast
):
    donors, periods = frank_wolfe_weights(series)
    case.assert_within(
        "SDID tau",
        contrast(series.treated_units, series.donors, series.n_pre, donors, periods),
    )
    exact = synthetic_differences(series, n_placebos=100)
    assert exact.estimate.value == pytest.approx(-15.605398, abs=1e-6)
    case.assert_within("DiD tau", exact.diagnostics["difference_in_differences"])
    case.assert_within("SDID placebo SE", exact.estimate.standard_error)
    case.assert_within("SDID time weights 1986,1987,1988", exact.period_weights[-3:])
    expected = case.expected["SDID top unit weights"]
    for found in (donors, exact.donor_weights):
        named = dict(zip(series.donor_names, found, strict=True))
        for state, value in expected["value"].items():
            assert abs(named[state] - value) <= expected["tol"]


def test_importance_of_predictors_is_found_below_the_bound(case, series):
    frame = case.frame
    spans = {
        "lnincome": (1980, 1988),
        "retprice": (1980, 1988),
        "age15to24": (1980, 1988),
        "beer": (1984, 1988),
    }
    years = {f"cigsale {year}": ("cigsale", year, year) for year in (1975, 1980, 1988)}
    wanted = {name: (name, *span) for name, span in spans.items()} | years
    units = ["California", *series.donor_names]
    table = np.array(
        [
            frame[frame["year"].between(first, last)].groupby("state")[name].mean()[units]
            for name, first, last in wanted.values()
        ]
    )
    n_pre = series.n_pre
    for seed in (0, 5):
        fit = predictor_fit(
            series.treated[:n_pre],
            series.donors[:n_pre],
            table[:, 0],
            table[:, 1:],
            n_starts=1,
            seed=seed,
        )
        bound = case.expected["ADH spec: MSPE found by V search must be <="]["value"]
        assert fit.mspe_pre <= bound
        assert fit.donor_weights.sum() == pytest.approx(1)


def test_the_design_warns_of_twice_as_many_donors_as_periods(case):
    result = synthetic_control(
        case.frame,
        unit="state",
        period="year",
        outcome="cigsale",
        treated_units=["California"],
        treatment_start=1989,
    )
    states = {item.name: item.state for item in result.assumptions}
    assert states["more pre-periods than donors"] == "doubtful"
    assert result.estimate.interval[1] < 0
