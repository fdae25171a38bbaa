"""Synthetic difference-in-differences from a table of rows, as a plan names it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import pandas as pd

from assay.causal.panel import refuse_constant
from assay.causal.synthetic.series import read_cells, read_series
from assay.causal.synthetic.weighted_differences import (
    WeightedDifferences,
    synthetic_differences,
)


def synthetic_difference_in_differences(
    frame: pd.DataFrame,
    *,
    unit: str,
    period: str,
    outcome: str,
    treated_units: Sequence[Any],
    treatment_start: float,
    donors: Sequence[Any] | None = None,
    end: float | None = None,
    errors: Literal["placebo", "jackknife"] | None = None,
    n_placebos: int = 200,
    seed: int = 0,
    level: float = 0.95,
    outcome_unit: str = "",
) -> WeightedDifferences:
    """Estimate what a rollout did to the treated units, weighing donors and periods.

    Parameters
    ----------
    frame : DataFrame
        One row a unit and period, or many (then cells are means). Not changed.
    unit, period, outcome : str
        Columns.
    treated_units : sequence
        Units treated from `treatment_start` on; several are averaged, unweighted.
    treatment_start : float
        First treated period.
    donors : sequence, optional
        Untreated units to draw on; all others by default.
    end : float, optional
        First period to leave out.
    errors, n_placebos, seed, level, outcome_unit
        As in :func:`synthetic_differences`.

    Raises
    ------
    DataError
        If units or periods are missing or overlap, or are too few for the error.
    """
    refuse_constant(frame, outcome)
    cells = read_cells(
        frame, unit=unit, period=period, outcome=outcome, treated_units=treated_units,
        treatment_start=treatment_start, donors=donors, end=end,
    )  # fmt: skip
    return synthetic_differences(
        read_series(cells), errors=errors, n_placebos=n_placebos, seed=seed,
        level=level, outcome_unit=outcome_unit,
    )  # fmt: skip
