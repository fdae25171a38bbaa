"""The bootstrap by counting against rebuilt tables."""

import numpy as np
import pandas as pd
import pytest

from assay.causal.synthetic import (
    bootstrap_interval,
    fit_weights,
    read_cells,
    read_series,
    resampled_atts,
)
from assay.causal.synthetic.bootstrap import row_draws
from assay.errors import DataError


@pytest.fixture(scope="module", params=["binary", "continuous"])
def rows(request, simulate):
    frame = simulate(1, n_donors=6, n_pre=30, noise=0.5)
    rng = np.random.default_rng(2)
    many = frame.loc[np.repeat(frame.index, 8)].reset_index(drop=True)
    many["y"] += rng.normal(size=len(many))
    if request.param == "binary":
        many["y"] = (many["y"] > 0).astype("int8")
    return many.sample(frac=1, random_state=3, ignore_index=True)


def rebuilt(frame, columns):
    """Refit on a rebuilt table; a cell left empty takes its unit's mean."""
    pivot = frame.pivot_table(index="unit", columns="period", values="y")
    filled = pivot.apply(lambda row: row.fillna(row.mean()), axis=1).reset_index()
    flat = filled.melt(id_vars="unit", value_name="y")
    series = read_series(read_cells(flat, **columns))
    gaps = series.treated - series.donors @ fit_weights(series).weights
    return gaps[series.n_pre :].mean()


def test_resampled_estimates_are_those_of_rebuilt_tables(rows, columns):
    cells = read_cells(rows, **columns)
    draws = list(row_draws(len(rows), 6, seed=1))
    start = fit_weights(read_series(cells)).weights > 0
    expected = [rebuilt(rows.iloc[draw], columns) for draw in draws]
    for support in (None, start):
        ours = resampled_atts(cells, draws, start=support)
        assert ours == pytest.approx(expected, abs=1e-8)


def test_the_interval_does_not_depend_on_the_order_of_rows(rows, columns):
    here = bootstrap_interval(read_cells(rows, **columns), n_resamples=30)
    moved = rows.sample(frac=1, random_state=9)
    assert here == bootstrap_interval(read_cells(moved, **columns), n_resamples=30)


def test_rows_of_other_units_and_later_periods_are_drawn_and_ignored(rows, columns):
    extra = pd.DataFrame({"unit": 99, "period": 5, "y": 1.0}, index=range(50))
    wide = pd.concat([rows.astype({"y": float}), extra], ignore_index=True)
    cells = read_cells(wide, donors=list(range(1, 7)), **columns)
    assert (cells.codes[-50:] == 7 * 40).all()
    everything = np.arange(len(wide))
    series = read_series(cells)
    gaps = series.treated - series.donors @ fit_weights(series).weights
    att = resampled_atts(cells, [everything])[0]
    assert att == pytest.approx(gaps[series.n_pre :].mean(), abs=1e-9)


def test_stray_draws_and_units_without_rows_are_refused(rows, columns):
    cells = read_cells(rows, **columns)
    with pytest.raises(DataError, match="rows of the table"):
        resampled_atts(cells, [np.array([len(rows)])])
    with pytest.raises(DataError, match="without any row"):
        resampled_atts(cells, [np.zeros(10, dtype=int)])
