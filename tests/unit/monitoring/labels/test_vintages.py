"""Vintages of decisions whose outcomes come at known ages."""

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from assay.errors import DataError
from assay.monitoring.labels import realised_against_expected, vintage_curves

AS_OF = datetime(2026, 7, 1, tzinfo=UTC)


def decisions(seed, *, n_rows=12_000, factor=1.0):
    """Return half a year of decisions; bad ones show after 90 u^0.5 days."""
    rng = np.random.default_rng(seed)
    decided = pd.Timestamp("2026-01-01", tz="UTC") + pd.to_timedelta(
        rng.uniform(0, 181, n_rows), unit="D"
    )
    chance = rng.beta(2, 20, n_rows)
    is_bad = rng.random(n_rows) < factor * chance
    age = np.where(is_bad, 90 * np.sqrt(rng.random(n_rows)), 90.0)
    return pd.DataFrame(
        {
            "decided_at": pd.Series(decided),
            "probability": chance,
            "label": is_bad.astype(float),
            "age_days": age,
        }
    )


def test_a_curve_by_hand():
    day = pd.Timestamp("2026-01-10", tz="UTC")
    frame = pd.DataFrame(
        {
            "decided_at": [day] * 4 + [pd.Timestamp("2026-06-10", tz="UTC")],
            "label": [1.0, 1.0, 0.0, np.nan, 1.0],
            "age_days": [10.0, 50.0, 90.0, np.nan, 60.0],
            "probability": 0.1,
        }
    )
    found = vintage_curves(frame, as_of=AS_OF, ages_days=(15, 30, 90))
    assert found.curves.loc["2026-01"].tolist() == [0.25, 0.25, 0.5]
    # The June loan was 21 days old: it has no share at 30 days, and what is observed
    # later than `as_of` is not seen.
    assert found.curves.loc["2026-06", 15] == 0.0
    assert found.curves.loc["2026-06", [30, 90]].isna().all()
    assert found.n_rows.tolist() == [4, 1]


def test_probabilities_that_hold_give_ratios_around_one_at_every_age():
    outside, n_intervals = 0, 0
    for seed in range(30):
        for one in realised_against_expected(
            decisions(seed), as_of=AS_OF, maturity_days=90
        ):
            n_intervals += 1
            outside += not one.ratio.low <= 1 <= one.ratio.high
    share = outside / n_intervals
    assert share <= 0.05 + 4 * np.sqrt(0.05 * 0.95 / n_intervals)


def test_the_final_rate_of_a_young_cohort_is_foreseen():
    frame = decisions(1, n_rows=60_000)
    found = realised_against_expected(frame, as_of=AS_OF, maturity_days=90)
    for one in found[:-1]:
        rows = frame[frame["decided_at"].dt.strftime("%Y-%m") == one.cohort]
        assert one.final_rate.value == pytest.approx(rows["label"].mean(), rel=0.25)
    may = found[4]
    assert may.n_bad < 0.6 * frame[frame["decided_at"].dt.month == 5]["label"].sum()


def test_a_world_that_turned_worse_shows_in_the_ratio():
    found = realised_against_expected(
        decisions(1, factor=1.8), as_of=AS_OF, maturity_days=90
    )
    assert found[0].ratio.low > 1.3


def test_too_few_matured_outcomes_are_refused():
    with pytest.raises(DataError, match="wait for labels"):
        realised_against_expected(decisions(1, n_rows=200), as_of=AS_OF, maturity_days=90)


def test_no_decision_yet_is_refused():
    with pytest.raises(DataError, match="no decision"):
        vintage_curves(
            decisions(1), as_of=datetime(2025, 1, 1, tzinfo=UTC), ages_days=(30,)
        )
