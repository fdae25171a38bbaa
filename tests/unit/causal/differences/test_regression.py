"""Regression on cells against statsmodels and linearmodels on rows."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from linearmodels import PanelOLS

from assay.causal.differences.absorption import absorb
from assay.causal.differences.cells import squeeze
from assay.causal.differences.cluster_algebra import is_nested
from assay.causal.differences.regression import regress
from assay.errors import DataError


def rows(n=900, seed=0):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "x": rng.integers(0, 4, n),
            "z": rng.integers(0, 2, n),
            "branch": rng.integers(0, 12, n),
            "week": rng.integers(0, 9, n),
        }
    )
    shock = rng.normal(size=12)[frame["branch"]] + rng.normal(size=9)[frame["week"]]
    return frame.assign(y=0.5 * frame["x"] - frame["z"] + shock + rng.normal(size=n))


def run(frame, absorbed=(), **options):
    cells = squeeze(frame, "y", columns=["x", "z"], factors=["branch", "week"])
    columns = [cells.columns["x"], cells.columns["z"]]
    if not absorbed:
        columns.append(np.ones_like(columns[0]))
    names = ["x", "z", "one"][: len(columns)]
    return regress(cells, np.column_stack(columns), names, absorbed=absorbed, **options)


@pytest.mark.parametrize(
    ("errors", "theirs"),
    [
        ("iid", {"cov_type": "nonrobust"}),
        ("robust", {"cov_type": "HC1"}),
        ("cluster", {"cov_type": "cluster"}),
    ],
)
def test_cells_give_the_covariance_of_rows(errors, theirs):
    frame = rows()
    if errors == "cluster":
        theirs["cov_kwds"] = {"groups": frame["branch"]}
    fit = sm.OLS(frame["y"], sm.add_constant(frame[["x", "z"]])).fit(**theirs)
    ours = run(frame, errors=errors, cluster="branch")
    assert ours.coefficients[:2] == pytest.approx(fit.params[["x", "z"]], abs=1e-12)
    assert ours.standard_errors[:2] == pytest.approx(fit.bse[["x", "z"]], rel=1e-10)


def test_linearmodels_counts_all_fixed_effects():
    frame = rows().drop_duplicates(["branch", "week"])
    panel = frame.set_index(["branch", "week"])
    fit = PanelOLS(
        panel["y"], panel[["x", "z"]], entity_effects=True, time_effects=True
    ).fit(cov_type="clustered", cluster_entity=True, count_effects=True)
    ours = run(frame, ["branch", "week"], cluster="branch", counted="all")
    assert ours.coefficients == pytest.approx(fit.params.to_numpy(), abs=1e-10)
    assert ours.standard_errors == pytest.approx(fit.std_errors.to_numpy(), rel=1e-8)


def test_the_jackknife_is_one_refit_a_cluster():
    frame = rows()
    ours = run(frame, ["branch", "week"], cluster="branch", errors="jackknife")
    full = run(frame, ["branch", "week"], cluster="branch")
    gaps = []
    for branch in range(12):
        rest = run(frame[frame["branch"] != branch], ["branch", "week"], errors="iid")
        gaps.append(rest.coefficients - full.coefficients)
    n, k = len(frame), full.n_parameters
    spread = np.asarray(gaps).T @ np.asarray(gaps) * 12 / 11 * (n - 1) / (n - k)
    assert ours.covariance == pytest.approx(spread, rel=1e-8)


def test_two_sets_of_effects_are_projected_out_exactly():
    rng = np.random.default_rng(2)
    large, small = rng.integers(0, 30, 200), rng.integers(0, 5, 200)
    large, small = (np.unique(c, return_inverse=True)[1] for c in (large, small))
    weights, x = rng.integers(1, 9, 200).astype(float), rng.normal(size=(200, 3))
    found = absorb(x, weights, [small, large])
    dummies = np.hstack([np.eye(large.max() + 1)[large], np.eye(5)[small]])
    root = np.sqrt(weights)[:, None]
    fitted = dummies @ np.linalg.lstsq(dummies * root, x * root, rcond=None)[0]
    assert found.residuals == pytest.approx(x - fitted, abs=1e-10)
    assert found.rank == np.linalg.matrix_rank(dummies)


def test_effects_that_never_meet_are_counted_as_separate_components():
    left = np.array([0, 0, 1, 1, 2, 2, 3, 3])
    right = np.array([0, 1, 0, 1, 2, 3, 2, 3])
    found = absorb(np.arange(8.0)[:, None], np.ones(8), [left, right])
    assert found.rank == 6


def test_nesting_is_recognised():
    outer = np.array([0, 0, 1, 1])
    assert is_nested(np.array([0, 1, 2, 2]), outer)
    assert not is_nested(np.array([0, 1, 1, 2]), outer)


def test_collinear_regressors_and_lonely_clusters_are_named():
    frame = rows().assign(z=lambda f: 2 * f["x"])
    with pytest.raises(DataError, match=r"collinear .*\['z'\]; drop them"):
        run(frame, cluster="branch")
    with pytest.raises(DataError, match="'branch' has 1 cluster"):
        run(rows().assign(branch=0), cluster="branch")
    with pytest.raises(DataError, match=r"regressors are collinear .*fixed effects"):
        run(rows().assign(x=lambda f: f["week"]), ["branch", "week"], cluster="branch")
