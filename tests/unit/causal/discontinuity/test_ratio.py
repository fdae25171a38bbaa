"""The Anderson-Rubin set of a ratio of jumps, by its definition and by simulation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.causal.discontinuity.ratio import ratio_set

Z = 1.959963984540054
NUMBER = st.floats(-5, 5, allow_subnormal=False)
SPREAD = st.floats(0.05, 3)


def accepted(jumps, covariance, effect):
    pull = jumps[0] - effect * jumps[1]
    way = np.array([1.0, -effect])
    return pull**2 <= Z**2 * (way @ covariance @ way)


@given(NUMBER, NUMBER, SPREAD, SPREAD, st.floats(-0.95, 0.95), st.floats(-20, 20))
def test_the_set_holds_an_effect_exactly_when_the_test_accepts_it(
    outcome, treatment, error_y, error_d, correlation, effect
):
    jumps = np.array([outcome, treatment])
    shared = correlation * error_y * error_d
    covariance = np.array([[error_y**2, shared], [shared, error_d**2]])
    found = ratio_set(jumps, covariance, 0.95)
    if any(abs(effect - end) < 1e-6 for piece in found.pieces for end in piece):
        return
    inside = any(low <= effect <= high for low, high in found.pieces)
    assert inside == accepted(jumps, covariance, effect)


def test_a_known_divisor_gives_the_plain_interval():
    found = ratio_set(np.array([3.0, 2.0]), np.diag([0.25, 0.0]), 0.95)
    assert found.interval == pytest.approx((1.5 - Z * 0.25, 1.5 + Z * 0.25))
    assert found.is_bounded


def test_a_divisor_that_may_be_zero_gives_a_set_without_bound():
    far = ratio_set(np.array([3.0, 1.0]), np.eye(2), 0.95)
    assert len(far.pieces) == 2
    assert far.interval == (-np.inf, np.inf)
    everything = ratio_set(np.array([1.0, 1.0]), np.eye(2), 0.95)
    assert everything.pieces == ((-np.inf, np.inf),)
    assert not everything.is_bounded


def test_the_set_covers_whatever_the_divisor_and_the_normal_interval_does_not():
    rng = np.random.default_rng(1)
    noise = rng.multivariate_normal([0, 0], [[1, 0.9], [0.9, 1]], size=2_000)
    truth, held, normal = 1.0, 0, 0
    covariance = np.array([[1, 0.9], [0.9, 1]])
    for draw in noise:
        jumps = np.array([truth * 0.5, 0.5]) + draw
        held += any(
            low <= truth <= high
            for low, high in ratio_set(jumps, covariance, 0.95).pieces
        )
        value = jumps[0] / jumps[1]
        way = np.array([1, -value]) / jumps[1]
        normal += abs(value - truth) <= Z * np.sqrt(way @ covariance @ way)
    # Three binomial standard errors.
    assert held / 2_000 == pytest.approx(0.95, abs=0.015)
    assert abs(normal / 2_000 - 0.95) > 0.02
