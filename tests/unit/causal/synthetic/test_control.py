"""Synthetic control: effect, verdicts, refusals."""

import numpy as np
import pandas as pd
import pytest

from assay.causal import verdict
from assay.causal.synthetic import (
    fit_weights,
    leave_one_out,
    placebo_in_space,
    placebo_in_time,
    read_cells,
    read_series,
    simplex_fit,
    synthetic_control,
)
from assay.errors import DataError


def states(result):
    return {item.name: item.state for item in result.assumptions}


def series_of(frame, columns):
    return read_series(read_cells(frame, **columns))


def test_the_effect_is_found_and_reported(simulate, columns):
    result = synthetic_control(simulate(1), **columns)
    low, high = result.estimate.interval
    assert low < 1.0 < high
    assert result.estimate.value == pytest.approx(1.0, abs=0.4)
    assert result.estimate.p_value <= 0.05
    assert verdict(result.assumptions) == "report"
    assert result.optimality_residual < 1e-12


def test_a_treated_unit_far_above_all_donors_is_withheld(simulate, columns):
    result = synthetic_control(simulate(2, shift=60.0), **columns)
    assert states(result)["inside the donors' range"] == "broken"
    assert states(result)["fit before treatment"] == "broken"
    assert verdict(result.assumptions) == "withhold"


def test_a_single_donor_with_all_the_weight_can_be_left_out(simulate, columns):
    frame = simulate(2, noise=0.01, effect=0.0)
    twin = frame.loc[frame["unit"] == 5, "y"].to_numpy()
    frame.loc[frame["unit"] == 0, "y"] = twin
    result = synthetic_control(frame, **columns)
    assert [item.donor for item in result.left_out] == [5]
    assert result.donor_weights.max() == pytest.approx(1, abs=1e-9)


def test_nearly_as_many_donors_as_pre_periods_warn(simulate, columns):
    result = synthetic_control(simulate(3, n_donors=29), **columns)
    assert states(result)["more pre-periods than donors"] == "doubtful"


def test_donors_of_few_noisy_rows_warn(simulate, columns):
    frame = simulate(4, noise=0.0)
    rng = np.random.default_rng(0)
    many = frame.loc[np.repeat(frame.index, 5)].reset_index(drop=True)
    many["y"] = 0.01 * many["y"] + rng.normal(size=len(many))
    assert states(synthetic_control(many, **columns))["donor series carry signal"] == (
        "doubtful"
    )
    clear = frame.loc[np.repeat(frame.index, 5)].reset_index(drop=True)
    clear["y"] += 0.1 * rng.normal(size=len(clear))
    assert states(synthetic_control(clear, **columns))["donor series carry signal"] == (
        "holds"
    )


def test_a_donor_that_misses_periods_is_named_with_what_to_do(simulate, columns):
    frame = simulate(5)
    frame = frame[~((frame["unit"] == 7) & (frame["period"].isin([3, 4])))]
    with pytest.raises(DataError, match=r"7 misses 2 of 40.*leave these units out"):
        synthetic_control(frame, **columns)
    rest = [unit for unit in range(1, 13) if unit != 7]
    assert synthetic_control(frame, donors=rest, **columns).series.n_donors == 11


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"treated_units": [99]}, "not in column"),
        ({"treated_units": []}, "no treated unit"),
        ({"donors": [0, 1, 2]}, "both treated and donors"),
        ({"treatment_start": 1}, "at least two before"),
        ({"treatment_start": 99}, "at least two before"),
        ({"outcome": "absent"}, "no column"),
    ],
)
def test_bad_requests_say_what_is_wrong(simulate, columns, change, message):
    with pytest.raises(DataError, match=message):
        synthetic_control(simulate(6), **{**columns, **change})


def test_too_few_periods_for_an_interval_say_how_many_it_takes(simulate, columns):
    frame = simulate(7, n_pre=10, n_post=4)
    with pytest.raises(DataError, match="it takes 20 periods"):
        synthetic_control(frame, **{**columns, "treatment_start": 10})


def test_the_order_of_rows_changes_no_byte_and_the_frame_stays(simulate, columns):
    frame = simulate(8)
    frame = pd.concat([frame, frame.assign(y=frame["y"] + 0.1)], ignore_index=True)
    before = frame.copy()
    here = synthetic_control(frame, n_resamples=20, **columns)
    moved = frame.sample(frac=1, random_state=1)
    there = synthetic_control(moved, n_resamples=20, **columns)
    pd.testing.assert_frame_equal(frame, before)
    assert dict(here.diagnostics) == dict(there.diagnostics)
    assert here.estimate.interval == there.estimate.interval
    assert here.row_interval == there.row_interval
    assert here.assumptions == there.assumptions


def test_placebos_and_left_out_donors_are_single_fits(simulate, columns):
    series = series_of(simulate(9), columns)
    fit = fit_weights(series)
    gaps = series.treated - series.donors @ fit.weights
    space = placebo_in_space(series, gaps)
    pre = series.donors[: series.n_pre]
    for j in range(series.n_donors):
        others = np.delete(np.arange(series.n_donors), j)
        alone = simplex_fit(
            pre[:, others].T @ pre[:, others], pre[:, others].T @ pre[:, j]
        ).weights
        expected = series.donors[:, j] - series.donors[:, others] @ alone
        assert space.gaps[:, j] == pytest.approx(expected, abs=1e-7)
    for item in leave_one_out(series, fit.weights):
        others = np.flatnonzero(np.array(series.donor_names) != item.donor)
        alone = simplex_fit(
            pre[:, others].T @ pre[:, others],
            pre[:, others].T @ series.treated[: series.n_pre],
        ).weights
        att = (series.treated - series.donors[:, others] @ alone)[series.n_pre :].mean()
        assert item.att == pytest.approx(att, abs=1e-7)


def test_a_placebo_date_sees_only_the_past(simulate, columns):
    series = series_of(simulate(10), columns)
    early = placebo_in_time(series, 20)
    assert early.n_periods == 30
    assert early.n_pre == 20
    with pytest.raises(DataError, match="placebo date"):
        placebo_in_time(series, 30)


def test_figures_have_names(simulate, columns):
    assert list(synthetic_control(simulate(11), **columns).plots()) == [
        "paths", "gaps", "weights", "left_out",
    ]  # fmt: skip
