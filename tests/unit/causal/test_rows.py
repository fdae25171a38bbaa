"""Checked columns: terms, levels, and errors that say what to do."""

import numpy as np
import pandas as pd
import pytest

from assay.causal.rows import covariate_levels, covariate_matrix, observe
from assay.errors import DataError


def frame():
    return pd.DataFrame(
        {
            "y": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
            "t": [0, 1, 0, 1, 0, 1],
            "age": np.array([20, 30, 40, 50, 60, 71], dtype=np.int8),
            "tier": ["b", "a", "c", "a", "b", "c"],
        }
    )


def test_powers_and_products_of_small_integers_do_not_overflow():
    design, names = covariate_matrix(frame(), ["age", "age**2", "age*y"])
    assert names == ("intercept", "age", "age**2", "age*y")
    assert design[5].tolist() == [1, 71, 5041, 426]


def test_text_becomes_indicators_without_the_first_level():
    design, names = covariate_matrix(frame(), ["tier"])
    assert names == ("intercept", "tier=b", "tier=c")
    assert design[:, 1].tolist() == [1, 0, 0, 0, 1, 0]
    levels, level_names = covariate_levels(frame(), ["tier", "age"])
    assert level_names == ("tier=a", "tier=b", "tier=c", "age")
    assert levels[:, :3].sum(axis=1).tolist() == [1] * 6


def test_rows_are_sorted_by_content_and_remember_their_place():
    original = frame()
    shuffled = original.sample(frac=1, random_state=3)
    first, second = (
        observe(f, outcome="y", treatment="t", covariates=["age"])
        for f in (original, shuffled)
    )
    assert first.design.tobytes() == second.design.tobytes()
    assert shuffled["y"].to_numpy()[second.order].tolist() == second.outcome.tolist()


@pytest.mark.parametrize(
    ("change", "covariates", "message"),
    [
        ({"y": [1, 2, np.nan, 4, np.inf, 6]}, [], "2 missing or infinite values among 6"),
        ({"y": list("abcdef")}, [], "not a number"),
        ({"t": [0, 1, 2, 1, 0, 1]}, [], "must be 0 or 1, and holds 2"),
        ({"t": 1}, [], "is 1 on all 6 rows"),
        ({"t": True}, [], "is 1 on all 6 rows"),
        ({}, ["nope"], "'nope' is not in the frame; it has 'y', 't'"),
        ({"x": 3.0}, ["x"], "'x' is a linear combination"),
        (
            {"x": np.arange(6) * 2.0, "z": np.arange(6) + 1.0},
            ["x", "z"],
            "'z' is a linear",
        ),
        ({}, ["age", "age"], "listed twice"),
        ({"tier": ["a", None, "a", "b", "b", "b"]}, ["tier"], "1 missing values among 6"),
        ({}, ["age**x"], "whole number"),
        ({}, ["age", "age**2", "age**3", "tier", "y"], "6 rows cannot carry 7 columns"),
    ],
)
def test_bad_columns_are_named_with_how_much_is_wrong(change, covariates, message):
    bad = frame().assign(**change)
    with pytest.raises(DataError) as error:
        observe(bad, outcome="y", treatment="t", covariates=covariates)
    assert message in str(error.value)


def test_an_empty_frame_is_refused():
    with pytest.raises(DataError, match="no rows"):
        observe(frame().head(0), outcome="y", treatment="t", covariates=[])


def test_the_frame_is_not_changed():
    original = frame()
    before = original.copy(deep=True)
    observe(original, outcome="y", treatment="t", covariates=["age**2", "tier"])
    pd.testing.assert_frame_equal(original, before)
