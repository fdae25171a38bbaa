"""Two by two by hand, with its verdicts."""

import numpy as np
import pandas as pd
import pytest

from assay.causal import verdict
from assay.causal.differences import fixed_effects, two_by_two, wild_bootstrap
from assay.errors import DataError


def rollout(n_clusters=40, effect=0.5, trend=0.0, seed=0, n_treated=None):
    rng = np.random.default_rng(seed)
    n_treated = n_clusters // 2 if n_treated is None else n_treated
    cluster, week, _ = np.meshgrid(
        np.arange(n_clusters), np.arange(10), np.arange(5), indexing="ij"
    )
    treated, post = cluster < n_treated, week >= 6
    y = rng.normal(size=n_clusters)[cluster] + 0.3 * week + rng.normal(size=week.shape)
    y = y + effect * (treated & post) + trend * treated * week + treated
    return pd.DataFrame(
        {
            "y": y.ravel(),
            "treated": treated.ravel(),
            "post": post.ravel().astype("int8"),
            "cluster": cluster.ravel(),
            "week": week.ravel().astype("int8"),
        }
    )


def run(frame, **options):
    chosen = {"cluster": "cluster", "period": "week", **options}
    return two_by_two(frame, outcome="y", treated="treated", post="post", **chosen)


def test_four_rows_give_the_difference_of_differences():
    frame = pd.DataFrame(
        {
            "y": [1.0, 2.0, 4.0, 9.0] * 2,
            "treated": [0, 0, 1, 1] * 2,
            "post": [0, 1, 0, 1] * 2,
        }
    )
    frame["y"] += [0.1] * 4 + [-0.1] * 4
    result = two_by_two(frame, outcome="y", treated="treated", post="post")
    assert result.estimate.value == pytest.approx(4)
    assert result.means == pytest.approx(np.array([[1, 2], [4, 9]]))
    assert result.diagnostics["naive_before_after"] == pytest.approx(5)
    assert result.diagnostics["naive_post_difference"] == pytest.approx(7)


def test_it_equals_two_way_fixed_effects_on_a_balanced_panel():
    frame = rollout().assign(on=lambda f: f["treated"] * f["post"])
    other = fixed_effects(
        frame, outcome="y", treatment="on", absorbed=["cluster", "week"],
        cluster="cluster",
    )  # fmt: skip
    assert run(frame).estimate.value == pytest.approx(other.estimate.value, abs=1e-12)
    assert np.isnan(other.diagnostics["negative_weight_share"]) or (
        other.diagnostics["negative_weight_share"] == 0
    )


def test_permuted_rows_and_renamed_clusters_give_the_same_bytes():
    frame = rollout()
    mixed = frame.sample(frac=1, random_state=7)
    named = mixed.assign(cluster=mixed["cluster"].map("c{:02d}".format))
    first = run(frame)
    for other in (run(mixed), run(named)):
        assert other.estimate == first.estimate
        assert other.diagnostics == first.diagnostics


def test_valid_rollouts_are_reported_cover_and_broken_trends_are_caught():
    n_runs = 120
    covered = withheld = caught = 0
    for seed in range(n_runs):
        result = run(rollout(seed=seed))
        low, high = result.estimate.interval
        covered += low <= 0.5 <= high
        withheld += verdict(result.assumptions) == "withhold"
        drifting = run(rollout(seed=seed, trend=0.15))
        caught += verdict(drifting.assumptions) != "report"
    assert covered / n_runs == pytest.approx(0.95, abs=0.06)
    assert withheld / n_runs <= 0.05
    assert caught / n_runs >= 0.9


def test_one_treated_cluster_is_withheld_and_few_clusters_warn():
    lonely = run(rollout(n_treated=1))
    assert verdict(lonely.assumptions) == "withhold"
    assert any("placebos in space" in a.advice for a in lonely.assumptions)
    few = run(rollout(n_clusters=12))
    assert verdict(few.assumptions) == "warn"
    assert any("wild cluster bootstrap" in a.advice for a in few.assumptions)


def test_without_cluster_or_period_the_report_says_what_is_missing():
    result = run(rollout(), cluster=None, period=None)
    states = {a.name: a.state for a in result.assumptions}
    assert states["independent rows"] == "untestable"
    assert states["parallel trends"] == "untestable"
    assert result.trends.shape == (0, 3)


def test_empty_corners_and_constant_columns_are_refused():
    frame = rollout()
    corner = frame["treated"] & (frame["post"] == 1)
    with pytest.raises(DataError, match="no rows with treated = 1 and post = 1"):
        run(frame[~corner])
    with pytest.raises(DataError, match=r"'treated' is 0 on all .* nothing to compare"):
        run(frame.assign(treated=0))


def test_wild_bootstrap_of_the_same_design_agrees_with_many_clusters():
    frame = rollout().assign(on=lambda f: f["treated"] * f["post"])
    frame["treated"] = frame["treated"].astype(int)
    wild = wild_bootstrap(
        frame, outcome="y", treatment="on", cluster="cluster",
        controls=["treated", "post"], n_draws=1_999,
    ).estimate  # fmt: skip
    plain = run(frame).estimate
    assert wild.value == pytest.approx(plain.value, abs=1e-12)
    assert wild.standard_error == pytest.approx(plain.standard_error, rel=1e-10)
    assert wild.interval == pytest.approx(plain.interval, abs=0.03)
