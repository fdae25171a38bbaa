"""Drift of the simulated lender's world, with a known start and size."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal, TypeAlias, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from assay.errors import ConfigError

DriftKind: TypeAlias = Literal["population", "price", "policy", "recession"]


@dataclass(frozen=True, slots=True)
class Drift:
    """A change of the world from `start` on.

    Attributes
    ----------
    kind : {"population", "price", "policy", "recession"}
        ``population``: younger, poorer applicants come, through the mobile channel.
        ``price``: rates rise by `size` x 4 percentage points, amounts by 15 %.
        ``policy``: the lender opens itself to brokers and long terms. These three move
        the inputs and leave the law of default as it was (data drift). ``recession``
        leaves the inputs and raises the log-odds of default by `size` x 0.7, most for
        those with strained budgets (concept drift).
    start : date
        First day of the new world, UTC.
    size : float, default=1.0
        Strength, >= 0; 0 changes nothing.
    """

    kind: DriftKind
    start: date
    size: float = 1.0

    def __post_init__(self) -> None:
        if self.kind not in get_args(DriftKind):
            raise ConfigError(
                f"unknown drift {self.kind!r}; allowed: {', '.join(get_args(DriftKind))}"
            )
        if not 0 <= self.size < np.inf:
            raise ConfigError(f"drift size {self.size} must be finite and at least 0")


Drifts: TypeAlias = Drift | tuple[Drift, ...] | None
"""One change, several that add up, or none."""


def strength(
    drift: Drifts, kind: DriftKind, applied_at: pd.Series
) -> NDArray[np.float64]:
    """Return the size of one kind of drift on each row, of shape (n_rows,)."""
    total = np.zeros(len(applied_at))
    for each in drift if isinstance(drift, tuple) else (drift,):
        if each is not None and each.kind == kind:
            begun = applied_at >= pd.Timestamp(each.start, tz="UTC")
            total += np.where(begun, each.size, 0.0)
    return total


def recession_log_odds(applicants: pd.DataFrame, drift: Drifts) -> NDArray[np.float64]:
    """Return what a recession adds to each row's log-odds, of shape (n_rows,)."""
    size = strength(drift, "recession", applicants["applied_at"])
    strain = np.maximum(applicants["debt_to_income"].to_numpy() - 0.25, 0.0)
    return size * (0.7 + 1.5 * np.minimum(strain, 1.0))
