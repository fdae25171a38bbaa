"""Vintages: how much of each cohort turned bad by each age, and what is still to come."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd
from scipy.stats import chi2

from assay.errors import DataError
from assay.evaluation.interval import LEVEL, Interval

FEWEST_BAD = 30


@dataclass(frozen=True, slots=True, eq=False)
class Vintages:
    """Bad shares by cohort and age.

    Attributes
    ----------
    curves : DataFrame of shape (n_cohorts, n_ages)
        Share of a cohort's decisions known bad by each age in days; NaN where its
        youngest decision has not reached the age. Rows are months of decision.
    n_rows : Series of shape (n_cohorts,)
        Decisions of each cohort.
    """

    curves: pd.DataFrame
    n_rows: pd.Series


@dataclass(frozen=True, slots=True)
class Realised:
    """One cohort's bad outcomes against what its probabilities expected.

    Attributes
    ----------
    cohort : str
        Month of decision.
    n_rows : int
        Decisions.
    n_bad : int
        Known bad so far.
    expected_so_far : float
        Bad outcomes that the probabilities expect by the ages reached.
    ratio : Interval
        Known over expected so far: 1 where the probabilities hold.
    final_rate : Interval
        Default rate that the cohort will show when it has matured, if the rest comes
        as it did in matured cohorts.
    """

    cohort: str
    n_rows: int
    n_bad: int
    expected_so_far: float
    ratio: Interval
    final_rate: Interval


def vintage_curves(
    joined: pd.DataFrame, *, as_of: datetime, ages_days: tuple[float, ...]
) -> Vintages:
    """Return the share of each cohort known bad by each age.

    Parameters
    ----------
    joined : DataFrame
        ``decided_at``, ``label`` and ``age_days`` as `join_labels` returns them.
    as_of : datetime
        Moment from which one looks; later decisions and observations are not seen.
    ages_days : tuple of float
        Ages, rising.

    Raises
    ------
    DataError
        If no decision lies before `as_of`.
    """
    seen = _seen(joined, as_of)
    reached = _age(seen, as_of)
    bad_at = np.where(_is_bad(seen, as_of), seen["age_days"], np.inf)
    by_age = pd.DataFrame({age: bad_at <= age for age in ages_days}, index=seen.index)
    cohort = _cohort(seen)
    curves = by_age.groupby(cohort).mean()
    youngest = reached.groupby(cohort).min()
    too_young = youngest.to_numpy()[:, None] < np.asarray(ages_days)
    return Vintages(curves.mask(too_young), cohort.value_counts().sort_index())


def realised_against_expected(
    joined: pd.DataFrame,
    *,
    as_of: datetime,
    maturity_days: float,
    level: float = LEVEL,
) -> tuple[Realised, ...]:
    """Return each cohort's bad outcomes so far against those its probabilities expect.

    Parameters
    ----------
    joined : DataFrame
        ``decided_at``, ``probability``, ``label`` and ``age_days``.
    as_of : datetime
        Moment from which one looks.
    maturity_days : float
        Age at which an outcome is final.
    level : float in (0, 1)
        Level of the intervals.

    Raises
    ------
    DataError
        If matured decisions hold fewer than 30 bad outcomes: how fast they come is then
        not known.

    Notes
    -----
    Matured decisions say which share of the bad outcomes is known by each age. A young
    decision expects its probability times that share. Counts are taken as Poisson.

    References
    ----------
    F. Garwood, "Fiducial limits for the Poisson distribution", Biometrika, 1936; the
    correction is the chain ladder of loss reserving (T. Mack, 1993) with one step.
    """
    seen = _seen(joined, as_of)
    age, is_bad = _age(seen, as_of), _is_bad(seen, as_of)
    final = (age >= maturity_days).to_numpy() & is_bad
    speeds = np.sort(np.minimum(seen["age_days"].to_numpy()[final], maturity_days))
    if len(speeds) < FEWEST_BAD:
        raise DataError(
            f"{len(speeds)} bad outcomes among matured decisions; {FEWEST_BAD} are the "
            "fewest that say how fast they come: wait for labels to mature"
        )
    known = np.searchsorted(speeds, age.to_numpy(), side="right") / len(speeds)
    parts = pd.DataFrame(
        {
            "bad": is_bad,
            "expected": seen["probability"].to_numpy() * known,
            "known": known,
        },
        index=seen.index,
    )
    sums = parts.groupby(_cohort(seen)).agg(["sum", "size"])
    return tuple(
        _realised(
            str(cohort),
            int(row[("bad", "size")]),
            int(row[("bad", "sum")]),
            float(row[("expected", "sum")]),
            float(row[("known", "sum")]),
            level,
        )
        for cohort, row in sums.iterrows()
    )


def _realised(
    cohort: str, n_rows: int, n_bad: int, expected: float, exposed: float, level: float
) -> Realised:
    low = float(chi2.ppf((1 - level) / 2, 2 * n_bad) / 2) if n_bad else 0.0
    high = float(chi2.ppf((1 + level) / 2, 2 * n_bad + 2) / 2)

    def over(rows: float) -> Interval:
        if rows <= 0:
            return Interval(float("nan"), float("nan"), float("nan"), level)
        return Interval(n_bad / rows, low / rows, high / rows, level)

    return Realised(cohort, n_rows, n_bad, expected, over(expected), over(exposed))


def _seen(joined: pd.DataFrame, as_of: datetime) -> pd.DataFrame:
    seen = joined[joined["decided_at"] <= pd.Timestamp(as_of)]
    if seen.empty:
        raise DataError(f"no decision was made by {as_of:%Y-%m-%d}")
    return seen


def _age(seen: pd.DataFrame, as_of: datetime) -> pd.Series:
    age: pd.Series = (pd.Timestamp(as_of) - seen["decided_at"]).dt.total_seconds()
    return age / 86_400


def _is_bad(
    seen: pd.DataFrame, as_of: datetime
) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    observed = seen["age_days"].to_numpy() <= _age(seen, as_of).to_numpy()
    return np.asarray((seen["label"].to_numpy() == 1) & observed)


def _cohort(seen: pd.DataFrame) -> pd.Series:
    months: pd.Series = seen["decided_at"].dt.strftime("%Y-%m")
    return months.rename("cohort")
