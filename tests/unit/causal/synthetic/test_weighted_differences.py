"""Synthetic differences against simulated truth, and their invariance."""

import pytest
from scipy import stats

from assay.causal.synthetic import (
    read_cells,
    read_series,
    synthetic_difference_in_differences,
    synthetic_differences,
)
from assay.errors import DataError


@pytest.fixture(scope="module")
def series(simulate, columns):
    return read_series(read_cells(simulate(3), **columns))


def test_synthetic_differences_find_the_effect_despite_a_level_gap(simulate, columns):
    frame = simulate(4, shift=30.0, n_donors=20)
    found = synthetic_differences(
        read_series(read_cells(frame, **columns)), n_placebos=50
    )
    low, high = found.estimate.interval
    assert low < 1.0 < high
    assert found.donor_weights.sum() == pytest.approx(1)
    assert found.period_weights.sum() == pytest.approx(1)
    assert found.gaps[: found.series.n_pre] @ found.period_weights == pytest.approx(0)


def test_synthetic_differences_do_not_see_a_constant_added_to_a_unit(simulate, columns):
    plain = read_series(read_cells(simulate(5), **columns))
    moved = read_series(read_cells(simulate(5, shift=7.0), **columns))
    here, there = (synthetic_differences(s, n_placebos=5) for s in (plain, moved))
    assert here.estimate.value == pytest.approx(there.estimate.value, abs=1e-7)


def test_errors_that_the_units_cannot_carry_are_refused(series, simulate, columns):
    with pytest.raises(DataError, match="one treated unit"):
        synthetic_differences(series, errors="jackknife")
    few = read_series(read_cells(simulate(6), donors=[1, 2], **columns))
    with pytest.raises(DataError, match="more donors"):
        synthetic_differences(few)
    with pytest.raises(ValueError, match="placebo or jackknife"):
        synthetic_differences(series, errors="guess")


def test_a_table_of_rows_gives_the_result_of_its_series(simulate, columns, series):
    found = synthetic_difference_in_differences(simulate(3), **columns, n_placebos=20)
    assert found.estimate == synthetic_differences(series, n_placebos=20).estimate


def test_a_treated_unit_that_drifts_by_itself_is_caught_at_a_made_up_date(
    simulate, columns
):
    frame = simulate(7, n_donors=20)
    drifting = frame.assign(y=frame["y"] + 0.5 * frame["period"] * (frame["unit"] == 0))
    for table, state in ((frame, "holds"), (drifting, "broken")):
        found = synthetic_difference_in_differences(table, **columns, n_placebos=50)
        (date,) = (a for a in found.assumptions if a.name == "no effect before treatment")
        assert date.state == state


@pytest.mark.parametrize(("n_donors", "kind"), [(9, "placebo"), (8, "jackknife")])
def test_placebos_give_the_error_where_there_are_three_donors_a_treated_unit(
    simulate, columns, n_donors, kind
):
    three = {**columns, "treated_units": [0, 1, 2]}
    frame = simulate(3, n_donors=n_donors + 2)
    found = synthetic_difference_in_differences(frame, **three, n_placebos=30)
    asked = synthetic_difference_in_differences(
        frame, **three, n_placebos=30, errors=kind
    )
    assert found.estimate == asked.estimate
    assert f"{kind} error" in found.estimate.method


def test_the_jackknife_has_students_interval_by_the_treated_units(simulate, columns):
    three = {**columns, "treated_units": [0, 1, 2]}
    found = synthetic_difference_in_differences(
        simulate(3), **three, errors="jackknife"
    ).estimate
    low, high = found.interval
    wide = stats.t(2).ppf(0.975) * found.standard_error
    assert (low, high) == pytest.approx((found.value - wide, found.value + wide))
    ratio = abs(found.value) / found.standard_error
    assert found.p_value == pytest.approx(2 * stats.t(2).sf(ratio))


@pytest.mark.parametrize(("n_treated", "state"), [(8, "holds"), (9, "doubtful")])
def test_a_jackknife_of_many_treated_units_is_warned_of(
    simulate, columns, n_treated, state
):
    many = {**columns, "treated_units": list(range(n_treated))}
    found = synthetic_difference_in_differences(
        simulate(3, n_donors=20), **many, errors="jackknife"
    )
    name = "the error is the treated units' own"
    (own,) = (one for one in found.assumptions if one.name == name)
    assert own.state == state
    assert ("too narrow" in own.advice) is (state == "doubtful")
    placebo = synthetic_difference_in_differences(
        simulate(3, n_donors=30), **many, n_placebos=20, errors="placebo"
    )
    assert all(one.name != name for one in placebo.assumptions)
