"""Interrupted time series against sums written out and known truth."""

import numpy as np
import pandas as pd
import pytest

from assay.causal import verdict
from assay.causal.serial_errors import cautious_memory, serial_fit
from assay.causal.time_series import default_lags, interrupted_series, segmented_design
from assay.errors import DataError


def series(n=100, level=2.0, slope=0.0, memory=0.0, season=0.0, seed=0):
    rng = np.random.default_rng(seed)
    noise = np.empty(n)
    last = rng.normal() / np.sqrt(1 - memory**2)
    for t in range(n):
        last = memory * last + rng.normal()
        noise[t] = last
    t = np.arange(n)
    after = t >= 60
    y = 10 + 0.05 * t + after * (level + slope * (t - 60)) + noise
    y += season * (t % 7 == 3)
    return pd.DataFrame({"y": y, "week": t})


def run(frame, **options):
    return interrupted_series(frame, outcome="y", period="week", start=60, **options)


@pytest.mark.parametrize("lags", [0, default_lags(100), 150])
def test_newey_west_weighs_each_pair_of_periods_by_their_distance(lags):
    frame = series(slope=0.1, memory=0.3)
    design = segmented_design(frame["week"].to_numpy(float), 60, None)
    y = frame["y"].to_numpy()
    found = serial_fit(design, y, lags)
    coefficients = np.linalg.lstsq(design, y)[0]
    errors = y - design @ coefficients
    distance = np.abs(np.subtract.outer(np.arange(100), np.arange(100)))
    kernel = np.maximum(1 - distance / (lags + 1), 0)
    bread = np.linalg.inv(design.T @ design)
    meat = design.T @ (kernel * np.outer(errors, errors)) @ design
    assert found.coefficients == pytest.approx(coefficients, abs=1e-10)
    assert found.residuals == pytest.approx(errors, abs=1e-10)
    # 100 periods, 4 terms: the small sample correction.
    assert found.newey_west == pytest.approx(bread @ meat @ bread * 100 / 96, rel=1e-8)


def test_time_in_nanoseconds_is_not_taken_for_a_collinear_design():
    frame = series(slope=0.1, memory=0.3)
    week = 604_800e9
    slow = run(frame)
    fast = interrupted_series(
        frame.assign(week=frame["week"] * week), outcome="y", period="week",
        start=60 * week,
    )  # fmt: skip
    assert fast.estimate.value == pytest.approx(slow.estimate.value, rel=1e-9)
    error = slow.estimate.standard_error
    assert fast.estimate.standard_error == pytest.approx(error, rel=1e-9)
    slope = slow.diagnostics["slope_change"] / week
    assert fast.diagnostics["slope_change"] == pytest.approx(slope, rel=1e-9, abs=0)


def test_terms_that_the_periods_cannot_tell_apart_are_refused():
    design = segmented_design(np.arange(80.0), 50, None)
    y = series(n=80)["y"].to_numpy()
    with pytest.raises(DataError, match="80 periods cannot tell 5 terms apart"):
        serial_fit(np.column_stack([design, design[:, 0] - design[:, 2]]), y, 3)
    with pytest.raises(DataError, match="4 periods cannot tell 4 terms apart"):
        serial_fit(design[48:52], y[48:52], 3)


def test_the_memory_of_the_errors_is_found_without_the_bias_of_the_residuals():
    found = [
        run(series(memory=0.6, seed=seed)).diagnostics["memory"] for seed in range(25)
    ]
    # One draw spreads by 0.09; plain residuals would give 0.51.
    assert np.median(found) == pytest.approx(0.6, abs=0.06)


def test_matched_errors_are_those_of_the_true_process():
    design = segmented_design(np.arange(80.0), 50, None)
    y = series(n=80, memory=0.5)["y"].to_numpy()
    fit = serial_fit(design, y, 3)
    n = np.arange(80)
    correlation = cautious_memory(fit.memory, 80) ** np.abs(np.subtract.outer(n, n))
    bread = np.linalg.inv(design.T @ design)
    maker = np.eye(80) - design @ bread @ design.T
    variance = fit.residuals @ fit.residuals / np.trace(maker @ correlation)
    expected = bread @ design.T @ correlation @ design @ bread * variance
    assert fit.matched == pytest.approx(expected, rel=1e-8)


def test_the_mean_effect_is_level_plus_average_slope():
    result = run(series(n=4_000, slope=0.001))
    mean_distance = np.mean(np.arange(60, 4_000) - 60)
    value = result.diagnostics["level_change"]
    value += result.diagnostics["slope_change"] * mean_distance
    assert result.estimate.value == pytest.approx(value, abs=1e-9)


@pytest.mark.parametrize("memory", [0.0, 0.5])
def test_intervals_cover_and_valid_series_are_seldom_doubted(memory):
    n_runs = 40
    covered = warned = 0
    for seed in range(n_runs):
        result = run(series(n=140, seed=seed, memory=memory))
        low, high = result.estimate.interval
        covered += low <= 2 <= high
        warned += verdict(result.assumptions) != "report"
    assert covered / n_runs == pytest.approx(0.95, abs=0.08)
    assert warned / n_runs <= 0.10


def test_a_curved_trend_and_a_long_memory_are_doubted():
    frame = series(level=0.0)
    t = frame["week"]
    curved = run(frame.assign(y=frame["y"] + 5 * np.sin(t / 8)))
    assert verdict(curved.assumptions) == "warn"
    remembering = run(series(n=200, memory=0.97, seed=4))
    assert verdict(remembering.assumptions) == "warn"


def state(result, name):
    (found,) = (one for one in result.assumptions if one.name == name)
    return found.state


def test_a_random_walk_is_told_from_a_series_that_comes_back():
    n, name = 80, "the series comes back to its trend"
    caught = accused = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        noise = rng.normal(size=n)
        frame = pd.DataFrame({"y": 0.5 * noise, "week": np.arange(n)})
        accused += state(run(frame), name) != "holds"
        frame["y"] += np.cumsum(rng.normal(size=n))
        caught += state(run(frame), name) == "doubtful"
    assert caught >= 32
    assert accused <= 2


def test_a_trend_that_turned_before_the_start_is_withheld():
    frame = series(level=0.0)
    turned = frame.assign(y=frame["y"] + 0.4 * np.maximum(frame["week"] - 30, 0))
    assert state(run(frame), "a straight trend before") == "holds"
    assert state(run(turned), "a straight trend before") == "broken"
    assert verdict(run(turned).assumptions) == "withhold"


def test_the_curve_before_the_start_has_the_t_ratio_of_its_regression():
    frame = series(memory=0.4, seed=3)
    t = np.arange(60.0)
    design = np.column_stack([np.ones(60), t, t**2])
    fit = serial_fit(design, frame["y"].to_numpy()[:60], default_lags(100))
    ratio = fit.coefficients[2] / np.sqrt(fit.matched[2, 2])
    (found,) = (
        one for one in run(frame).assumptions if one.name == "a straight trend before"
    )
    assert found.statistic == pytest.approx(ratio, rel=1e-8)


def test_seasons_are_taken_out_when_their_length_is_given():
    frame = series(season=8.0)
    plain, seasonal = run(frame), run(frame, season_length=7)
    assert seasonal.estimate.standard_error < plain.estimate.standard_error
    low, high = seasonal.estimate.interval
    assert low <= 2 <= high


def test_rows_in_any_order_give_the_same_bytes():
    frame = series()
    mixed = frame.sample(frac=1, random_state=1)
    assert run(frame).estimate == run(mixed).estimate


def test_gaps_repeats_and_short_series_are_refused():
    frame = series()
    with pytest.raises(DataError, match="fill the missing periods"):
        run(frame.drop(index=30))
    with pytest.raises(DataError, match="periods repeat"):
        run(pd.concat([frame, frame.iloc[[5]]]))
    with pytest.raises(DataError, match="5 periods before 60"):
        run(frame[frame["week"] >= 55])
    with pytest.raises(DataError, match="0 from it on"):
        run(frame[frame["week"] < 60])
