"""Groups hold every row once; months are calendar months in UTC."""

import numpy as np
import pandas as pd
import pytest

from assay.contract.field import Field
from assay.evaluation.slices import by_month, groups_of


@pytest.mark.parametrize(
    "values",
    [
        pd.Series(np.r_[np.arange(20.0), np.nan, np.nan]),
        pd.Series([1.0] * 9 + [5.0]),
        pd.Series([3.0, 3.0, np.nan]),
    ],
)
def test_every_row_is_in_one_band_or_missing(values):
    groups = list(groups_of(values, Field(name="x", dtype="number")))
    assert np.sum([member for _, member in groups], axis=0).tolist() == [1] * len(values)
    assert ("missing" in dict(groups)) == values.isna().any()
    assert all(member.any() for _, member in groups)


def test_categories_without_a_row_are_no_group():
    field = Field(name="x", dtype="category", categories=("a", "b", "c"))
    groups = dict(groups_of(pd.Series(["a", "c", None], dtype=object), field))
    assert list(groups) == ["a", "c", "missing"]
    assert groups["c"].tolist() == [False, True, False]


def test_months_are_those_of_utc_oldest_first():
    times = pd.Series(
        pd.to_datetime(
            ["2026-02-01T00:30+01:00", "2026-02-01T00:30Z", "2025-12-31T23:59Z"],
            utc=True,
            format="ISO8601",
        ),
        name="at",
    )
    found = by_month(
        np.array([1.0, 0, 1]), np.array([0.9, 0.1, 0.3]), times, threshold=0.5
    )
    assert [(each.group, each.n_rows) for each in found] == [
        ("2025-12", 1),
        ("2026-01", 1),
        ("2026-02", 1),
    ]
    assert {each.field for each in found} == {"at"}
    assert found[1].approval_share.value == 0.0
