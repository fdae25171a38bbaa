"""Incumbency in the US Senate: published and rdrobust 2.1.1 values.

Tolerances are the manifest's. 93 of 1,390 elections have no later vote: the estimate
leaves them out, the density test does not.
"""

import numpy as np
import pytest

from assay.causal.discontinuity import (
    Columns,
    LocalSpec,
    Noise,
    density_jump,
    fold,
    local_jump,
    select_bandwidths,
    sharp_jump,
)


@pytest.fixture(scope="module")
def case(causal_reference):
    return causal_reference("senate_rdd")


@pytest.fixture(scope="module")
def rows(case):
    return case.frame.dropna(subset=["vote", "margin"])


def run(rows, *, outcome="vote", cutoff=0.0, covariates=(), cluster=None, **options):
    rows = rows.dropna(subset=[outcome, *covariates])
    sample = fold(
        rows["margin"],
        [rows[outcome], *(rows[name] for name in covariates)],
        cutoff=cutoff,
        clusters=None if cluster is None else rows[cluster],
    )
    return local_jump(sample, Columns(False, len(covariates)), LocalSpec(**options))


def test_the_headline_is_the_published_one(case, rows):
    found = run(rows)
    case.assert_within("N used", len(rows))
    case.assert_within("conventional", found.jump)
    case.assert_within("conventional SE", found.standard_error)
    case.assert_within("conventional CI", found.interval)
    case.assert_within("bias-corrected", found.bias_corrected)
    case.assert_within("robust SE", found.robust_standard_error)
    case.assert_within("robust CI", found.robust_interval)
    case.assert_within("robust p", found.robust_p_value)
    widths = found.bandwidths
    case.assert_within("h, b", [widths.main[0], widths.bias[0]])
    case.assert_within("N_h", found.n_effective)


def test_bandwidth_selectors_agree_with_rdrobust(case, rows):
    found = run(rows, adjust_mass_points=False)
    widths = [found.jump, found.bandwidths.main[0]]
    case.assert_within("masspoints off: conv, h", widths)
    sample = fold(rows["margin"], [rows["vote"]], cutoff=0.0)
    case.assert_within(
        "cerrd h", select_bandwidths(sample, Columns(), selector="cerrd").main[0]
    )
    case.assert_within(
        "msetwo h left/right",
        select_bandwidths(sample, Columns(), selector="msetwo").main,
    )


def test_orders_kernels_variances_clusters_and_covariates_agree(case, rows):
    found = run(rows, order=2)
    case.assert_within("p=2 conv, robust CI", [found.jump, *found.robust_interval])
    found = run(rows, kernel="uniform")
    values = [found.jump, *found.robust_interval, found.bandwidths.main[0]]
    case.assert_within("uniform kernel conv, robust CI, h", values)
    found = run(rows, cluster="state")
    values = [found.jump, *found.robust_interval]
    case.assert_within("cluster(state) NN: conv, robust CI", values)
    case.assert_within("vce hc3 conv", run(rows, noise=Noise("hc3")).jump)
    found = run(rows, covariates=["class", "termshouse", "termssenate"])
    case.assert_within(
        "covs class,termshouse,termssenate: conv, robust CI",
        [found.jump, *found.robust_interval],
    )


def test_placebos_donuts_and_covariates_agree(case, rows):
    above, below = rows[rows["margin"] >= 0], rows[rows["margin"] < 0]
    case.assert_within(
        "placebo cutoff +10 (margin>=0): robust p", run(above, cutoff=10.0).robust_p_value
    )
    case.assert_within(
        "placebo cutoff +5: robust p", run(above, cutoff=5.0).robust_p_value
    )
    case.assert_within(
        "placebo cutoff -10 (margin<0): robust p - a FALSE alarm at h=1.67, N_h 27/32",
        run(below, cutoff=-10.0).robust_p_value,
    )
    found = run(rows[rows["margin"].abs() >= 0.5])
    case.assert_within("donut 0.5: conv, robust CI", [found.jump, *found.robust_interval])
    case.assert_within("donut 1.0: conv", run(rows[rows["margin"].abs() >= 1]).jump)
    everyone = case.frame.dropna(subset=["margin"])
    found = run(everyone, outcome="population")
    case.assert_within(
        "covariate continuity population: conv, robust p",
        [found.jump, found.robust_p_value],
    )
    case.assert_within(
        "covariate continuity demvoteshlag1 robust p",
        run(everyone, outcome="demvoteshlag1").robust_p_value,
    )


def test_the_density_test_uses_elections_without_a_later_vote(case):
    found = density_jump(case.frame["margin"].dropna(), cutoff=0.0)
    case.assert_within("rddensity T_jk, p", [found.statistic, found.p_value])
    case.assert_within("rddensity h left/right", found.bandwidths)


def test_the_design_reports_it_and_one_false_alarm_among_placebos_does_not_withhold(
    case,
):
    result = sharp_jump(
        case.frame,
        outcome="vote",
        running="margin",
        cutoff=0.0,
        missing_outcome="drop",
        placebos=[-10.0, 5.0, 10.0],
    )
    case.assert_within("robust CI", result.estimate.interval)
    case.assert_within(
        "rddensity T_jk, p", [result.density.statistic, result.density.p_value]
    )
    assert result.diagnostics["n_without_outcome"] == 93
    states = {item.name: item.state for item in result.assumptions}
    assert states["no jump elsewhere"] == "doubtful"
    assert "broken" not in states.values()
    assert np.isfinite(list(result.diagnostics.values())).all()
