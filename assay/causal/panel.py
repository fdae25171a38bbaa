"""Rows in, a checked panel of unit by period out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from assay.errors import DataError

Floats: TypeAlias = NDArray[np.float64]
Codes: TypeAlias = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Panel:
    """A panel with units and periods sorted, whatever the order of the rows.

    Attributes
    ----------
    units : ndarray of shape (n_units,)
        Sorted names of the units.
    periods : ndarray of shape (n_periods,)
        Sorted periods, finite numbers.
    outcomes : ndarray of shape (n_units, n_periods)
        Outcome; NaN where the panel has no row (never, if balance was required).
    cohorts : ndarray of shape (n_units,)
        First treated period of each unit; infinity for never treated.
    covariates : ndarray of shape (n_units, n_periods, n_covariates)
        Covariates, NaN where the panel has no row.
    """

    units: NDArray[Any]
    periods: Floats
    outcomes: Floats
    cohorts: Floats
    covariates: Floats

    @property
    def is_balanced(self) -> bool:
        """True when every unit has a row in every period."""
        return not bool(np.isnan(self.outcomes).any())


def read_panel(
    frame: pd.DataFrame,
    *,
    unit: str,
    period: str,
    outcome: str,
    cohort: str | None = None,
    covariates: Sequence[str] = (),
    require_balance: bool = True,
) -> Panel:
    """Check a long frame of one row per unit and period, and lay it out as matrices.

    Parameters
    ----------
    frame : DataFrame
        One row a unit and period. Not changed.
    unit, period, outcome : str
        Columns. `period` is numeric.
    cohort : str, optional
        Column with the first treated period of the unit. Never treated is coded as
        missing, 0 or infinity. Without it, every unit counts as never treated.
    covariates : sequence of str
        Numeric columns to carry along.
    require_balance : bool, default=True
        Refuse units that miss a period; otherwise leave NaN where they do.

    Raises
    ------
    DataError
        If a column is missing, a value is not finite, a unit has two rows in a
        period or two cohorts, or balance is required and absent.
    """
    needed = [unit, period, outcome, *([cohort] if cohort else []), *covariates]
    present(frame, needed, varies=outcome)
    unit_codes, units = coded(frame, unit)
    times = numeric(frame, period)
    periods, period_codes = np.unique(times, return_inverse=True)
    shape = (units.size, periods.size)
    cells = unit_codes * periods.size + period_codes
    counts = np.bincount(cells, minlength=shape[0] * shape[1])
    _refuse_repeats(counts, units, periods, unit, period)
    if require_balance:
        _refuse_gaps(counts.reshape(shape), units, unit)
    outcomes = np.full(counts.size, np.nan)
    outcomes[cells] = numeric(frame, outcome)
    carried = np.full((counts.size, len(covariates)), np.nan)
    for position, name in enumerate(covariates):
        carried[cells, position] = numeric(frame, name)
    cohorts = (
        np.full(units.size, np.inf)
        if cohort is None
        else _cohorts(frame, cohort, unit_codes, units)
    )
    return Panel(
        units, periods, outcomes.reshape(shape), cohorts, carried.reshape(*shape, -1)
    )


def present(frame: pd.DataFrame, names: Sequence[str], *, varies: str = "") -> None:
    """Refuse a frame without rows or without one of the columns.

    Parameters
    ----------
    frame : DataFrame
    names : sequence of str
        Columns that must be there.
    varies : str
        An outcome, which must not be the same on all rows.

    Raises
    ------
    DataError
        Naming the columns that are not there and those that are.
    """
    missing = [name for name in names if name not in frame.columns]
    if missing:
        has = ", ".join(map(str, frame.columns))
        raise DataError(f"the data have no column {missing}; they have: {has}")
    if frame.empty:
        raise DataError("the data have no rows; check the filter that made them")
    if varies:
        refuse_constant(frame, varies)


def refuse_constant(frame: pd.DataFrame, outcome: str) -> None:
    """Refuse an outcome that is the same on all rows, which no design can learn from.

    Raises
    ------
    DataError
        Saying the value. A column that is absent or not numeric is left to others.
    """
    if len(frame) < 2 or outcome not in frame.columns:
        return
    if not pd.api.types.is_numeric_dtype(frame[outcome]):
        return
    values = frame[outcome].to_numpy()
    if (values == values[0]).all():
        raise DataError(
            f"outcome {outcome!r} is {values[0]} on all {values.size} rows: with no "
            "variation nothing can be learned; check how it is measured and joined"
        )


def numeric(frame: pd.DataFrame, name: str) -> Floats:
    """Return a column as float64, so that small integers cannot overflow.

    Raises
    ------
    DataError
        If the column is not numeric or has missing or infinite values.
    """
    column = frame[name]
    try:
        values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise DataError(
            f"column {name!r} holds {column.dtype}, not numbers; encode it first"
        ) from error
    n_bad = values.size - int(np.count_nonzero(np.isfinite(values)))
    if n_bad:
        raise DataError(
            f"column {name!r} has {n_bad} missing or infinite values among "
            f"{values.size} rows; drop or impute them and say so in the report"
        )
    return values


def binary(frame: pd.DataFrame, name: str) -> Floats:
    """Return a column of 0 and 1 (or booleans) that takes both values, as float64.

    Raises
    ------
    DataError
        If another value occurs, or only one of the two does.
    """
    values = numeric(frame, name)
    strange = values[(values != 0) & (values != 1)]
    if strange.size:
        raise DataError(
            f"column {name!r} must be 0 or 1 and has {strange.size} other values among "
            f"{values.size} rows, first {strange[0]:g}"
        )
    if np.all(values == values[0]):
        raise DataError(
            f"column {name!r} is {values[0]:g} on all {values.size} rows: with no "
            "variation there is nothing to compare; widen the data"
        )
    return values


def coded(frame: pd.DataFrame, name: str) -> tuple[Codes, NDArray[Any]]:
    """Return codes of shape (n_rows,) and the sorted values that they stand for.

    Raises
    ------
    DataError
        If a value is missing, or the values cannot be put in order.
    """
    try:
        codes, values = pd.factorize(frame[name], sort=True)
    except TypeError as error:
        raise DataError(
            f"column {name!r} holds values that cannot be put in order ({error}); make "
            "it all text"
        ) from error
    n_missing = int(np.count_nonzero(codes < 0))
    if n_missing:
        raise DataError(
            f"column {name!r} is missing on {n_missing} of {codes.size} rows; every "
            "row must name its unit"
        )
    return codes, np.asarray(values)


def _cohorts(
    frame: pd.DataFrame, cohort: str, unit_codes: Codes, units: NDArray[Any]
) -> Floats:
    raw = frame[cohort].to_numpy(dtype=np.float64, na_value=np.nan)
    starts = np.where(np.isnan(raw) | (raw == 0), np.inf, raw)
    if (starts == -np.inf).any():
        raise DataError(f"column {cohort!r} has a treatment start of minus infinity")
    cohorts = np.full(units.size, np.inf)
    cohorts[unit_codes] = starts
    changed = np.unique(unit_codes[cohorts[unit_codes] != starts])
    if changed.size:
        raise DataError(
            f"{changed.size} of {units.size} units change their {cohort!r}, first "
            f"{units[changed[0]]!r}; a unit has one treatment start"
        )
    return cohorts


def _refuse_repeats(
    counts: NDArray[np.intp], units: NDArray[Any], periods: Floats, unit: str, period: str
) -> None:
    repeated = np.flatnonzero(counts > 1)
    if repeated.size:
        row, column = divmod(int(repeated[0]), periods.size)
        raise DataError(
            f"{repeated.size} pairs of {unit!r} and {period!r} occur more than once, "
            f"first {units[row]!r} in {periods[column]:g}; aggregate to one row a pair"
        )


def _refuse_gaps(counts: NDArray[np.intp], units: NDArray[Any], unit: str) -> None:
    gaps = np.flatnonzero((counts == 0).any(axis=1))
    if gaps.size:
        n_missing = int(np.count_nonzero(counts == 0))
        raise DataError(
            f"{gaps.size} of {units.size} values of {unit!r} miss a period ({n_missing} "
            f"rows in all), first {units[gaps[0]]!r}; drop them or fill the periods"
        )
