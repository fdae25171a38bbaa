"""The logistic optimum against statsmodels, scikit-learn and separated data."""

import numpy as np
import pytest
import statsmodels.api as sm
from sklearn.linear_model import LogisticRegression

from assay.causal.propensity.logistic import logistic_optimum
from assay.errors import DataError


def data(n=500, seed=0):
    rng = np.random.default_rng(seed)
    x = np.column_stack([np.ones(n), rng.normal(size=(n, 3)) * [1, 100, 0.01] + 5])
    t = rng.random(n) < 1 / (1 + np.exp(-(x[:, 1] - 5)))
    return x, t.astype(float)


def test_coefficients_and_likelihood_are_statsmodels():
    x, t = data()
    fit = logistic_optimum(x, np.ones(len(t)), t)
    oracle = sm.Logit(t, x).fit(disp=0, maxiter=60)
    assert fit.coefficients == pytest.approx(oracle.params, rel=1e-8)
    assert fit.log_likelihood == pytest.approx(oracle.llf, rel=1e-12)
    covariance = np.linalg.inv(fit.information)
    assert np.sqrt(np.diag(covariance)) == pytest.approx(oracle.bse, rel=1e-7)


def test_the_gradient_is_zero_at_the_optimum():
    x, t = data()
    fit = logistic_optimum(x, np.ones(len(t)), t, penalty=2.0)
    gradient = x.T @ (t - fit.propensity) - 2.0 * np.append(0, fit.coefficients[1:])
    scale = np.abs(x).sum(axis=0)
    assert np.abs(gradient / scale).max() < 1e-12


def test_penalty_one_is_the_optimum_that_scikit_learn_looks_for():
    x, t = data()
    fit = logistic_optimum(x, np.ones(len(t)), t, penalty=1.0)
    model = LogisticRegression(
        C=1.0, tol=1e-12, max_iter=10_000, solver="newton-cholesky"
    )
    model.fit(x[:, 1:], t)
    found = np.append(model.intercept_, model.coef_)
    assert fit.coefficients == pytest.approx(found, rel=1e-6, abs=1e-8)


def test_counts_stand_for_repeated_rows():
    rng = np.random.default_rng(1)
    cells = np.column_stack([np.ones(6), rng.normal(size=6)])
    trials = rng.integers(2, 9, size=6).astype(float)
    treated = np.minimum(rng.integers(1, 5, size=6), trials - 1).astype(float)
    short = logistic_optimum(cells, trials, treated)
    rows = np.repeat(cells, trials.astype(int), axis=0)
    flags = np.concatenate(
        [np.arange(n) < k for n, k in zip(trials, treated, strict=True)]
    ).astype(float)
    long = logistic_optimum(rows, np.ones(len(rows)), flags)
    assert short.coefficients == pytest.approx(long.coefficients, rel=1e-10)


@pytest.mark.parametrize(
    ("x", "t"),
    [
        ([1, 2, 3, 4, 5, 6], [0, 0, 0, 1, 1, 1]),
        ([1, 2, 3, 3, 5, 6], [0, 0, 0, 1, 1, 1]),
        ([0, 0, 0, 1, 1, 1], [0, 1, 0, 1, 1, 1]),
    ],
    ids=["perfect", "but for a tie", "one level always treated"],
)
def test_separation_names_the_covariate_and_says_what_to_do(x, t):
    design = np.column_stack([np.ones(6), np.array(x, float)])
    with pytest.raises(DataError, match=r"separate.*'score'.*drop them.*penalty"):
        logistic_optimum(
            design, np.ones(6), np.array(t, float), names=("intercept", "score")
        )
    fit = logistic_optimum(design, np.ones(6), np.array(t, float), penalty=0.1)
    assert np.isfinite(fit.coefficients).all()


def test_strong_but_overlapping_covariates_are_not_called_separated():
    rng = np.random.default_rng(2)
    x = rng.normal(size=800) * 8
    t = (rng.random(800) < 1 / (1 + np.exp(-x))).astype(float)
    fit = logistic_optimum(np.column_stack([np.ones(800), x]), np.ones(800), t)
    assert 0.5 < fit.coefficients[1] < 1.6
