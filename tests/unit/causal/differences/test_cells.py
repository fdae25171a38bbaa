"""Squeezing rows into cells loses nothing and forgets the order of the rows."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.causal.differences.cells import grouped_sums, squeeze

numbers = st.lists(st.floats(-1e12, 1e12, allow_subnormal=False), min_size=1, max_size=60)


@given(values=numbers, seed=st.integers(0, 100))
def test_sums_have_the_same_bytes_in_any_order_and_lose_nothing(values, seed):
    values = np.asarray(values)
    rng = np.random.default_rng(seed)
    groups = rng.integers(0, 3, values.size)
    order = rng.permutation(values.size)
    sums = grouped_sums(groups, values, 3)
    assert sums.tobytes() == grouped_sums(groups[order], values[order], 3).tobytes()
    largest = np.abs(values).max()
    for group in range(3):
        exact = math.fsum(values[groups == group])
        assert sums[group] == pytest.approx(exact, abs=1e-15 * largest, rel=1e-15)


def test_chunks_add_up_to_the_whole():
    values = np.random.default_rng(0).normal(size=300_000)
    groups = np.arange(values.size) % 7
    sums = grouped_sums(groups, values, 7)
    for group in range(7):
        assert sums[group] == pytest.approx(math.fsum(values[groups == group]), abs=1e-12)


def test_cells_keep_counts_means_and_spreads():
    frame = pd.DataFrame(
        {"y": [1.0, 3, 10, 4], "x": [0, 0, 1, 0], "g": ["a", "a", "b", "b"]}
    )
    cells = squeeze(frame, "y", columns=["x"], factors=["g"])
    assert cells.counts.tolist() == [2, 1, 1]
    assert cells.means.tolist() == [2, 4, 10]
    assert cells.spreads.tolist() == [2, 0, 0]
    assert cells.columns["x"].tolist() == [0, 0, 1]
    assert cells.levels["g"][cells.factors["g"]].tolist() == ["a", "b", "b"]
    assert cells.n_rows == 4


def test_many_levels_give_the_same_cells_as_few():
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"y": rng.normal(size=5_000), "x": rng.normal(size=5_000)})
    frame["unit"] = rng.integers(0, 4_000, 5_000)
    cells = squeeze(frame, "y", columns=["x"], factors=["unit"])
    assert cells.counts.tolist() == [1] * 5_000
    order = np.lexsort([frame["x"], frame["unit"]])
    assert cells.means.tolist() == frame["y"].to_numpy()[order].tolist()
