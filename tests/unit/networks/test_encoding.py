"""Networks: encoding."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from assay.networks.encoding import fit_encoding

NUMBERS = st.floats(-1e6, 1e6, allow_nan=False)


def test_a_number_fills_its_bins_one_after_the_other():
    learned = fit_encoding(np.array([[0.0], [1.0], [3.0]]), (None,), 2)
    found = learned.encode(np.array([[-5.0], [0.5], [1.0], [2.0], [9.0]]))
    assert found.tolist() == [[0, 0], [0.5, 0], [1, 0], [1, 0.5], [1, 1]]


def test_missing_and_unseen_values_have_columns_of_their_own():
    seen = np.array([[0.0, 0.0], [1.0, 1.0], [np.nan, 1.0]])
    learned = fit_encoding(seen, (None, (0.0, 1.0)), 1)
    found = learned.encode(np.array([[np.nan, -1.0], [0.5, 1.0]]))
    assert found.tolist() == [[0, 1, 0, 0], [0.5, 0, 0, 1]]
    assert learned.owners.tolist() == [0, 0, 1, 1]


def test_a_constant_and_an_absent_number_have_no_bin():
    seen = np.array([[2.0, np.nan], [2.0, np.nan]])
    learned = fit_encoding(seen, (None, None), 4)
    assert learned.numeric.size == 0
    assert learned.encode(np.array([[5.0, 1.0]])).tolist() == [[0.0]]


@given(st.lists(NUMBERS, min_size=2, max_size=40), NUMBERS, NUMBERS)
def test_columns_of_a_number_rise_with_it_and_stay_between_0_and_1(values, one, other):
    learned = fit_encoding(np.array(values)[:, None], (None,), 6)
    low, high = learned.encode(np.array([[min(one, other)], [max(one, other)]]))
    assert (low <= high).all()
    assert ((low >= 0) & (high <= 1)).all()
