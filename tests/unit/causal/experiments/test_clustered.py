"""Cluster-randomised and switchback experiments."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from assay.causal import verdict
from assay.causal.experiments import cluster_difference, switchback
from assay.errors import DataError


def clusters(n_clusters=40, size=10, effect=0.5, seed=0, uneven=False):
    rng = np.random.default_rng(seed)
    sizes = rng.integers(2, 2 * size, n_clusters) if uneven else np.full(n_clusters, size)
    arm = rng.permutation(np.arange(n_clusters) % 2)
    home = np.repeat(np.arange(n_clusters), sizes)
    y = rng.normal(size=n_clusters)[home] + rng.normal(size=home.size)
    frame = pd.DataFrame({"y": y + effect * arm[home], "arm": arm[home], "branch": home})
    return frame.assign(branch=frame["branch"].map("b{:03d}".format))


def run(frame, **options):
    return cluster_difference(
        frame, outcome="y", treated="arm", cluster="branch", **options
    )


def test_equal_clusters_give_welchs_test_on_cluster_means():
    frame = clusters()
    means = frame.groupby("branch").mean(numeric_only=True)
    on, off = means["y"][means["arm"] == 1], means["y"][means["arm"] == 0]
    theirs = stats.ttest_ind(on, off, equal_var=False)
    estimate = run(frame).estimate
    assert estimate.p_value == pytest.approx(theirs.pvalue, rel=1e-9)
    assert estimate.value == pytest.approx(on.mean() - off.mean(), abs=1e-12)


def test_intra_cluster_correlation_is_found():
    found = run(clusters(n_clusters=400)).diagnostics
    assert found["intra_cluster_correlation"] == pytest.approx(0.5, abs=0.1)
    assert found["design_effect"] == pytest.approx(1 + 9 * 0.5, abs=1)


def test_intervals_cover_with_twelve_uneven_clusters():
    covered = 0
    for seed in range(300):
        frame = clusters(n_clusters=12, seed=seed, uneven=True)
        low, high = run(frame).estimate.interval
        covered += low <= 0.5 <= high
    assert covered / 300 == pytest.approx(0.95, abs=0.04)


def test_randomisation_over_clusters_agrees_with_the_t_test():
    result = run(clusters(), n_draws=2_000)
    p_value = result.diagnostics["randomisation_p_value"]
    assert p_value == pytest.approx(result.estimate.p_value, abs=0.03)


def test_few_clusters_warn_and_a_mixed_cluster_is_refused():
    assert verdict(run(clusters(n_clusters=12)).assumptions) == "warn"
    assert verdict(run(clusters()).assumptions) == "report"
    frame = clusters()
    frame.loc[0, "arm"] = 1 - frame.loc[0, "arm"]
    with pytest.raises(DataError, match="1 of 40 clusters have rows in both arms"):
        run(frame)
    with pytest.raises(DataError, match="1 control and 1 treated"):
        run(clusters(n_clusters=2))


def market(n_blocks=60, length=12, effect=1.0, wear=0.0, seed=0):
    rng = np.random.default_rng(seed)
    on = rng.permutation(np.arange(n_blocks) % 2)
    hours = np.arange(n_blocks * length)
    block = hours // length
    state, level = 0.0, np.empty(hours.size)
    for hour in hours:
        state = wear * state + (1 - wear) * on[block[hour]]
        level[hour] = state
    noise = rng.normal(size=n_blocks)[block] * 0.5 + rng.normal(size=hours.size)
    return pd.DataFrame(
        {"y": effect * level + noise, "on": on[block], "hour": hours, "block": block}
    )


def switch(frame, **options):
    return switchback(
        frame, outcome="y", treated="on", period="hour", block="block", **options
    )


def test_a_switchback_recovers_the_effect_from_its_blocks():
    result = switch(market(), n_draws=500)
    low, high = result.estimate.interval
    assert low <= 1 <= high
    assert result.diagnostics["n_clusters"] == 60
    assert verdict(result.assumptions) == "report"
    assert result.block_means.shape == (60, 3)


def test_leaving_out_the_hours_after_a_switch_removes_carry_over():
    frame = market(n_blocks=400, wear=0.7)
    with_carry = switch(frame)
    without = switch(frame, carryover_periods=8)
    assert with_carry.estimate.value < 0.9
    assert without.estimate.value == pytest.approx(1, abs=0.15)
    assert without.diagnostics["left_out_share"] == pytest.approx(8 / 12)
    early = without.diagnostics["effect_right_after_switch"]
    assert early < without.estimate.value


def test_blocks_found_from_switches_are_runs_of_one_treatment():
    frame = market()
    found = switchback(frame, outcome="y", treated="on", period="hour")
    runs = 1 + np.count_nonzero(np.diff(frame["on"]))
    assert found.diagnostics["n_clusters"] == runs


def test_both_treatments_in_one_period_are_refused():
    frame = pd.concat([market(), market(seed=1)], ignore_index=True)
    with pytest.raises(DataError, match="name the market column"):
        switchback(frame, outcome="y", treated="on", period="hour")
    frame["city"] = np.repeat(["a", "b"], len(frame) // 2)
    found = switchback(frame, outcome="y", treated="on", period="hour", market="city")
    assert found.estimate.value == pytest.approx(1, abs=0.4)
