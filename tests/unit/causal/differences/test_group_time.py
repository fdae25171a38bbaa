"""Staggered designs: hand values, an independent package, known truth."""

import diff_diff
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.causal import verdict
from assay.causal.differences import (
    bacon_decomposition,
    fixed_effects,
    group_time_effects,
    imputed_effects,
    interaction_weighted,
)
from assay.causal.differences.multiplier import multiplier_draws
from assay.errors import DataError

NAMES = {"outcome": "y", "unit_column": "unit", "period": "period", "cohort": "start"}


def panel(n_units=120, effect=1.0, grow=0.0, noise=1.0, seed=0, starts=(3, 5, 0)):
    rng = np.random.default_rng(seed)
    start = np.resize(starts, n_units).astype(float)
    unit, period = np.meshgrid(np.arange(n_units), np.arange(1, 8), indexing="ij")
    x = rng.normal(size=n_units)
    event = np.where(start > 0, period.T - start, -1).T
    y = x[:, None] + 0.3 * period + noise * rng.normal(size=unit.shape)
    y = y + np.where((start[:, None] > 0) & (event >= 0), effect + grow * event, 0)
    return pd.DataFrame(
        {
            "y": y.ravel(),
            "unit": unit.ravel(),
            "period": period.ravel(),
            "start": np.repeat(start, 7),
            "x": np.repeat(x, 7),
            "city": np.repeat(np.arange(n_units) // 3, 7),
        }
    )


def test_each_effect_is_a_difference_of_mean_changes():
    frame = panel()
    result = group_time_effects(frame, **NAMES, comparison="never_treated")
    wide = frame.pivot_table(index=["unit", "start"], columns="period", values="y")
    means = wide.groupby("start").mean()
    table = result.table().set_index(["cohort", "period"])["effect"]
    change = means[6] - means[2]
    assert table[3, 6] == pytest.approx(change[3] - change[0], abs=1e-12)
    change = means[3] - means[2]
    assert table[5, 3] == pytest.approx(change[5] - change[0], abs=1e-12)


@pytest.mark.parametrize(
    ("method", "theirs"),
    [("doubly_robust", "dr"), ("regression", "reg"), ("weighting", "ipw")],
)
def test_all_three_methods_agree_with_an_independent_package(method, theirs):
    frame = panel(n_units=300)
    frame["y"] += 0.2 * frame["x"] * frame["period"]
    ours = group_time_effects(
        frame, **NAMES, covariates=["x"], method=method, comparison="never_treated"
    )
    other = diff_diff.CallawaySantAnna(
        control_group="never_treated", estimation_method=theirs
    ).fit(
        frame, outcome="y", unit="unit", time="period", first_treat="start",
        covariates=["x"],
    )  # fmt: skip
    for row in ours.table().itertuples():
        found = other.group_time_effects[(row.cohort, row.period)]
        assert row.effect == pytest.approx(found["effect"], abs=1e-6)
        assert row.standard_error == pytest.approx(found["se"], rel=2e-3)


def test_the_base_period_changes_only_what_lies_before_treatment():
    varying = group_time_effects(panel(), **NAMES).table()
    universal = group_time_effects(panel(), **NAMES, base_period="universal").table()
    both = varying.merge(universal, on=["cohort", "period"], suffixes=("", "_universal"))
    after = both["period"] >= both["cohort"]
    gap = (both["effect"] - both["effect_universal"]).abs()
    assert gap[after].max() < 1e-12
    assert gap[~after].max() > 0.01


def test_growing_effects_are_recovered_where_two_way_effects_fail():
    frame = panel(grow=1.0, noise=0.1, starts=(2, 6))
    # By the end everyone is treated: cohort 2 is compared with cohort 6 before 6.
    result = group_time_effects(frame, **NAMES)
    dynamic = result.aggregate("dynamic", n_draws=0)
    at = dynamic.keys.tolist().index(2)
    assert dynamic.effects[at] == pytest.approx(3, abs=0.1)
    treated = (frame["period"] >= frame["start"]).astype(int)
    two_way = fixed_effects(
        frame.assign(on=treated), outcome="y", treatment="on",
        absorbed=["unit", "period"], cluster="unit",
    )  # fmt: skip
    # Every true effect is at least 1.
    assert two_way.estimate.value < 1
    assert verdict(two_way.assumptions) == "warn"


def test_intervals_cover_valid_panels_report_and_trends_are_caught():
    n_runs = 80
    covered = withheld = caught = 0
    for seed in range(n_runs):
        frame = panel(seed=seed)
        result = group_time_effects(frame, **NAMES)
        low, high = result.estimate.interval
        covered += low <= 1 <= high
        withheld += verdict(result.assumptions) == "withhold"
        drift = frame.assign(y=frame["y"] + 0.5 * frame["period"] * (frame["start"] > 0))
        caught += verdict(group_time_effects(drift, **NAMES).assumptions) != "report"
    assert covered / n_runs == pytest.approx(0.95, abs=0.075)
    assert withheld <= 4
    assert caught >= 72


def test_multiplier_draws_have_the_analytic_spread_and_streams_by_batch():
    result = group_time_effects(panel(), **NAMES)
    draws = multiplier_draws(result.influence, n_draws=4_000, seed=1)
    assert draws.std(axis=0) == pytest.approx(result.standard_errors, rel=0.08)
    fewer = multiplier_draws(result.influence, n_draws=150, seed=1)
    assert fewer.tobytes() == draws[:150].tobytes()


def test_uniform_bands_are_wider_than_pointwise_intervals():
    dynamic = group_time_effects(panel(), **NAMES).aggregate("dynamic")
    assert 1.96 < dynamic.uniform_critical < 4
    table = dynamic.table()
    assert (table["band_lower"] < table["lower"]).all()


def test_never_treated_may_be_coded_in_three_ways_in_any_order_of_rows():
    frame = panel()
    first = group_time_effects(frame, **NAMES)
    for never in (np.nan, np.inf):
        other = frame.assign(start=frame["start"].replace(0, never))
        result = group_time_effects(other.sample(frac=1, random_state=1), **NAMES)
        assert result.effects.tobytes() == first.effects.tobytes()
        assert result.estimate == first.estimate


def test_clusters_of_one_unit_change_nothing_and_larger_ones_widen():
    frame = panel()
    shock = np.random.default_rng(3).normal(size=(40, 8))
    frame["y"] += shock[frame["city"], frame["period"]]
    frame["start"] = np.resize([3, 5, 0], 40)[frame["city"]]
    plain = group_time_effects(frame, **NAMES).estimate
    alone = frame.assign(alone=frame["unit"])
    same = group_time_effects(alone, **NAMES, cluster="alone").estimate
    assert same.standard_error == pytest.approx(plain.standard_error, rel=1e-12)
    wide = group_time_effects(frame, **NAMES, cluster="city").estimate
    assert wide.standard_error > 1.2 * plain.standard_error


@settings(max_examples=25, deadline=None)
@given(
    starts=st.lists(st.sampled_from([0, 2, 3, 5, 7]), min_size=4, max_size=12),
    seed=st.integers(0, 50),
)
def test_bacon_weights_sum_to_one_and_give_the_two_way_estimate(starts, seed):
    if len(set(starts)) < 2:
        starts = [*starts, 0, 3]
    frame = panel(n_units=len(starts), seed=seed, starts=tuple(starts))
    split = bacon_decomposition(frame, **NAMES)
    assert sum(c.weight for c in split.comparisons) == pytest.approx(1)
    on = ((frame["start"] > 0) & (frame["period"] >= frame["start"])).astype(int)
    two_way = fixed_effects(
        frame.assign(on=on), outcome="y", treatment="on", absorbed=["unit", "period"]
    )
    assert split.value == pytest.approx(two_way.estimate.value, abs=1e-9)


def test_imputation_recovers_an_exact_effect_and_survives_gaps():
    frame = panel(noise=0.0, grow=0.5).drop(index=[3, 80, 200])
    result = imputed_effects(frame, **NAMES)
    table = result.table().set_index("event_time")["effect"]
    assert table[2] == pytest.approx(2.0, abs=1e-9)
    assert np.isnan(result.imputed).sum() == 3


def test_imputation_agrees_with_an_independent_package():
    frame = panel()
    ours = imputed_effects(frame, **NAMES).estimate
    theirs = diff_diff.ImputationDiD().fit(
        frame, outcome="y", unit="unit", time="period", first_treat="start"
    )
    assert ours.value == pytest.approx(theirs.overall_att, abs=1e-9)
    assert ours.standard_error == pytest.approx(theirs.overall_se, rel=1e-6)


def test_interaction_weights_equal_group_time_effects_of_never_treated():
    frame = panel()
    ours = interaction_weighted(frame, **NAMES)
    other = group_time_effects(
        frame, **NAMES, comparison="never_treated", base_period="universal"
    )
    assert ours.estimate.value == pytest.approx(other.estimate.value, abs=1e-10)
    assert [a.name for a in ours.assumptions][:2] == [
        "parallel trends",
        "enough clusters",
    ]


def test_one_treated_unit_is_withheld_and_small_cohorts_warn():
    lonely = panel(starts=(0,)).assign(start=lambda f: np.where(f["unit"] == 7, 4, 0))
    assert verdict(group_time_effects(lonely, **NAMES).assumptions) == "withhold"
    small = panel().assign(start=lambda f: np.where(f["unit"] == 7, 4, f["start"]))
    assert verdict(group_time_effects(small, **NAMES).assumptions) == "warn"


@pytest.mark.parametrize(
    ("frame", "options", "message"),
    [
        (panel(starts=(0,)), {}, "no unit starts between"),
        (panel(starts=(1, 0)), {}, "no unit starts between"),
        (panel(starts=(3,)), {}, "none of 1 cohorts has units to compare with"),
        (panel(starts=(3, 5)), {"comparison": "never_treated"}, "never treated"),
        (panel().iloc[1:], {}, "miss a period"),
    ],
)
def test_designs_without_a_comparison_are_refused(frame, options, message):
    with pytest.raises(DataError, match=message):
        group_time_effects(frame, **NAMES, **options)


def test_separation_by_a_covariate_is_refused_with_what_to_do():
    frame = panel()
    separated = frame.assign(x=(frame["start"] > 0).astype(float))
    with pytest.raises(DataError, match="drop covariates or use method='regression'"):
        group_time_effects(separated, **NAMES, covariates=["x"], method="weighting")


def test_units_treated_throughout_are_refused_by_imputation():
    with pytest.raises(DataError, match="treated in all their periods"):
        imputed_effects(panel(starts=(1, 3, 0)), **NAMES)
    with pytest.raises(DataError, match="periods have no untreated row"):
        imputed_effects(panel(starts=(3, 5)), **NAMES)
