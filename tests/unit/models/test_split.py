"""Splits keep time in order, instants whole and every labelled row in one part."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import StratifiedKFold

from assay.errors import ConfigError, DataError
from assay.models import split_rows
from assay.models.split import folds_of


def parts(split):
    return split.train, split.calibration, split.holdout


def test_with_a_time_the_newest_rows_are_the_holdout_in_any_row_order(
    frame, timed_contract
):
    shuffled = frame.sample(frac=1, random_state=3)
    for rows in (frame, shuffled):
        times = [
            rows["at"].iloc[part] for part in parts(split_rows(rows, timed_contract))
        ]
        assert times[0].max() < times[1].min()
        assert times[1].max() < times[2].min()


@given(seed=st.integers(0, 10), n_days=st.integers(12, 60), share=st.floats(0.1, 0.4))
@settings(max_examples=40, deadline=None)
def test_each_labelled_row_is_in_one_part_and_no_instant_in_two(
    timed_contract, rows_of, seed, n_days, share
):
    rows = rows_of(600, seed)
    days = np.random.default_rng(seed).integers(0, n_days, 600)
    rows["at"] = pd.Timestamp("2025-01-01", tz="UTC") + pd.to_timedelta(days, unit="D")
    rows.loc[rows.index[::7], "bad"] = np.nan
    split = split_rows(rows, timed_contract, holdout_share=share)
    everyone = np.concatenate(parts(split))
    assert sorted(everyone) == sorted(np.flatnonzero(rows["bad"].notna()))
    assert split.n_unlabelled == rows["bad"].isna().sum()
    seen = [set(rows["at"].iloc[part]) for part in parts(split)]
    assert not seen[0] & seen[1]
    assert not seen[1] & seen[2]


def test_shares_are_met_where_instants_allow(frame, timed_contract, contract):
    for used in (timed_contract, contract):
        sizes = split_rows(frame, used, holdout_share=0.3, calibration_share=0.1).sizes
        assert sizes["holdout"] == pytest.approx(900, abs=15)
        assert sizes["calibration"] == pytest.approx(300, abs=15)
        assert sizes["train"] == pytest.approx(1800, abs=15)


def test_without_a_time_parts_have_the_same_bad_share_and_follow_the_seed(
    frame, contract
):
    first, again, other = (split_rows(frame, contract, seed=s) for s in (1, 1, 2))
    np.testing.assert_array_equal(first.holdout, again.holdout)
    assert not np.array_equal(first.holdout, other.holdout)
    shares = [frame["bad"].iloc[part].mean() for part in parts(first)]
    assert shares == pytest.approx([frame["bad"].mean()] * 3, abs=0.002)


def test_too_few_rows_or_bad_ones_are_refused_with_the_numbers(contract, frame):
    with pytest.raises(DataError, match=r"90 of 90 rows .* asks for 100 rows and 20 bad"):
        split_rows(frame.head(90), contract)
    good = frame[frame["bad"] == 0]
    with pytest.raises(DataError, match="0 of them bad"):
        split_rows(good, contract)
    with pytest.raises(DataError, match="5 of 3000 rows have a known label"):
        split_rows(frame.assign(bad=frame["bad"].where(frame.index < 5)), contract)


def test_one_class_in_the_newest_rows_is_refused(frame, timed_contract):
    aged = frame.assign(bad=np.where(frame["at"] > "2025-10-10", 0.0, frame["bad"]))
    with pytest.raises(DataError, match=r"the holdout holds .* rows, 0 of them bad"):
        split_rows(aged, timed_contract)


def test_too_few_instants_missing_times_and_odd_labels_are_refused(frame, timed_contract):
    two = frame.assign(at=frame["at"].dt.floor("365D"))
    with pytest.raises(DataError, match="distinct times, too few to cut three parts"):
        split_rows(two, timed_contract)
    with pytest.raises(DataError, match="event time 'at' is missing in 3000 rows"):
        split_rows(frame.assign(at=pd.NaT), timed_contract)
    with pytest.raises(DataError, match="'bad' has 3000 values that are neither 0 nor 1"):
        split_rows(frame.assign(bad=2.0), timed_contract)


@pytest.mark.parametrize(
    "shares", [(0.0, 0.1), (0.5, 0.5), (0.9, 0.2), (float("nan"), 0.1)]
)
def test_shares_that_leave_nothing_are_refused(frame, contract, shares):
    with pytest.raises(ConfigError, match="must be above 0 and sum to less than 1"):
        split_rows(frame, contract, holdout_share=shares[0], calibration_share=shares[1])


def test_folds_without_a_time_are_scikit_learns(frame):
    labels = frame["bad"].to_numpy()
    ours = list(folds_of(labels, None, 5, seed=0))
    theirs = StratifiedKFold(5, shuffle=True, random_state=0).split(labels, labels)
    for (train, test), (their_train, their_test) in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(train, their_train)
        np.testing.assert_array_equal(test, their_test)


def test_folds_with_a_time_train_only_on_the_past(frame):
    times = np.repeat(np.arange(300), 10)
    labels = frame["bad"].to_numpy()
    folds = list(folds_of(labels, times, 4, seed=0))
    assert len(folds) == 4
    for train, test in folds:
        assert times[train].max() < times[test].min()
    assert np.concatenate([test for _, test in folds]).tolist() == list(range(600, 3000))
