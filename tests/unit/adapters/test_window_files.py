"""Files counted apart give what the whole window gives, for any number of workers."""

from dataclasses import fields

import numpy as np
import pandas as pd
import pytest

from assay.adapters.fan_out import FanOut, fan_out
from assay.adapters.window_files import files_drift
from assay.errors import DataError, SourceError
from assay.monitoring.distances import stream_drift
from assay.monitoring.profile import Reference, category_profile, number_profile


@pytest.fixture(scope="module")
def reference():
    rng = np.random.default_rng(1)
    return Reference(
        {
            "income": number_profile(np.round(rng.normal(0.1, size=5_000), 2)),
            "housing": category_profile(["own", "rent"], {"own": 2, "rent": 3}, 0),
        }
    )


@pytest.fixture
def window(tmp_path):
    rng = np.random.default_rng(2)
    income = np.round(rng.normal(size=4_000), 2)
    income[rng.random(4_000) < 0.05] = np.nan
    frame = pd.DataFrame(
        {
            "note": "not watched",
            "income": income,
            "housing": rng.choice(["own", "rent", "other"], 4_000),
        }
    )
    files = [tmp_path / f"part-{n}.parquet" for n in range(7)]
    for file, rows in zip(files, np.array_split(np.arange(4_000), 7), strict=True):
        frame.iloc[rows].to_parquet(file)
    return frame, files


def told(drifts):
    """Return all that was measured, by column; NaN made equal to itself."""
    return [
        {one.name: repr(np.asarray(getattr(drift, one.name))) for one in fields(drift)}
        for drift in drifts
    ]


def test_any_number_of_workers_gives_what_the_whole_gives(reference, window):
    frame, files = window
    whole = told(stream_drift(reference, [frame]))
    assert [one["name"] for one in whole] == [
        "array('income', dtype='<U6')",
        "array('housing', dtype='<U7')",
    ]
    assert told(files_drift(reference, files, FanOut())) == whole
    assert told(files_drift(reference, files[::-1], FanOut())) == whole
    for where in ("dask:1", "dask:2"):
        with fan_out(where) as spread:
            assert told(files_drift(reference, files, spread)) == whole


def test_what_is_wrong_with_a_file_names_it(reference, window, tmp_path):
    frame, files = window
    lacking = tmp_path / "lacking.parquet"
    frame.drop(columns="income").to_parquet(lacking)
    with pytest.raises(DataError, match="lacks the columns income"):
        files_drift(reference, [*files, lacking], FanOut())
    empty = tmp_path / "empty.parquet"
    frame.iloc[:0].to_parquet(empty)
    with pytest.raises(DataError, match=r"empty\.parquet: there is no batch"):
        files_drift(reference, [*files, empty], FanOut())
    torn = tmp_path / "torn.parquet"
    torn.write_bytes(files[0].read_bytes()[:-20])
    with pytest.raises(SourceError, match=r"torn\.parquet does not read"):
        files_drift(reference, [torn], FanOut())
    with pytest.raises(SourceError, match=r"gone\.parquet"):
        files_drift(reference, [tmp_path / "gone.parquet"], FanOut())
    with pytest.raises(DataError, match="there is no file"):
        files_drift(reference, [], FanOut())
