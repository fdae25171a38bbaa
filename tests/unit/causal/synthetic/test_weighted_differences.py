"""Synthetic differences against simulated truth, and their invariance."""

import pytest

from assay.causal.synthetic import (
    read_cells,
    read_series,
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
