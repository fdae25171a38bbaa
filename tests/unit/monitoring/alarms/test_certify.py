"""Tolerances of shares are four binomial standard errors."""

import numpy as np
import pytest

from assay.errors import ConfigError
from assay.monitoring.alarms.certify import (
    certificate,
    certify_false_alarms,
    certify_power,
    shifted_shares,
)


@pytest.mark.parametrize("n_rows", [60, 1_000_000])
def test_a_window_without_drift_alarms_as_often_as_the_level_says(n_rows):
    found = certify_false_alarms(n_rows, n_features=40, n_windows=2_000, seed=3)
    error = 4 * np.sqrt(0.05 * 0.95 / 2_000)
    assert found.any_alarm.value == pytest.approx(0.05, abs=error)


def test_fixed_limits_cry_wolf_at_a_hundred_rows_and_sleep_at_a_million():
    few = certify_false_alarms(100, n_features=40, n_windows=250)
    many = certify_false_alarms(1_000_000, n_features=40, n_windows=250)
    assert few.feature_over[0] == pytest.approx(0.38, abs=0.03)
    assert many.any_over == (0.0, 0.0)


def test_power_is_the_level_without_shift_and_one_with_a_large_one():
    none = certify_power(2_000, 0.0, n_features=20, n_windows=1_000)
    large = certify_power(2_000, 0.6, n_features=20, n_windows=200)
    assert none.psi == pytest.approx(0, abs=1e-20)
    assert none.calibrated <= 0.01
    assert large.calibrated == 1.0
    assert large.fixed[0] == 1.0


def test_a_shift_that_fixed_limits_sleep_through_is_found():
    found = certify_power(1_000_000, 0.05, n_features=200, n_windows=200)
    assert found.calibrated == 1.0
    assert found.fixed == (0.0, 0.0)


def test_the_index_of_a_shift_is_about_its_square():
    assert shifted_shares(0.3).sum() == pytest.approx(1.0)
    found = certify_power(1_000, 0.3, n_features=2, n_windows=10)
    assert found.psi == pytest.approx(0.3**2, rel=0.1)


def test_the_certificate_shows_both_tables():
    text = certificate(
        [certify_false_alarms(60, n_features=2, n_windows=10)],
        [certify_power(1_000, 0.3, n_features=2, n_windows=10)],
    )
    assert text.count("|---") == 12
    assert "| 1,000 | 0.3 |" in text


def test_nothing_to_draw_is_refused():
    with pytest.raises(ConfigError, match="0 windows"):
        certify_false_alarms(10, n_windows=0)
