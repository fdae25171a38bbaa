"""The always-valid test: its formula by hand, its size under peeking, its power."""

import numpy as np
import pandas as pd
import pytest

from assay.causal.experiments import sequential_test
from assay.causal.experiments.sequential import always_valid
from assay.errors import DataError


def experiment(n=2_000, effect=0.0, seed=0):
    rng = np.random.default_rng(seed)
    arm = rng.integers(0, 2, n)
    y = rng.exponential(1, n) + effect * arm
    return pd.DataFrame({"y": y, "arm": arm, "day": np.arange(n) // 20})


def run(frame, **options):
    chosen = {"effect_scale": 0.2, **options}
    return sequential_test(frame, outcome="y", treated="arm", order="day", **chosen)


def test_p_value_and_width_follow_the_mixture_likelihood_ratio():
    difference, square, scale = np.array([0.3]), np.array([0.01]), 0.2
    half, p_value = always_valid(difference, square, scale, 0.95)
    # N(0.3; 0, 0.05) over N(0.3; 0, 0.01).
    likelihood = np.sqrt(0.01 / 0.05) * np.exp(0.09 / 2 * (1 / 0.01 - 1 / 0.05))
    assert p_value[0] == pytest.approx(1 / likelihood)
    # At the edge of the interval the ratio is exactly 1 / alpha.
    _, edge = always_valid(half, square, scale, 0.95)
    assert edge[0] == pytest.approx(0.05)


def test_peeking_every_day_rejects_a_null_effect_at_most_five_percent():
    n_runs = 200
    rejected = naive = 0
    for seed in range(n_runs):
        result = run(experiment(seed=seed))
        rejected += result.estimate.p_value <= 0.05
        looks = result.table()
        naive += bool(
            (np.abs(looks["difference"]) > 1.96 * 2 / np.sqrt(looks["n"])).any()
        )
    assert rejected / n_runs <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / n_runs)
    assert naive / n_runs > 0.15


def test_a_real_effect_stops_early_and_the_interval_holds_it():
    result = run(experiment(n=8_000, effect=0.2))
    assert result.diagnostics["stopped_at_n"] < 8_000
    low, high = result.estimate.interval
    assert low <= 0.2 <= high
    assert (np.diff(result.looks[:, 3]) >= 0).all()
    assert (np.diff(result.looks[:, 5]) <= 0).all()


def test_rows_that_arrive_together_are_seen_together():
    frame = experiment()
    mixed = frame.sample(frac=1, random_state=2)
    assert run(frame).looks.tobytes() == run(mixed).looks.tobytes()
    assert run(frame).diagnostics["n_looks"] <= 100


def test_too_few_rows_and_a_useless_scale_are_refused():
    with pytest.raises(DataError, match="first look needs 100 in each"):
        run(experiment(n=100))
    with pytest.raises(ValueError, match="effect_scale must be positive"):
        run(experiment(), effect_scale=0)
