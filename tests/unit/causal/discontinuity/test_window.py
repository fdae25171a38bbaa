"""Window regressions and their bootstrap against statsmodels."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

from assay.causal.discontinuity.window import (
    bootstrap_interval,
    resampled_jumps,
    row_draws,
    window_jump,
)
from assay.errors import DataError

CUTOFF, WIDTH = 0.3, 0.4


@pytest.fixture(scope="module", params=["binary with ties", "continuous"])
def rows(request):
    rng = np.random.default_rng(4)
    x = rng.uniform(0, 1, 900)
    if request.param == "continuous":
        return x, x + 0.5 * (x >= CUTOFF) + rng.normal(size=x.size)
    x = np.round(x, 2)
    return x, (rng.random(x.size) < 0.3 + 0.3 * (x >= CUTOFF)).astype(float)


def inside(rows):
    frame = pd.DataFrame({"x": rows[0], "y": rows[1]})
    frame = frame[(frame.x > CUTOFF - WIDTH) & (frame.x < CUTOFF + WIDTH)]
    return frame.assign(above=(frame.x >= CUTOFF) * 1.0, u=frame.x - CUTOFF)


def formula(order):
    return "y ~ above*u" if order == 1 else "y ~ above*(u + I(u**2))"


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("variance", ["hc0", "hc1", "hc2", "hc3"])
def test_jump_and_error_are_those_of_statsmodels(rows, order, variance):
    found = window_jump(
        *rows, cutoff=CUTOFF, bandwidth=WIDTH, order=order, variance=variance
    )
    frame = inside(rows)
    fit = smf.ols(formula(order), frame).fit(cov_type=variance.upper())
    assert found.n == len(frame)
    assert found.jump == pytest.approx(fit.params["above"], abs=1e-10)
    if variance != "hc1":  # statsmodels counts the rows of both sides in its factor
        assert found.standard_error == pytest.approx(fit.bse["above"], abs=1e-10)
        assert found.p_value == pytest.approx(fit.pvalues["above"], abs=1e-10)


@pytest.mark.parametrize("order", [1, 2])
def test_resampled_jumps_are_those_of_refitted_tables(rows, order):
    frame = inside(rows)
    draws = list(row_draws(len(frame), 8, seed=3))
    ours = resampled_jumps(*rows, draws, cutoff=CUTOFF, bandwidth=WIDTH, order=order)
    refitted = [
        smf.ols(formula(order), frame.iloc[draw]).fit().params["above"] for draw in draws
    ]
    assert ours == pytest.approx(refitted, abs=1e-10)


def test_draws_are_the_same_whoever_makes_them_and_however_many():
    few, many = list(row_draws(50, 2, seed=1)), list(row_draws(50, 9, seed=1))
    assert all(np.array_equal(a, b) for a, b in zip(few, many, strict=False))


def test_the_interval_does_not_depend_on_the_order_of_rows(rows):
    order = np.random.default_rng(0).permutation(rows[0].size)
    spec = {"cutoff": CUTOFF, "bandwidth": WIDTH, "n_resamples": 50}
    here = bootstrap_interval(*rows, **spec)
    assert here == bootstrap_interval(rows[0][order], rows[1][order], **spec)
    assert here[0] < here[1]


def test_draws_outside_the_window_are_refused(rows):
    with pytest.raises(DataError, match="rows inside the window"):
        resampled_jumps(*rows, [np.array([10_000])], cutoff=CUTOFF, bandwidth=WIDTH)


def test_an_empty_window_says_where_the_rows_are(rows):
    with pytest.raises(DataError, match="no rows within"):
        window_jump(*rows, cutoff=9.0, bandwidth=0.1)
