"""The trend before treatment that an imputation looks for."""

import numpy as np
import pandas as pd
import pytest

from assay.causal import verdict
from assay.causal.differences import fixed_effects, imputed_effects

NAMES = {"outcome": "y", "unit_column": "unit", "period": "week", "cohort": "start"}


def panel(seed, drift=0.0, n_units=60, n_weeks=14):
    """Return three cohorts and never treated units; `drift` is the treated's own."""
    rng = np.random.default_rng(seed)
    unit, week = (a.ravel() for a in np.indices((n_units, n_weeks)))
    start = np.where(unit < n_units // 2, 6.0 + 2 * (unit % 3), 0.0)
    y = rng.normal(size=n_units)[unit] + rng.normal(size=n_weeks)[week]
    y = y + drift * week * (start > 0) + (start > 0) * (week >= start)
    y = y + 0.5 * rng.normal(size=unit.size)
    return pd.DataFrame({"y": y, "unit": unit, "week": week, "start": start})


def trend(frame):
    found = imputed_effects(frame, **NAMES)
    return found, next(a for a in found.assumptions if a.name == "parallel trends")


def test_a_steady_drift_is_caught_and_a_valid_rollout_rarely_doubted():
    n_runs = 60
    caught = sum(trend(panel(s, drift=0.08))[1].state != "holds" for s in range(n_runs))
    doubted = [trend(panel(1_000 + s))[1].state for s in range(n_runs)]
    assert caught >= 54
    # 5 % of 60 runs has a binomial standard error of 1.7.
    assert sum(state != "holds" for state in doubted) <= 3 + 3 * 1.7
    assert doubted.count("broken") <= 1


def test_the_slope_is_that_of_a_regression_on_untreated_rows():
    frame = panel(2, drift=0.05)
    found, _ = trend(frame)
    untreated = frame[(frame["start"] == 0) | (frame["week"] < frame["start"])]
    line = fixed_effects(
        untreated.assign(
            ahead=lambda f: np.where(f["start"] > 0, f["week"] - f["start"], 0.0)
        ),
        outcome="y", treatment="ahead", absorbed=["unit", "week"], cluster="unit",
    ).estimate  # fmt: skip
    assert found.diagnostics["pre_trend_slope"] == pytest.approx(line.value)
    assert found.diagnostics["pre_trend_slope_p_value"] == pytest.approx(line.p_value)


def test_the_smaller_of_two_p_values_counts_twice():
    found, one = trend(panel(4))
    single = found.diagnostics["pre_trend_slope_p_value"]
    assert one.p_value == found.diagnostics["pre_trend_p_value"]
    assert one.p_value <= 2 * single + 1e-12


def test_a_bend_that_is_no_slope_is_caught_by_the_leads():
    frame = panel(5)
    ahead = frame["week"] - frame["start"]
    bent = frame.assign(y=frame["y"] + 1.5 * ((frame["start"] > 0) & (ahead == -3)))
    found, one = trend(bent)
    assert one.state == "broken"
    assert found.diagnostics["pre_trend_slope_p_value"] > 0.001


def test_leads_that_few_units_have_are_held_against_and_not_tested():
    _, one = trend(panel(6))
    # 30 units are behind six leads, 20 behind the seventh.
    assert one.finding.startswith("6 leads")


def test_one_period_before_the_start_leaves_trends_untested():
    frame = (
        panel(7).query("week >= 5").assign(start=lambda f: np.where(f.start > 0, 6, 0))
    )
    found, one = trend(frame)
    assert one.state == "untestable"
    assert verdict(found.assumptions) == "report"
