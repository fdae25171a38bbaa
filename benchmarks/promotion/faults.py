"""Faults that challengers of a lender are made with, on the rows they learn from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

import numpy as np
import pandas as pd

Rows: TypeAlias = pd.DataFrame
Spoil: TypeAlias = Callable[[Rows, np.random.Generator], Rows]
LABEL = "defaulted"


@dataclass(frozen=True, slots=True)
class Fault:
    """What is done to the rows that a challenger learns and is calibrated from.

    The rows that judge it are left as they are.

    Attributes
    ----------
    said : str
        What happened, as a person would say it.
    spoil : callable
        Gives the spoiled rows; they keep the order of their time.
    """

    said: str
    spoil: Spoil


def _honest(rows: Rows, _rng: np.random.Generator) -> Rows:
    return rows


def _doubled(rows: Rows, _rng: np.random.Generator) -> Rows:
    bad = rows[rows[LABEL] == 1]
    return pd.concat([rows, bad]).sort_values("applied_at", kind="stable")


def _flipped(rows: Rows, rng: np.random.Generator) -> Rows:
    wrong = rng.random(len(rows)) < 0.15
    return rows.assign(**{LABEL: rows[LABEL].mask(wrong, 1 - rows[LABEL])})


def _immature(rows: Rows, rng: np.random.Generator) -> Rows:
    newest = np.arange(len(rows)) >= 0.6 * len(rows)
    unknown = newest & (rng.random(len(rows)) < 0.6)
    return rows.assign(**{LABEL: rows[LABEL].mask(unknown, 0)})


def _in_months(rows: Rows, rng: np.random.Generator) -> Rows:
    wrong = rng.random(len(rows)) < 0.5
    return rows.assign(income=rows["income"].mask(wrong, rows["income"] / 12))


def _lost(rows: Rows, _rng: np.random.Generator) -> Rows:
    names = ("debt_to_income", "credit_utilisation", "n_delinquencies")
    return rows.assign(**{name: rows[name].median() for name in names}).astype(
        {name: rows[name].dtype for name in names}
    )


def _few(rows: Rows, rng: np.random.Generator) -> Rows:
    kept = np.sort(rng.choice(len(rows), 700, replace=False))
    return rows.iloc[kept]


def _approved(rows: Rows, _rng: np.random.Generator) -> Rows:
    return rows[rows["debt_to_income"] < rows["debt_to_income"].quantile(0.6)]


FAULTS: Mapping[str, Fault] = MappingProxyType(
    {
        "honest": Fault("none: trained as it should be", _honest),
        "doubled": Fault("every bad outcome twice, as rebalancing does", _doubled),
        "immature": Fault("six in ten of the newest outcomes read as good", _immature),
        "flipped": Fault("15 % of the outcomes flipped", _flipped),
        "months": Fault("income of every second row by the month", _in_months),
        "lost": Fault("three of the strongest fields filled with a constant", _lost),
        "approved": Fault("only applicants that an older policy approved", _approved),
        "few": Fault("700 rows", _few),
    }
)
