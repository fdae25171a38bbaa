"""A lender whose applicants default by a law that is known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime

import numpy as np
import pandas as pd

from assay.errors import ConfigError
from assay.simulate.applicants import applicants, application_times
from assay.simulate.dirt import soil
from assay.simulate.drift import Drifts, recession_log_odds
from assay.simulate.truth import default_log_odds

COLUMNS = (
    "application_id",
    "applied_at",
    "income",
    "loan_amount",
    "term_months",
    "interest_rate",
    "debt_to_income",
    "employment_years",
    "credit_utilisation",
    "n_delinquencies",
    "n_inquiries",
    "credit_history_months",
    "housing",
    "purpose",
    "channel",
    "has_account",
    "age",
    "gender",
    "defaulted",
)
MAY_BE_MISSING = ("employment_years", "credit_utilisation", "credit_history_months")


@dataclass(frozen=True, slots=True, eq=False)
class Simulation:
    """What the lender sees, and what only the simulation knows.

    Attributes
    ----------
    frame : DataFrame of shape (n_rows, 19)
        Applications in the order of their time, in the columns of the contract
        ``credit_default``.
    truth : DataFrame of shape (n_rows, 4)
        `true_default_probability`, the final outcome `outcome` (0 or 1), `is_dirty` and
        `dirty_kind`, in the same order.
    """

    frame: pd.DataFrame
    truth: pd.DataFrame


def simulate_lender(
    *,
    n_applicants: int,
    start: date,
    days: int,
    seed: int,
    dirty_share: float = 0.0,
    missing_share: float = 0.03,
    as_of: datetime | None = None,
    maturity_days: float = 90.0,
    drift: Drifts = None,
) -> Simulation:
    """Return the applications of a lender over some days, with their truth.

    Parameters
    ----------
    n_applicants : int
        Applications over the whole period, >= 1.
    start : date
        First day, UTC.
    days : int
        Days of the period, >= 1.
    seed : int
        The same arguments give the same bytes.
    dirty_share : float in [0, 1], default=0
        Share of rows with one broken value; see `assay.simulate.dirt`.
    missing_share : float in [0, 1], default=0.03
        Chance that a value is not stated, in each column that may lack values.
    as_of : datetime, optional
        Moment at which the lender looks: later applications are not there, and a label
        is NaN until the application is `maturity_days` old. By default every label is
        known.
    maturity_days : float, default=90
        Days until the outcome of an application is known.
    drift : Drift or tuple of Drift, optional
        A change of the world, or several that add up.

    Raises
    ------
    ConfigError
        If a number is out of its range.

    Examples
    --------
    >>> world = simulate_lender(
    ...     n_applicants=1_000, start=date(2026, 1, 1), days=30, seed=7)
    >>> world.frame.shape, len(world.truth)
    ((1000, 19), 1000)
    """
    _refuse(n_applicants, days, dirty_share, missing_share)
    # One stream a purpose: asking for dirt or gaps does not change who applies.
    when, who, gaps, fate, dirt = np.random.default_rng(seed).spawn(5)
    applied_at = application_times(n_applicants, start, days, when)
    frame = applicants(applied_at, drift, who)
    frame.insert(0, "applied_at", applied_at)
    numbers = pd.Series(np.arange(1, n_applicants + 1)).astype(str).str.zfill(8)
    frame.insert(0, "application_id", ("A" + numbers).astype(object))
    for column in MAY_BE_MISSING:
        unstated = gaps.random(n_applicants) < missing_share
        frame[column] = frame[column].mask(unstated)
    log_odds = default_log_odds(frame) + recession_log_odds(frame, drift)
    probability = 1.0 / (1.0 + np.exp(-log_odds))
    outcome = (fate.random(n_applicants) < probability).astype(np.float64)
    seen, known = _seen_and_known(applied_at, as_of, maturity_days)
    frame["defaulted"] = np.where(known, outcome, np.nan)
    frame = frame.loc[seen, list(COLUMNS)].reset_index(drop=True)
    frame, kinds = soil(frame, dirty_share, dirt)
    truth = pd.DataFrame(
        {
            "true_default_probability": probability[seen],
            "outcome": outcome[seen],
            "is_dirty": kinds != "",
            "dirty_kind": kinds,
        }
    )
    return Simulation(frame, truth)


def _seen_and_known(
    applied_at: pd.Series, as_of: datetime | None, maturity_days: float
) -> tuple[np.ndarray, np.ndarray]:
    if as_of is None:
        everything = np.ones(len(applied_at), dtype=bool)
        return everything, everything
    moment = pd.Timestamp(as_of if as_of.tzinfo else as_of.replace(tzinfo=UTC))
    mature = applied_at + pd.Timedelta(days=maturity_days) <= moment
    return (applied_at <= moment).to_numpy(), mature.to_numpy()


def _refuse(
    n_applicants: int, days: int, dirty_share: float, missing_share: float
) -> None:
    for name, count in (("n_applicants", n_applicants), ("days", days)):
        if count < 1:
            raise ConfigError(f"{name} is {count} and must be at least 1")
    for name, share in (("dirty_share", dirty_share), ("missing_share", missing_share)):
        if not 0 <= share <= 1:
            raise ConfigError(f"{name} is {share:g} and must lie in [0, 1]")
