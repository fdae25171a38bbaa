"""A small lender whose rows can be fair, or let a district stand for a group."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

NAME = "small_lender"
CONTRACT = f"""
name = "{NAME}"
revision = 1
purpose = "Whether a small loan is repaid."
owner = "tests"
[label]
field = "bad"
[decision]
name = "grant a loan"
positive_action = "decline"
negative_action = "approve"
[decision.costs]
unit = "USD"
false_positive = 300
false_negative = 900
[gates]
floors = {{ auc = 0.65 }}
margins = {{ auc = -0.01 }}
[gates.fairness]
profile = "four_fifths"
alternative_gain = 0.5
[gates.service]
latency_ms = 1000
score_psi = 5
[[field]]
name = "case"
dtype = "text"
role = "identifier"
[[field]]
name = "at"
dtype = "timestamp"
role = "event_time"
[[field]]
name = "income"
dtype = "number"
unit = "USD per year"
minimum = 0
maximum = 1000000
reason = "Income is low for what is owed"
[[field]]
name = "debt"
dtype = "number"
unit = "USD"
minimum = 0
maximum = 1000000
reason = "Debt is high for the income"
[[field]]
name = "district"
dtype = "category"
categories = ["north", "east", "south", "west"]
reason = "Loans in the district were repaid less often"
[[field]]
name = "group"
dtype = "category"
categories = ["a", "b"]
role = "protected"
[[field]]
name = "bad"
dtype = "integer"
role = "label"
"""
POLICY = """
revision = 1
default_tier = "medium"
request_days = 14
[tiers]
low = []
medium = ["developer", "validator"]
high = ["developer", "validator", "auditor"]
"""


def write_rows(file: Path, *, is_fair: bool, n_rows: int = 3000, seed: int = 0) -> Path:
    """Write applications of a year.

    Income and debt act together, which a straight line follows only in part. In unfair
    rows the districts tell the group, and loans of one group are repaid far less often.
    """
    rng = np.random.default_rng(seed)
    income, debt = rng.normal(size=(2, n_rows))
    group = rng.choice(["a", "b"], n_rows)
    districts = np.array(["north", "east", "south", "west"])
    where = rng.integers(0, 4, n_rows)
    log_odds = -1.2 + 0.6 * (debt - income) - 1.4 * np.sign(income) * np.sign(debt)
    if not is_fair:
        where = np.where(group == "b", 2 + where % 2, where % 2)
        log_odds += np.where(group == "b", 2.0, 0.0)
    bad = rng.random(n_rows) < 1 / (1 + np.exp(-log_odds))
    times = pd.date_range("2025-06-01", "2026-05-25", n_rows, tz="UTC")
    frame = pd.DataFrame(
        {
            "case": [f"c-{seed}-{n}" for n in range(n_rows)],
            "at": times.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "income": np.round(50_000 * np.exp(0.3 * income), 2),
            "debt": np.round(10_000 * np.exp(0.3 * debt), 2),
            "district": districts[where],
            "group": group,
            "bad": bad.astype(int),
        }
    )
    frame.to_csv(file, index=False)
    return file
