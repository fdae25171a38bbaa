"""Controls with a penalty: all they are judged by comes from their own fits."""

from dataclasses import replace

import numpy as np
import pytest

from assay.causal import verdict
from assay.causal.synthetic import (
    Augmented,
    Penalised,
    augmented_control,
    conformal_p_values,
    penalised_control,
    read_cells,
    read_series,
)
from assay.errors import DataError

DESIGNS = pytest.mark.parametrize("design", [augmented_control, penalised_control])
PENALTIES = pytest.mark.parametrize(
    ("design", "penalty"), [(augmented_control, 5.0), (penalised_control, 0.05)]
)
BOTH = pytest.mark.parametrize(
    ("design", "recipe", "penalty"),
    [(augmented_control, Augmented(), 5.0), (penalised_control, Penalised(), 0.05)],
)


@pytest.fixture(scope="module")
def series(simulate, columns):
    return read_series(read_cells(simulate(3), **columns))


@BOTH
def test_the_interval_holds_the_effects_whose_refitted_residuals_look_alike(
    simulate, columns, series, design, recipe, penalty
):
    found = design(simulate(3), **columns, penalty=penalty, level=0.9).estimate
    low, high = found.interval
    assert low < found.value < high
    inside, outside = (
        by_loop(series, recipe, penalty, low + step) for step in (1e-3, -1e-2)
    )
    assert inside > 0.1
    assert outside <= 0.1
    assert found.p_value == pytest.approx(by_loop(series, recipe, penalty, 0.0))
    assert found.n == len(simulate(3))


def by_loop(series, recipe, penalty, effect):
    """Return the p value from one fit of the estimator itself on all periods."""
    treated = series.treated.copy()
    treated[series.n_pre :] -= effect
    n = series.n_periods
    whole = replace(series, n_pre=n, treated=treated)
    residuals = treated - series.donors @ recipe.fit(whole, penalty).weights
    sizes = [abs(np.roll(residuals, -k)[series.n_pre :].mean()) for k in range(n)]
    return np.mean(np.array(sizes) >= sizes[0] - 1e-9)


@PENALTIES
def test_placebos_and_donors_left_out_are_refits_with_the_same_penalty(
    simulate, columns, design, penalty
):
    frame = simulate(3)
    found = design(frame, **columns, penalty=penalty)
    heaviest = found.left_out[0]
    kept = [name for name in found.series.donor_names if name != heaviest.donor]
    without = design(frame, **columns, penalty=penalty, donors=kept)
    assert heaviest.att == pytest.approx(without.estimate.value, abs=1e-9)
    assert abs(heaviest.weight) == np.abs(found.donor_weights).max()
    donor = found.series.donor_names[4]
    others = [name for name in found.series.donor_names if name != donor]
    moved = {**columns, "treated_units": [donor], "donors": others}
    as_treated = design(frame, **moved, penalty=penalty)
    assert found.space.gaps[:, 4] == pytest.approx(as_treated.gaps, abs=1e-9)
    assert found.space.p_value == found.diagnostics["placebo_p_value"]


def test_donors_below_zero_are_left_out_and_listed_by_size_too(simulate, columns):
    found = augmented_control(simulate(3), **columns, penalty=0.5)
    weights = found.donor_weights
    assert weights.min() < -0.01
    by_size = np.argsort(-np.abs(weights), kind="stable")
    names = [found.series.donor_names[at] for at in by_size]
    assert [one.donor for one in found.left_out] == names
    table = found.weight_table()
    assert table["donor"].tolist() == names
    assert table["weight"].to_numpy() == pytest.approx(weights[by_size])


@PENALTIES
def test_a_made_up_date_is_judged_with_the_penalty_of_the_true_one(
    simulate, columns, design, penalty
):
    frame = simulate(3)
    gap, p_value = design(frame, **columns, penalty=penalty).time_placebo
    early = frame[frame["period"] < 30]
    made_up = {**columns, "treatment_start": 20}
    level = 0.9  # 30 periods carry no 95 % interval of a smaller p value
    found = design(early, **made_up, penalty=penalty, level=level).estimate
    assert (gap, p_value) == pytest.approx((found.value, found.p_value), abs=1e-9)


@DESIGNS
def test_the_interval_covers_the_effect_and_most_are_plainly_reported(
    simulate, columns, design
):
    n_runs, covered, states = 30, 0, []
    for seed in range(n_runs):
        found = design(simulate(900 + seed), **columns)
        low, high = found.estimate.interval
        covered += low <= 1 <= high
        states.append(verdict(found.assumptions))
    # Binomial standard error of 30 runs is 4 points.
    assert covered >= 25
    assert states.count("withhold") <= 3


def test_a_treated_unit_above_all_donors_is_withheld_or_warned_of(simulate, columns):
    frame = simulate(3)
    frame.loc[frame["unit"] == 0, "y"] += 20
    far = penalised_control(frame, **columns)
    assert verdict(far.assumptions) == "withhold"
    reached = augmented_control(frame, **columns)
    states = {one.name: one.state for one in reached.assumptions}
    assert states["inside the donors' range"] == "doubtful"
    assert verdict(reached.assumptions) in ("warn", "withhold")
    assert reached.diagnostics["weight_below_zero"] > 0


def test_where_free_weights_absorb_any_effect_the_interval_is_open_and_says_so(
    simulate, columns
):
    frame = simulate(3)
    after = frame["period"] >= 30  # two donors part as the treatment begins
    frame.loc[after & (frame["unit"] == 5), "y"] += 10
    frame.loc[after & (frame["unit"] == 6), "y"] -= 10
    found = augmented_control(frame, **columns, penalty=1.0)
    assert found.estimate.interval == (-np.inf, np.inf)
    one = read_series(read_cells(frame, **columns))
    far = conformal_p_values(one, np.array([-1e6, 1e6]), Augmented().residuals(one, 1.0))
    assert (far > 0.05).all()
    (bounded,) = (a for a in found.assumptions if a.name == "the interval is bounded")
    assert (bounded.state, bounded.statistic) == ("doubtful", 2.0)
    assert "larger penalty" in bounded.advice


@DESIGNS
def test_too_few_periods_for_the_level_are_refused(simulate, columns, design):
    short, where = simulate(1, n_pre=10, n_post=5), {**columns, "treatment_start": 10}
    with pytest.raises(DataError, match="15 periods give p values no smaller"):
        design(short, **where)
    assert design(short, **where, level=0.9).estimate.level == 0.9


@PENALTIES
def test_plots_show_the_penalty_only_where_it_was_chosen(
    simulate, columns, design, penalty
):
    given = design(simulate(3), **columns, penalty=penalty).plots()
    chosen = design(simulate(3), **columns).plots()
    assert set(given) == {"paths", "gaps", "weights", "left_out"}
    assert set(chosen) == {*given, "penalty"}
