"""Panels are laid out the same for any order of rows, and refused with reasons."""

import numpy as np
import pandas as pd
import pytest

from assay.causal import read_panel
from assay.errors import DataError


def rows():
    return pd.DataFrame(
        {
            "who": ["b", "a", "b", "a"],
            "when": np.array([2, 1, 1, 2], dtype="int8"),
            "y": np.array([120, 100, 110, 127], dtype="int8"),
            "start": [2.0, np.nan, 2.0, np.nan],
        }
    )


def run(frame, **options):
    return read_panel(
        frame, unit="who", period="when", outcome="y", cohort="start", **options
    )


def test_rows_become_matrices_sorted_by_unit_and_period():
    panel = run(rows())
    assert panel.units.tolist() == ["a", "b"]
    assert panel.outcomes.tolist() == [[100, 127], [110, 120]]
    assert panel.cohorts.tolist() == [np.inf, 2]
    assert panel.is_balanced


def test_small_integers_are_widened_before_any_arithmetic():
    assert (run(rows()).outcomes ** 2).max() == 127**2


@pytest.mark.parametrize("never", [np.nan, 0, np.inf])
def test_never_treated_may_be_missing_zero_or_infinite(never):
    frame = rows()
    frame["start"] = frame["start"].fillna(never)
    assert np.isinf(run(frame).cohorts[0])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f.drop(index=0), "1 of 2 values of 'who' miss a period"),
        (lambda f: pd.concat([f, f.iloc[[0]]]), "occur more than once, first 'b' in 2"),
        (lambda f: f.assign(start=[2, 0, 3, 0]), "1 of 2 units change their 'start'"),
        (lambda f: f.assign(who=["b", None, "b", "a"]), "missing on 1 of 4 rows"),
        (lambda f: f.assign(who=[["b"], ["a"]] * 2), "cannot be put in order"),
        (lambda f: f.assign(y=["x"] * 4), "not numbers"),
    ],
)
def test_broken_panels_are_refused_with_what_to_do(change, message):
    with pytest.raises(DataError, match=message):
        run(change(rows()))


def test_gaps_are_kept_where_balance_is_not_required():
    panel = run(rows().drop(index=0), require_balance=False)
    assert np.isnan(panel.outcomes[1, 1])
    assert not panel.is_balanced
