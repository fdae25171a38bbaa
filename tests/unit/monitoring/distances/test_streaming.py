"""Batches give what the whole window gives."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from assay.errors import DataError
from assay.monitoring.distances import category_drift, number_drift, stream_drift
from assay.monitoring.profile import (
    Reference,
    category_counts,
    category_profile,
    number_profile,
)


@pytest.fixture(scope="module")
def world():
    rng = np.random.default_rng(9)
    income = np.round(rng.normal(size=3_000), 1)
    income[rng.random(3_000) < 0.05] = np.nan
    housing = rng.choice(["own", "rent", "other"], 3_000)
    reference = Reference(
        {
            "income": number_profile(np.round(rng.normal(0.1, size=5_000), 1)),
            "housing": category_profile(["own", "rent"], {"own": 2, "rent": 3}, 0),
        }
    )
    return reference, pa.table({"income": income, "housing": housing})


def test_batches_of_a_file_give_what_the_whole_gives(world, tmp_path):
    reference, table = world
    pq.write_table(table, tmp_path / "window.parquet", row_group_size=700)
    batches = pq.ParquetFile(tmp_path / "window.parquet").iter_batches(batch_size=251)
    streamed = stream_drift(
        reference, (dict(zip(b.schema.names, b.columns, strict=True)) for b in batches)
    )
    whole = (
        number_drift("income", reference.columns["income"], table["income"].to_numpy()),
        category_drift(
            "housing", reference.columns["housing"], *category_counts(table["housing"])
        ),
    )
    for found, expected in zip(streamed, whole, strict=True):
        assert found.name == expected.name
        assert found.current_counts.tolist() == expected.current_counts.tolist()
        for part in ("psi", "ks", "jensen_shannon", "chi_square", "missing_now"):
            assert getattr(found, part) == pytest.approx(
                getattr(expected, part), abs=1e-12, nan_ok=True
            )


def test_a_batch_that_lacks_a_column_is_refused(world):
    reference, table = world
    frame = table.to_pandas()
    with pytest.raises(DataError, match="lacks the columns income"):
        stream_drift(reference, [frame, frame.drop(columns="income")])


def test_no_batch_is_refused(world):
    with pytest.raises(DataError, match="no batch"):
        stream_drift(world[0], [])
