"""Sensitivity to hidden causes: published values, hand values and exact identities."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from assay.causal.propensity import (
    e_value,
    e_value_of_difference,
    oster_delta,
    rosenbaum_bounds,
)
from assay.errors import DataError


def test_the_e_value_of_the_published_example():
    # VanderWeele and Ding (2017): RR 3.9 [1.8, 8.7] has E-values 7.26 and 3.0.
    found = e_value(3.9, (1.8, 8.7))
    assert (found.point, found.limit) == pytest.approx((7.26, 3.0), abs=0.005)


@given(st.floats(0.01, 100))
def test_a_protective_ratio_has_the_e_value_of_its_inverse(ratio):
    assert e_value(ratio).point == pytest.approx(e_value(1 / ratio).point)
    assert e_value(ratio).point >= 1


def test_an_interval_that_holds_no_effect_needs_no_confounder():
    assert e_value(1.2, (0.9, 1.6)).limit == 1.0
    assert e_value_of_difference(0.0, (-1, 1), 2.0).point == 1.0
    with pytest.raises(DataError, match="does not vary"):
        e_value_of_difference(1.0, (0, 2), 0.0)


def test_without_bias_the_bounds_are_wilcoxons_test():
    gaps = np.random.default_rng(0).normal(0.3, 1, size=60)
    found = rosenbaum_bounds(gaps, gammas=(1.0,))
    oracle = stats.wilcoxon(
        gaps, alternative="greater", method="approx", correction=False
    )
    assert found.p_upper[0] == pytest.approx(oracle.pvalue, rel=1e-10)
    assert found.p_lower[0] == found.p_upper[0]


def test_for_a_binary_outcome_the_bounds_are_mcnemars_by_hand():
    # 30 pairs gain, 10 lose, 60 tie. At gamma 2: mean 40 * 2/3, variance 40 * 2/9.
    gaps = np.repeat([1, -1, 0], [30, 10, 60])
    found = rosenbaum_bounds(gaps, gammas=(2.0,))
    z = (30 - 40 * 2 / 3) / np.sqrt(40 * 2 / 9)
    assert found.p_upper[0] == pytest.approx(stats.norm.sf(z))


def test_the_breaking_bias_is_where_the_bound_reaches_five_percent():
    gaps = np.random.default_rng(1).normal(0.8, 1, size=50)
    found = rosenbaum_bounds(gaps)
    at = rosenbaum_bounds(gaps, gammas=(found.breaking_gamma,))
    assert at.p_upper[0] == pytest.approx(0.05, abs=1e-9)
    assert (np.diff(found.p_upper) > 0).all()
    with pytest.raises(DataError, match="no matched pair differs"):
        rosenbaum_bounds([0, 0])


@pytest.mark.parametrize("delta", [0.5, 1.0, 1.7, -0.8])
def test_osters_delta_recovers_the_selection_that_was_built_in(delta):
    # Orthogonal parts in the sample, so the identity of Oster (2019) is exact.
    rng = np.random.default_rng(0)
    n = 400
    basis = rng.normal(size=(n, 4))
    basis = np.linalg.qr(basis - basis.mean(axis=0))[0] * np.sqrt(n)
    seen, unseen = 1.3 * basis[:, 0], 0.7 * basis[:, 1]
    treated = 0.5 * seen + delta * 0.5 * unseen + basis[:, 2]
    outcome = 0.4 * treated + seen + unseen + basis[:, 3]
    total = 1 - n / float(outcome @ outcome)
    found = oster_delta(
        outcome, treated, seen[:, None], r_squared_max=total, effect_at=0.4
    )
    assert found.delta == pytest.approx(delta, rel=1e-9)


def test_osters_coefficients_are_those_of_least_squares():
    rng = np.random.default_rng(3)
    w = rng.normal(size=(200, 2))
    x = w @ [1, 0.5] + rng.normal(size=200)
    y = x + w @ [2, -1] + rng.normal(size=200)
    found = oster_delta(y, x, w)
    full = np.column_stack([np.ones(200), x, w])
    assert found.controlled == pytest.approx(np.linalg.lstsq(full, y, rcond=None)[0][1])
    assert found.uncontrolled == pytest.approx(np.polyfit(x, y, 1)[0])
    assert found.r_squared_max == pytest.approx(min(1, 1.3 * found.r_squared_controlled))
    with pytest.raises(DataError, match="completely"):
        oster_delta(y, w[:, 0], w)
