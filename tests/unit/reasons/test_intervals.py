"""Intervals are found as by halving, whatever the thresholds and the values."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from assay.reasons.intervals import CELLS, interval_finder

NUMBERS = st.floats(allow_nan=False, allow_infinity=True, width=64)


@settings(max_examples=300, deadline=None)
@given(
    cuts=st.lists(NUMBERS, min_size=1, max_size=60, unique=True),
    others=arrays(np.float64, 30, elements=NUMBERS),
)
def test_any_thresholds_and_values_are_counted_as_by_halving(cuts, others):
    cuts = np.array(sorted(cuts)) + 0.0
    with np.errstate(over="ignore", under="ignore"):
        beside = [np.nextafter(cuts, -np.inf), cuts, np.nextafter(cuts, np.inf)]
    values = np.concatenate([*beside, others])
    assert np.array_equal(interval_finder(cuts)(values), np.searchsorted(cuts, values))


def test_even_thresholds_are_not_halved_and_agree():
    cuts = np.linspace(-3.0, 7.0, 500)
    find = interval_finder(cuts)
    assert find.__closure__ is not None
    assert len(find.__closure__) > 1, "the cells are in use"
    values = np.concatenate(
        [cuts, np.nextafter(cuts, -9), np.nextafter(cuts, 9), [-np.inf, np.inf, 1e308]]
    )
    assert np.array_equal(find(values), np.searchsorted(cuts, values))


def test_thresholds_that_crowd_in_one_cell_are_still_right():
    cuts = np.append(np.linspace(0.0, 1.0 / CELLS / 2, 40), 1.0)
    values = np.concatenate([cuts, np.nextafter(cuts, 2), [0.5]])
    assert np.array_equal(interval_finder(cuts)(values), np.searchsorted(cuts, values))


def test_values_that_do_not_matter_raise_nothing():
    cuts = np.linspace(0.0, 1.0, 100)
    found = interval_finder(cuts)(np.array([np.nan, 0.5]))
    assert found[1] == np.searchsorted(cuts, 0.5)
