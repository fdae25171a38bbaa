"""Power analysis against statsmodels and its own inverse."""

import pytest
from statsmodels.stats.power import TTestIndPower

from assay.causal.experiments import Design, detectable_effect, power, required_rows
from assay.errors import ConfigError


@pytest.mark.parametrize("share", [0.5, 0.2])
def test_power_is_that_of_the_t_test(share):
    ours = power(Design(deviation=2.0, treated_share=share), effect=0.6, n_rows=300)
    theirs = TTestIndPower().power(
        effect_size=0.3, nobs1=300 * share, alpha=0.05, ratio=(1 - share) / share
    )
    assert ours == pytest.approx(theirs, abs=1e-8)


def test_rows_power_and_effect_invert_each_other():
    design = Design(deviation=1.5, treated_share=0.3)
    rows = required_rows(design, effect=0.2, target=0.9)
    assert power(design, effect=0.2, n_rows=rows) >= 0.9
    assert power(design, effect=0.2, n_rows=rows - 1) < 0.9
    assert detectable_effect(design, n_rows=rows, target=0.9) == pytest.approx(
        0.2, rel=1e-3
    )


def test_clusters_cost_rows_and_covariates_save_them():
    plain = required_rows(Design(deviation=1.0), effect=0.1)
    clustered = Design(deviation=1.0, cluster_size=20, intra_cluster_correlation=0.05)
    assert required_rows(clustered, effect=0.1) / plain == pytest.approx(1.95, abs=0.03)
    adjusted = Design(deviation=1.0, covariate_correlation=0.7)
    assert required_rows(adjusted, effect=0.1) / plain == pytest.approx(0.51, abs=0.01)


@pytest.mark.parametrize(
    "values",
    [
        {"deviation": 0},
        {"deviation": 1, "treated_share": 1},
        {"deviation": 1, "level": 1},
        {"deviation": 1, "cluster_size": 0},
        {"deviation": 1, "intra_cluster_correlation": -0.1},
        {"deviation": 1, "covariate_correlation": 1},
    ],
)
def test_values_out_of_range_are_refused(values):
    with pytest.raises(ConfigError, match="must be"):
        Design(**values)


def test_impossible_requests_are_refused():
    design = Design(deviation=1.0)
    with pytest.raises(ConfigError, match="not zero"):
        required_rows(design, effect=0.0)
    with pytest.raises(ConfigError, match="more than 1e"):
        required_rows(design, effect=1e-9)
    with pytest.raises(ConfigError, match="independent units"):
        power(design, effect=1, n_rows=2)
    with pytest.raises(ConfigError, match="target"):
        detectable_effect(design, n_rows=100, target=0.01)
