"""Least squares on the simplex against SciPy and its own optimality conditions."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from assay.causal.synthetic.simplex import simplex_batch, simplex_fit
from assay.errors import DataError
from benchmarks.causal.exact_weights import exact_loss, exact_residual, exact_weights


def draw(seed, n_rows, n, n_problems=1):
    rng = np.random.default_rng(seed)
    columns = rng.normal(size=(n_problems, n_rows, n)) + 2
    target = columns.mean(axis=2) + rng.normal(size=(n_problems, n_rows))
    grams = columns.transpose(0, 2, 1) @ columns
    return grams, np.einsum("bij,bi->bj", columns, target)


def value(gram, linear, weights):
    return weights @ gram @ weights / 2 - linear @ weights


def test_two_columns_have_the_hand_computed_weights():
    # |(w - 1/4)|^2 in one dimension: columns 0 and 1, target 1/4.
    found = simplex_fit(np.array([[0.0, 0.0], [0.0, 1.0]]), np.array([0.0, 0.25]))
    assert found.weights == pytest.approx([0.75, 0.25], abs=1e-12)


@pytest.mark.parametrize(("n_rows", "n"), [(20, 25), (50, 8), (5, 30), (19, 38)])
def test_no_point_that_slsqp_finds_is_lower(n_rows, n):
    grams, linears = draw(3, n_rows, n)
    found = simplex_fit(grams[0], linears[0])
    theirs = minimize(
        lambda w: value(grams[0], linears[0], w),
        np.full(n, 1 / n),
        jac=lambda w: grams[0] @ w - linears[0],
        bounds=[(0, 1)] * n,
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1},
        method="SLSQP",
        options={"ftol": 1e-13, "maxiter": 1000},
    )
    ours = value(grams[0], linears[0], found.weights)
    assert ours <= theirs.fun + 1e-9 * abs(theirs.fun)
    if n_rows >= 19:
        assert found.weights == pytest.approx(theirs.x, abs=1e-4)


@pytest.mark.parametrize(("n_rows", "n"), [(20, 25), (50, 8), (19, 12)])
def test_weights_are_those_of_rational_arithmetic_to_1e_10(n_rows, n):
    rng = np.random.default_rng(n_rows)
    columns = rng.normal(size=(n_rows, n)) + 2
    target = columns.mean(axis=1) + rng.normal(size=n_rows)
    found = simplex_fit(columns.T @ columns, columns.T @ target)
    exact = exact_weights(columns, target)
    assert sum(exact) == 1
    assert found.weights == pytest.approx([float(w) for w in exact], abs=1e-10)
    assert exact_residual(columns, target, found.weights) < 1e-12


def test_the_exact_optimum_is_beaten_by_no_neighbour():
    rng = np.random.default_rng(1)
    columns, target = rng.normal(size=(12, 5)), rng.normal(size=12)
    exact = exact_weights(columns, target)
    least = exact_loss(columns, target, exact)
    step = Fraction(1, 10**6)
    for giver, taker in itertools.permutations(range(5), 2):
        moved = list(exact)
        moved[giver], moved[taker] = moved[giver] - step, moved[taker] + step
        if moved[giver] >= 0:
            assert exact_loss(columns, target, moved) > least


@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 10_000), n_rows=st.integers(1, 30), n=st.integers(1, 20))
def test_weights_lie_on_the_simplex_and_are_optimal(seed, n_rows, n):
    grams, linears = draw(seed, n_rows, n)
    found = simplex_fit(grams[0], linears[0])
    assert (found.weights >= 0).all()
    assert found.weights.sum() == pytest.approx(1, abs=1e-12)
    assert found.optimality_residual < 1e-9


@pytest.mark.parametrize(("n_rows", "n"), [(20, 25), (50, 8), (19, 38), (4, 12)])
def test_many_problems_at_once_are_the_single_ones_from_any_start(n_rows, n):
    grams, linears = draw(5, n_rows, n, 60)
    single = np.array(
        [simplex_fit(g, c).weights for g, c in zip(grams, linears, strict=True)]
    )
    starts = [None, np.ones(n, dtype=bool), single[0] > 0, single > 0]
    for start in starts:
        found = simplex_batch(grams, linears, start)
        assert found.optimality_residuals.max() < 1e-9
        for gram, linear, one, other in zip(
            grams, linears, found.weights, single, strict=True
        ):
            assert value(gram, linear, one) == pytest.approx(
                value(gram, linear, other), abs=1e-9
            )
        if n_rows >= 19:
            assert found.weights == pytest.approx(single, abs=1e-8)


def test_equal_columns_share_nothing_that_matters():
    column = np.arange(6.0)
    columns = np.stack([column, column, column[::-1]], axis=1)
    found = simplex_fit(columns.T @ columns, columns.T @ column)
    assert columns @ found.weights == pytest.approx(column, abs=1e-6)


def test_a_missing_value_is_refused():
    with pytest.raises(DataError, match="missing or infinite"):
        simplex_fit(np.array([[np.nan]]), np.zeros(1))
