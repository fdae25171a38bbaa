"""An alarm needs an effect and evidence; the step-up rule against scipy."""

import numpy as np
import pytest
from scipy.stats import false_discovery_control

from assay.contract import Limits
from assay.errors import ConfigError
from assay.monitoring.alarms import AlarmPolicy, customary_band, decide_alarms, rejected
from assay.monitoring.distances import number_drift
from assay.monitoring.profile import number_profile

RNG = np.random.default_rng(8)
PROFILE = number_profile(RNG.normal(size=50_000))


def decided(values, limits=None, policy=None):
    drift = number_drift("x", PROFILE, values)
    return decide_alarms([drift], limits or Limits(), policy)[0]


def test_chance_at_few_rows_is_in_the_retrain_band_and_raises_no_alarm():
    found = decided(np.random.default_rng(3).normal(size=30))
    assert found.band == "retrain"
    assert found.is_large
    assert not found.is_significant
    assert not found.is_raised


def test_a_real_move_too_small_to_matter_raises_no_alarm():
    found = decided(np.random.default_rng(3).normal(0.05, size=200_000))
    assert found.is_significant
    assert not found.is_large
    assert not found.is_raised
    assert found.band == "stable"
    assert found.psi > found.psi_null


def test_a_real_and_large_move_raises_an_alarm():
    found = decided(np.random.default_rng(3).normal(0.6, size=2_000))
    assert found.is_raised


def test_the_ks_limit_alone_makes_an_effect():
    values = np.random.default_rng(3).normal(0.35, size=20_000)
    assert not decided(values, Limits(psi=5, ks=0.9)).is_raised
    assert decided(values, Limits(psi=5, ks=0.1)).is_raised


def test_a_column_without_rows_raises_nothing():
    found = decided([])
    assert not found.is_raised
    assert found.p_value == 1.0


def test_repeated_looks_share_the_level_out():
    assert AlarmPolicy(level=0.06, looks=12).level_a_window == pytest.approx(0.005)


@pytest.mark.parametrize(("level", "looks"), [(0.0, 1), (1.0, 1), (0.05, 0)])
def test_a_policy_out_of_range_is_refused(level, looks):
    with pytest.raises(ConfigError, match="level"):
        AlarmPolicy(level, looks)


def test_the_step_up_rule_agrees_with_scipy():
    rng = np.random.default_rng(4)
    for _ in range(200):
        p_values = rng.random(12) ** rng.choice([1, 3])
        oracle = false_discovery_control(p_values) <= 0.1
        assert rejected(p_values, 0.1).tolist() == oracle.tolist()


def test_no_hypothesis_rejects_nothing():
    assert rejected([], 0.05).tolist() == []


def test_the_bands_of_the_trade():
    assert [customary_band(psi) for psi in (0.0999, 0.1, 0.1999, 0.2, np.nan)] == [
        *("stable", "watch", "watch", "retrain", "stable")
    ]
