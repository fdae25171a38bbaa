"""Who applies at the simulated lender, for what and when."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from assay.simulate.drift import Drifts, strength

WEEKDAYS = np.array([1.25, 1.15, 1.05, 1.05, 1.0, 0.45, 0.35])
"""Applications per day of the week, Monday first, relative."""

SEASON = 0.15
"""Amplitude of the year's wave of applications; it peaks at the end of November."""

PURPOSE_SHARES = {
    "debt_consolidation": 0.42,
    "car": 0.20,
    "home": 0.14,
    "medical": 0.07,
    "education": 0.06,
    "other": 0.11,
}


def application_times(
    n_applicants: int, start: date, days: int, rng: np.random.Generator
) -> pd.Series:
    """Return sorted instants, in whole seconds UTC, with a weekday and season pattern."""
    calendar = pd.date_range(start, periods=days, freq="D")
    phase = 2 * np.pi * (calendar.dayofyear.to_numpy() - 330) / 365.25
    weight = WEEKDAYS[calendar.dayofweek.to_numpy()] * (1 + SEASON * np.cos(phase))
    per_day = rng.multinomial(n_applicants, weight / weight.sum())
    day = np.repeat(np.arange(days), per_day)
    second = np.floor(86_400 * rng.beta(3.0, 2.6, n_applicants)).astype(np.int64)
    order = np.lexsort((second, day))
    offset = pd.to_timedelta(day * 86_400 + second[order], unit="s")
    return pd.Series(pd.Timestamp(start, tz="UTC") + offset).dt.as_unit("ns")


def applicants(
    applied_at: pd.Series, drift: Drifts, rng: np.random.Generator
) -> pd.DataFrame:
    """Return complete applicants, one a row of `applied_at`, without labels.

    Every draw is made whatever the drift, so that two worlds with one seed are equal
    until the drift starts.
    """
    people = _people(applied_at, drift, rng)
    frame = people.assign(**_loans(people, applied_at, drift, rng))
    frame = frame.assign(**_credit_file(frame, rng))
    frame["interest_rate"] = _rates(frame, applied_at, drift, rng)
    payment = _monthly_payment(frame)
    other = 0.22 * rng.gamma(2.2, 1.0 / 2.2, len(frame))
    share = other + payment / (frame["income"] / 12.0)
    frame["debt_to_income"] = np.minimum(share, 4.0).round(4)
    return frame.drop(columns="youth")


def _people(
    applied_at: pd.Series, drift: Drifts, rng: np.random.Generator
) -> pd.DataFrame:
    n = len(applied_at)
    moved = strength(drift, "population", applied_at)
    age = np.clip(18 + rng.gamma(3.2, 7.6, n) * np.exp(-0.35 * moved), 18, 95)
    gender = _choice({"female": 0.485, "male": 0.49, "undisclosed": 0.025}, n, rng)
    career = 0.020 * (np.minimum(age, 55) - 40)
    log_income = (
        np.log(44_000.0)
        + career
        + 0.10 * (gender == "male")
        - 0.20 * moved
        + 0.50 * rng.standard_normal(n)
    )
    tenure = np.minimum(rng.gamma(1.2, 4.5, n), np.maximum(age - 17.5, 0.2))
    return pd.DataFrame(
        {
            "age": np.floor(age),
            "gender": gender,
            "income": np.clip(np.exp(log_income), 6_000, 900_000).round(2),
            "employment_years": tenure.round(1),
            "youth": 1.0 / (1.0 + np.exp((age - 34.0) / 6.0)),
        }
    )


def _loans(
    people: pd.DataFrame,
    applied_at: pd.Series,
    drift: Drifts,
    rng: np.random.Generator,
) -> dict[str, NDArray[np.generic]]:
    n, youth = len(people), people["youth"].to_numpy()
    newcomers = strength(drift, "population", applied_at)
    dearer = strength(drift, "price", applied_at)
    opened = strength(drift, "policy", applied_at)
    log_amount = (
        np.log(11_500.0)
        + 0.45 * np.log(people["income"].to_numpy() / 45_000.0)
        + 0.14 * dearer
        + 0.60 * rng.standard_normal(n)
    )
    term = rng.standard_normal(n) + 0.35 * (log_amount - 9.3) + 0.6 * opened
    lure = rng.standard_normal(n) + 0.8 * youth + 0.9 * newcomers
    home = rng.standard_normal(n) + 1.4 * youth
    return {
        "loan_amount": np.clip(np.exp(log_amount), 600, 95_000).round(-1),
        "term_months": _cut(term, [-1.3, -0.5, 0.5, 1.2], [12, 24, 36, 48, 60]),
        "channel": np.where(
            rng.random(n) < np.minimum(0.12 + 0.22 * opened, 0.9),
            "broker",
            _cut(lure, [-0.4, 0.6], ["branch", "web", "mobile"]),
        ).astype(object),
        "housing": _cut(home, [-0.6, 0.45, 1.9], ["own", "mortgage", "rent", "other"]),
        "purpose": _choice(PURPOSE_SHARES, n, rng),
        "has_account": (rng.random(n) < 0.45 - 0.15 * youth).astype(np.float64),
    }


def _credit_file(
    frame: pd.DataFrame, rng: np.random.Generator
) -> dict[str, NDArray[np.float64]]:
    n, youth = len(frame), frame["youth"].to_numpy()
    burden = rng.standard_normal(n)
    history = rng.gamma(2.0, 0.27, n) * np.maximum(frame["age"].to_numpy() - 17, 1) * 12
    utilisation = 1.0 / (1.0 + np.exp(-(-0.7 + 0.5 * youth + 1.1 * burden)))
    # A Poisson draw takes a varying part of its stream: each gets its own.
    for_late, for_asked = rng.spawn(2)
    late = for_late.poisson(np.exp(-1.7 + 0.65 * burden + 0.4 * youth))
    asked = for_asked.poisson(np.exp(-0.1 + 0.30 * burden + 0.3 * youth))
    return {
        "credit_utilisation": (1.15 * utilisation).round(4),
        "n_delinquencies": np.minimum(late, 40).astype(np.float64),
        "n_inquiries": np.minimum(asked, 40).astype(np.float64),
        "credit_history_months": np.floor(np.minimum(history, 900)),
    }


def _rates(
    frame: pd.DataFrame,
    applied_at: pd.Series,
    drift: Drifts,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """Return rates priced by a coarse scorecard, in percent a year."""
    rate = (
        9.0
        + 3.5 * frame["credit_utilisation"].to_numpy()
        + 1.1 * np.sqrt(frame["n_delinquencies"].to_numpy())
        + 0.03 * (frame["term_months"].to_numpy(np.float64) - 36)
        + 1.2 * rng.standard_normal(len(frame))
        + 4.0 * strength(drift, "price", applied_at)
    )
    return np.asarray(np.clip(rate, 2.5, 55.0).round(2), dtype=np.float64)


def _monthly_payment(frame: pd.DataFrame) -> pd.Series:
    monthly = frame["interest_rate"] / 1_200.0
    return frame["loan_amount"] * monthly / (1 - (1 + monthly) ** -frame["term_months"])


def _cut(
    latent: NDArray[np.float64], edges: list[float], values: list[str] | list[int]
) -> NDArray[np.generic]:
    is_text = isinstance(values[0], str)
    kinds = np.array(values, dtype=object if is_text else np.float64)
    return np.asarray(kinds[np.searchsorted(edges, latent)])


def _choice(
    shares: dict[str, float], n: int, rng: np.random.Generator
) -> NDArray[np.object_]:
    kinds = np.array(list(shares), dtype=object)
    edges = np.cumsum(list(shares.values()))[:-1]
    return np.asarray(kinds[np.searchsorted(edges, rng.random(n), side="right")])
