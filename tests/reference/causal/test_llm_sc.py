"""The upgrade tutorial: synthetic control for wave 1 with wave 2 as donors.

Tolerances are the manifest's. The published bootstrap draws all 50,000 rows, also those
of later weeks, and the published numbers of synthetic difference-in-differences come
from a Frank-Wolfe search that stops before it has arrived: it is rebuilt here, beside
the exact optimum that the library returns.
"""

import numpy as np
import pytest

from assay.causal import verdict
from assay.causal.synthetic import (
    read_cells,
    read_series,
    resampled_atts,
    synthetic_control,
    synthetic_differences,
)

SPEC = {
    "unit": "workspace_id",
    "period": "signup_week",
    "outcome": "task_completed",
    "treatment_start": 20,
    "end": 30,
}


@pytest.fixture(scope="module")
def case(causal_reference):
    return causal_reference("llm_sc")


@pytest.fixture(scope="module")
def wave_1(case):
    frame = case.frame
    return sorted(frame.loc[frame["wave"] == 1, "workspace_id"].unique().tolist())


@pytest.fixture(scope="module")
def result(case, wave_1):
    return synthetic_control(case.frame, treated_units=wave_1, **SPEC)


def test_fit_weights_and_gaps_are_the_exact_solution(case, result):
    case.assert_within("pre mean", result.diagnostics["pre_mean"])
    case.assert_within("post mean", result.diagnostics["post_mean"])
    case.assert_within("donors with w>0.001", np.sum(result.donor_weights > 0.001))
    case.assert_within("pre MSE", result.diagnostics["mspe_pre"])
    case.assert_within("pre RMSE", result.rmspe_pre)
    case.assert_within("gap", result.estimate.value)
    weights = dict(zip(result.series.donor_names, result.donor_weights, strict=True))
    named = [q for q in case.expected if q.startswith("weight workspace ")]
    assert len(named) == 12
    for quantity in named:
        case.assert_within(quantity, weights[int(quantity.rsplit(" ", 1)[1])])
    for week in range(20, 30):
        case.assert_within(f"gap week {week}", result.gaps[week])
    assert result.optimality_residual < 1e-12


def test_placebos_rank_and_pseudo_p_are_the_tutorials(case, result):
    effects = result.space.gaps[result.series.n_pre :].mean(axis=0)
    case.assert_within("placebo mean", effects.mean())
    case.assert_within("placebo sd (ddof 0)", effects.std())
    case.assert_within("placebo range", [effects.min(), effects.max()])
    case.assert_within("rank", result.space.rank)
    case.assert_within("pseudo p", result.space.p_value)


def test_leaving_out_each_donor_gives_the_tutorials_gaps(case, result):
    atts = {str(item.donor): item.att for item in result.left_out}
    entry = case.expected["LOO gaps by dropped workspace"]
    assert list(atts) == list(entry["value"])
    for donor, value in entry["value"].items():
        assert abs(atts[donor] - value) <= entry["tol"]
    case.assert_within("LOO gap range", [min(atts.values()), max(atts.values())])


def test_the_same_draws_give_the_tutorials_bootstrap_interval(case, wave_1, result):
    cells = read_cells(case.frame, treated_units=wave_1, **SPEC)
    rng = np.random.default_rng(7)
    n = len(case.frame)
    draws = (rng.integers(0, n, size=n) for _ in range(500))
    atts = resampled_atts(cells, draws, start=result.donor_weights > 0)
    case.assert_within("bootstrap CI", np.percentile(atts, [2.5, 97.5]))


def test_the_workflow_warns_because_noisy_donors_overshoot_the_truth(result):
    states = {item.name: item.state for item in result.assumptions}
    assert verdict(result.assumptions) == "warn"
    assert states["more pre-periods than donors"] == "doubtful"
    assert states["donor series carry signal"] == "doubtful"
    low, high = result.estimate.interval
    assert low < 0.05 < high


def test_synthetic_differences_match_the_search_and_the_optimum_lies_beside(
    causal_reference, wave_1, result, frank_wolfe_weights, contrast, jackknife
):
    case = causal_reference("llm_did")
    series = result.series
    searched = frank_wolfe_weights(series)
    case.assert_within(
        "synthetic DiD (workspace x week cell means, weeks 0-29) ATT",
        contrast(series.treated_units, series.donors, series.n_pre, *searched),
    )
    case.assert_within("SDID jackknife SE", jackknife(series, *searched))
    exact = synthetic_differences(series)
    case.assert_within("SDID jackknife SE", exact.estimate.standard_error)
    # The optimum itself, 0.0003 from where the search stopped.
    assert exact.estimate.value == pytest.approx(0.0464293, abs=1e-6)
    assert sorted(series.treated_units.shape) == [25, 30]
    assert read_series(
        read_cells(case.frame, treated_units=wave_1, **SPEC)
    ).treated == pytest.approx(series.treated)
