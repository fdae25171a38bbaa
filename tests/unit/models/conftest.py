"""A contract with every kind of field, and rows with a known relation to the label."""

import numpy as np
import pandas as pd
import pytest

from assay.contract import read_contract

CONTRACT = """
name = "sample"
revision = 1
purpose = "Probability of a bad outcome."
owner = "tests"
label = {{ field = "bad"{maturity} }}
[decision]
name = "accept"
positive_action = "refuse"
negative_action = "accept"
costs = {{ unit = "USD", false_positive = 1, false_negative = 4 }}
[gates]
min_rows = 100
min_positives = 20
floors = {{ auc = 0.6 }}
margins = {{ auc = 0.0 }}
[[field]]
name = "amount"
dtype = "number"
minimum = -100
maximum = 100
nulls = "allow"
[[field]]
name = "rare amount"
dtype = "number"
nulls = "allow"
[[field]]
name = "n_events"
dtype = "integer"
minimum = 0
maximum = 20
[[field]]
name = "is_known"
dtype = "boolean"
nulls = "allow"
[[field]]
name = "term.months"
dtype = "category"
categories = [12, 24, 60]
[[field]]
name = "region"
dtype = "category"
categories = ["south", "north", "east"]
nulls = "allow"
unseen = "allow"
[[field]]
name = "group"
dtype = "category"
role = "protected"
categories = ["a", "b"]
[[field]]
name = "age"
dtype = "integer"
role = "protected"
[[field]]
name = "bad"
dtype = "integer"
role = "label"
nulls = "allow"
{time}
"""
TIME = """
[[field]]
name = "at"
dtype = "timestamp"
role = "event_time"
"""


@pytest.fixture(scope="session")
def contract():
    return read_contract(CONTRACT.format(maturity="", time=""))


@pytest.fixture(scope="session")
def timed_contract():
    return read_contract(CONTRACT.format(maturity=", maturity_days = 30", time=TIME))


def draw(n_rows, seed):
    rng = np.random.default_rng(seed)
    amount = rng.normal(0, 30, n_rows).clip(-100, 100).round(1)
    region = rng.choice(
        ["south", "north", "east", "west"], n_rows, p=[0.4, 0.3, 0.2, 0.1]
    )
    n_events = rng.poisson(2, n_rows).astype(float)
    is_missing = rng.random(n_rows) < 0.15
    log_odds = amount / 25 + 0.4 * (n_events - 2) - 1 + (region == "north") + is_missing
    words = region.astype(object)
    words[rng.random(n_rows) < 0.05] = None
    days = np.sort(rng.integers(0, 365, n_rows))
    return pd.DataFrame(
        {
            "amount": np.where(is_missing, np.nan, amount),
            "rare amount": np.where(rng.random(n_rows) < 0.9, np.nan, amount + 1.0),
            "n_events": n_events,
            "is_known": np.where(
                rng.random(n_rows) < 0.1, np.nan, rng.random(n_rows) < 0.5
            ),
            "term.months": rng.choice([12.0, 24.0, 60.0], n_rows),
            "region": words,
            "group": rng.choice(["a", "b"], n_rows).astype(object),
            "age": rng.integers(18, 80, n_rows).astype(float),
            "bad": (rng.random(n_rows) < 1 / (1 + np.exp(-log_odds))).astype(float),
            "at": pd.Timestamp("2025-01-01", tz="UTC") + pd.to_timedelta(days, unit="D"),
        }
    )


@pytest.fixture(scope="session")
def frame():
    return draw(3_000, 0)


@pytest.fixture(scope="session")
def rows_of():
    return draw


@pytest.fixture(scope="session")
def fitted(frame, contract):
    from assay.models import fit_challenger

    return fit_challenger(frame, contract, n_resamples=100, folds=3)


@pytest.fixture(scope="session")
def linear(frame, contract):
    from assay.models import fit_challenger

    return fit_challenger(frame, contract, algorithm="logistic", n_resamples=100, folds=0)
