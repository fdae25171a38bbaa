"""Event study against dummies on rows, with its pre-trend test and placebo."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

from assay.causal import verdict
from assay.causal.differences import event_study
from assay.errors import DataError


def panel(n_units=60, effect=1.0, trend=0.0, seed=0, starts=(5,)):
    rng = np.random.default_rng(seed)
    unit, period = np.meshgrid(np.arange(n_units), np.arange(9), indexing="ij")
    start = np.full(n_units, np.nan)
    treated = n_units // 2
    start[:treated] = np.resize(starts, treated)
    begun = period - start[:, None]
    ever = np.isfinite(begun)
    y = rng.normal(size=n_units)[:, None] + 0.2 * period + rng.normal(size=unit.shape)
    y = y + np.where(ever & (begun >= 0), effect, 0) + trend * ever * period
    return pd.DataFrame(
        {
            "y": y.ravel(),
            "unit": unit.ravel(),
            "period": period.ravel(),
            "start": np.repeat(start, 9),
        }
    )


def run(frame, **options):
    return event_study(
        frame, outcome="y", unit_column="unit", period="period", cohort="start", **options
    )


def test_coefficients_are_those_of_explicit_dummies():
    frame = panel()
    result = run(frame)
    rows = frame.assign(
        event=(frame["period"] - frame["start"]).fillna(-1).astype(int).astype(str)
    )
    formula = "y ~ C(event, Treatment('-1')) + C(unit) + C(period)"
    fit = smf.ols(formula, rows).fit()
    for time, value in zip(result.event_times, result.coefficients, strict=True):
        name = f"C(event, Treatment('-1'))[T.{time:g}]"
        assert value == pytest.approx(fit.params[name], abs=1e-9)


def test_the_reference_stands_in_the_table_with_zero():
    table = run(panel()).table()
    assert table["event_time"].tolist() == [-5, -4, -3, -2, -1, 0, 1, 2, 3]
    assert table.loc[4, ["coefficient", "lower", "upper"]].tolist() == [0, 0, 0]


def test_valid_panels_are_reported_and_cover_and_trends_are_caught():
    n_runs = 100
    covered = withheld = caught = placebo = 0
    for seed in range(n_runs):
        result = run(panel(seed=seed))
        low, high = result.estimate.interval
        covered += low <= 1 <= high
        withheld += verdict(result.assumptions) == "withhold"
        placebo += result.diagnostics["placebo_p_value"] < 0.05
        caught += verdict(run(panel(seed=seed, trend=0.4)).assumptions) != "report"
    assert covered / n_runs == pytest.approx(0.95, abs=0.065)
    assert withheld <= 5
    assert placebo <= 12
    assert caught >= 90


def test_several_cohorts_warn_that_their_effects_mix():
    result = run(panel(starts=(4, 6)))
    found = {a.name: a for a in result.assumptions}
    assert found["one path for all cohorts"].state == "doubtful"
    assert "group_time_effects" in found["one path for all cohorts"].advice


def test_permuted_rows_give_the_same_bytes():
    frame = panel()
    mixed = frame.sample(frac=1, random_state=3)
    first, second = run(frame), run(mixed)
    assert first.coefficients.tobytes() == second.coefficients.tobytes()
    assert first.covariance.tobytes() == second.covariance.tobytes()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f.assign(start=np.nan), "no unit is ever treated"),
        (lambda f: f.assign(start=5), "every unit is treated in the end"),
        (lambda f: f[f["period"] != 4], "no treated row at event time -1"),
        (lambda f: f[f["period"] < 5], "no treated row from the start on"),
        (lambda f: f.assign(start="spring"), "not the first treated period"),
    ],
)
def test_panels_without_a_comparison_are_refused(change, message):
    with pytest.raises(DataError, match=message):
        run(change(panel()))
